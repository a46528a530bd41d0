"""What there is in this Discord: users, guilds, channels, roles, members, voice states, messages. Data only.

gateway.py and rest.py show it to the bot in the forms of payloads.py; control.py changes it as people would.
"""

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DISCORD_EPOCH_MS = 1_420_070_400_000

# Bits by the names discord.py gives them; those a read-aloud bot looks at, and everyone's by default.
PERMISSIONS: Mapping[str, int] = {
    "kick_members": 1 << 1,
    "administrator": 1 << 3,
    "manage_channels": 1 << 4,
    "manage_guild": 1 << 5,
    "add_reactions": 1 << 6,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_external_emojis": 1 << 18,
    "connect": 1 << 20,
    "speak": 1 << 21,
    "mute_members": 1 << 22,
    "move_members": 1 << 24,
    "use_voice_activation": 1 << 25,
    "manage_roles": 1 << 28,
    "use_application_commands": 1 << 31,
    "request_to_speak": 1 << 32,
}
ALL_PERMISSIONS = (1 << 53) - 1
EVERYONE = sum(
    PERMISSIONS[name]
    for name in (
        "add_reactions", "view_channel", "send_messages", "embed_links", "attach_files", "read_message_history",
        "connect", "speak", "use_voice_activation", "use_application_commands", "request_to_speak",
    )
)  # fmt: skip

TEXT, VOICE, CATEGORY, STAGE = 0, 2, 4, 13
CHANNEL_TYPES: Mapping[str, int] = {"text": TEXT, "voice": VOICE, "category": CATEGORY, "stage": STAGE}


def bits(*names: str) -> int:
    """Return the permission bits of `names`. Raises KeyError for a name not in PERMISSIONS."""
    value = 0
    for name in names:
        value |= PERMISSIONS[name]
    return value


@dataclass
class User:
    id: int
    username: str
    display_name: str | None = None
    bot: bool = False


@dataclass
class Role:
    id: int
    name: str
    permissions: int
    position: int = 1


@dataclass
class Member:
    user: User
    nick: str | None = None
    role_ids: list[int] = field(default_factory=list)


@dataclass
class Overwrite:
    """What a channel allows or denies one role or member. is_member: of a member, else of a role."""

    is_member: bool
    allow: int = 0
    deny: int = 0


@dataclass
class Channel:
    id: int
    guild_id: int
    type: int
    name: str
    position: int = 0
    parent_id: int | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)


@dataclass
class VoiceState:
    user_id: int
    channel_id: int
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False
    suppress: bool = False


@dataclass
class Attachment:
    id: int
    filename: str
    content_type: str
    data: bytes


@dataclass
class Message:
    """One message. extra: fields of the gateway's JSON as they are (stickers, poll, message_snapshots)."""

    id: int
    channel_id: int
    guild_id: int
    author: User
    content: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[dict[str, Any]] = field(default_factory=list)
    type: int = 0
    flags: int = 0
    components: list[dict[str, Any]] = field(default_factory=list)
    allowed_mentions: dict[str, Any] | None = None  # as the bot sent it: None means everything pings
    webhook_id: int | None = None
    replies_to: int | None = None
    edited_at: str | None = None
    reactions: list[tuple[str, int]] = field(default_factory=list)  # emoji, user id
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Guild:
    id: int
    name: str
    owner_id: int
    locale: str
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    voice_states: dict[int, VoiceState] = field(default_factory=dict)

    def permissions(self, user_id: int, channel: Channel | None = None) -> int:
        """Return what a member may do, in a channel when one is given, by Discord's order of roles and overwrites."""
        member = self.members.get(user_id)
        if member is None:
            return 0
        if user_id == self.owner_id:
            return ALL_PERMISSIONS
        allowed = self.roles[self.id].permissions
        for role_id in member.role_ids:
            allowed |= self.roles[role_id].permissions
        if allowed & PERMISSIONS["administrator"]:
            return ALL_PERMISSIONS
        if channel is not None:
            for chosen in ({self.id}, set(member.role_ids), {user_id}):
                overwrites = [channel.overwrites[key] for key in chosen if key in channel.overwrites]
                for overwrite in overwrites:
                    allowed &= ~overwrite.deny
                for overwrite in overwrites:
                    allowed |= overwrite.allow
        return allowed


class World:
    """All of it. The bot's user is also its application: one id for both."""

    def __init__(self) -> None:
        self._counter = itertools.count()
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.messages: dict[int, Message] = {}
        self.files: dict[int, Attachment] = {}
        self.bot = self.add_user("koebako", bot=True)

    def snowflake(self) -> int:
        """Return an id: never the same, rising with time, its moment inside as Discord has it."""
        now_ms = time.time_ns() // 1_000_000 - DISCORD_EPOCH_MS
        return now_ms << 22 | next(self._counter) & 0x3FFFFF

    def add_user(self, username: str, *, display_name: str | None = None, bot: bool = False) -> User:
        user = User(self.snowflake(), username, display_name, bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, *, locale: str) -> Guild:
        """Return a guild with the bot as a member without a role, owned by a person nobody knows."""
        owner = self.add_user(f"owner of {name}")
        guild = Guild(self.snowflake(), name, owner.id, locale)
        guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE, position=0)
        for user in (owner, self.bot):
            guild.members[user.id] = Member(user)
        self.guilds[guild.id] = guild
        return guild

    def add_channel(self, guild: Guild, name: str, *, type: int, parent_id: int | None = None) -> Channel:  # noqa: A002
        channel = Channel(self.snowflake(), guild.id, type, name, len(guild.channels), parent_id)
        guild.channels[channel.id] = channel
        return channel

    def add_role(self, guild: Guild, name: str, *, permissions: int) -> Role:
        role = Role(self.snowflake(), name, permissions, len(guild.roles))
        guild.roles[role.id] = role
        return role

    def add_file(self, filename: str, content_type: str, data: bytes) -> Attachment:
        attachment = Attachment(self.snowflake(), filename, content_type, data)
        self.files[attachment.id] = attachment
        return attachment

    def channel(self, channel_id: int) -> Channel | None:
        return next(
            (guild.channels[channel_id] for guild in self.guilds.values() if channel_id in guild.channels), None
        )

    def messages_in(self, channel_id: int) -> Iterator[Message]:
        """Yield a channel's messages, oldest first."""
        return (message for message in list(self.messages.values()) if message.channel_id == channel_id)


def moment() -> str:
    """Return now as Discord writes it."""
    return datetime.now(UTC).isoformat()
