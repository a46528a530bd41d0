"""Discord's JSON forms of what world.py holds, as API v10 has them. Used by rest.py, gateway.py and control.py."""

import re
from datetime import UTC, datetime
from typing import Any

from tests.discord_service.world import (
    DISCORD_EPOCH_MS,
    STAGE,
    VOICE,
    Attachment,
    Channel,
    Guild,
    Member,
    Message,
    Role,
    User,
    VoiceState,
    World,
)

Json = dict[str, Any]

JOINED_AT = "2026-01-01T00:00:00+00:00"


def user(of: User) -> Json:
    return {
        "id": str(of.id),
        "username": of.username,
        "global_name": of.display_name,
        "discriminator": "0",
        "avatar": None,
        "bot": of.bot,
        "public_flags": 0,
    }


def member(of: Member, *, with_user: bool = True) -> Json:
    form = {
        "nick": of.nick,
        "avatar": None,
        "roles": [str(role_id) for role_id in of.role_ids],
        "joined_at": JOINED_AT,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": None,
    }
    return form | {"user": user(of.user)} if with_user else form


def role(of: Role) -> Json:
    return {
        "id": str(of.id),
        "name": of.name,
        "permissions": str(of.permissions),
        "position": of.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": True,
        "flags": 0,
    }


def channel(of: Channel) -> Json:
    form: Json = {
        "id": str(of.id),
        "guild_id": str(of.guild_id),
        "type": of.type,
        "name": of.name,
        "position": of.position,
        "parent_id": str(of.parent_id) if of.parent_id else None,
        "nsfw": False,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "permission_overwrites": [
            {"id": str(key), "type": int(one.is_member), "allow": str(one.allow), "deny": str(one.deny)}
            for key, one in of.overwrites.items()
        ],
    }
    if of.type in (VOICE, STAGE):
        form |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None, "video_quality_mode": 1}
    else:
        form |= {"topic": None}
    return form


def voice_state(of: VoiceState, guild: Guild) -> Json:
    return {
        "guild_id": str(guild.id),
        "channel_id": str(of.channel_id) if of.channel_id else None,
        "user_id": str(of.user_id),
        "member": member(guild.members[of.user_id]),
        "session_id": of.session_id,
        "deaf": False,
        "mute": False,
        "self_deaf": of.self_deaf,
        "self_mute": of.self_mute,
        "self_video": False,
        "suppress": of.suppress,
        "request_to_speak_timestamp": None,
    }


def guild(of: Guild, *, bot_id: int, all_members: bool) -> Json:
    """Return GUILD_CREATE's form. Without the members intent only the bot and who is in voice are told, as there."""
    shown = of.members if all_members else {bot_id, *of.voice_states} & of.members.keys()
    return {
        "id": str(of.id),
        "name": of.name,
        "owner_id": str(of.owner_id),
        "preferred_locale": of.locale,
        "member_count": len(of.members),
        "joined_at": JOINED_AT,
        "large": False,
        "unavailable": False,
        "roles": [role(one) for one in of.roles.values()],
        "channels": [channel(one) for one in of.channels.values()],
        "members": [member(of.members[key]) for key in shown],
        "voice_states": [voice_state(one, of) for one in of.voice_states.values()],
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "emojis": [],
        "stickers": [],
        "features": [],
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "system_channel_flags": 0,
        "afk_timeout": 300,
        "afk_channel_id": None,
    }


def attachment(of: Attachment, cdn: str) -> Json:
    url = f"{cdn}/attachments/{of.id}/{of.filename}"
    return {
        "id": str(of.id),
        "filename": of.filename,
        "content_type": of.content_type,
        "size": len(of.data),
        "url": url,
        "proxy_url": url,
    }


def message(of: Message, world: World, cdn: str) -> Json:
    """Return a message as MESSAGE_CREATE has it; mentions are read out of its text, as Discord does."""
    home = world.guilds.get(of.guild_id)
    form: Json = {
        "id": str(of.id),
        "channel_id": str(of.channel_id),
        "guild_id": str(of.guild_id),
        "author": user(of.author),
        "content": of.content,
        "timestamp": _sent_at(of.id),
        "edited_timestamp": of.edited_at,
        "tts": False,
        "mention_everyone": "@everyone" in of.content or "@here" in of.content,
        "mentions": _mentions(of, world),
        "mention_roles": re.findall(r"<@&(\d+)>", of.content),
        "attachments": [attachment(one, cdn) for one in of.attachments],
        "embeds": of.embeds,
        "components": of.components,
        "reactions": [],
        "pinned": False,
        "type": of.type,
        "flags": of.flags,
    }
    if of.webhook_id is not None:
        form["webhook_id"] = str(of.webhook_id)
    elif home is not None and of.author.id in home.members:
        form["member"] = member(home.members[of.author.id], with_user=False)
    if of.replies_to is not None:
        form["message_reference"] = {
            "type": 0, "message_id": str(of.replies_to),
            "channel_id": str(of.channel_id), "guild_id": str(of.guild_id),
        }  # fmt: skip
        original = world.messages.get(of.replies_to)
        form["referenced_message"] = message(original, world, cdn) if original else None
    return form | of.extra


def without_content(form: Json) -> Json:
    """Return what a bot without the message-content intent is shown of somebody's message."""
    return form | {"content": "", "embeds": [], "attachments": [], "components": []}


def _mentions(of: Message, world: World) -> list[Json]:
    home = world.guilds.get(of.guild_id)
    found = []
    for key in dict.fromkeys(int(text) for text in re.findall(r"<@!?(\d+)>", of.content)):
        if key in world.users:
            form = user(world.users[key])
            if home is not None and key in home.members:
                form["member"] = member(home.members[key], with_user=False)
            found.append(form)
    return found


def _sent_at(snowflake: int) -> str:
    return datetime.fromtimestamp(((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000, UTC).isoformat()
