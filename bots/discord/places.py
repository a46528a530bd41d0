"""Voice channels and who may do what there: asked by the slash commands, the events and the voice connection alike."""

import discord

from bots.discord.room import CannotSpeak
from bots.guilds.facts import GuildFacts

VoicePlace = discord.VoiceChannel | discord.StageChannel


def listeners(place: VoicePlace) -> int:
    """How many people, bots left out, are in a voice channel; one that is not known yet counts as a person."""
    here = (place.guild.get_member(user_id) for user_id in place.voice_states)
    return sum(member is None or not member.bot for member in here)


def may_speak_in(place: VoicePlace) -> None:
    """Raise CannotSpeak for the first permission that the bot lacks there."""
    has = place.permissions_for(place.guild.me)
    needed = ["view_channel", "connect"]
    needed.append("request_to_speak" if isinstance(place, discord.StageChannel) else "speak")
    for name in needed:
        if not getattr(has, name) and not (name == "request_to_speak" and has.mute_members):
            raise CannotSpeak(name)


def is_staff(member: discord.Member, facts: GuildFacts) -> bool:
    """Whether a member manages the guild, or has the role that it chose for its settings."""
    has = member.guild_permissions
    chosen = facts.settings_role_id is not None and member.get_role(facts.settings_role_id) is not None
    return has.administrator or has.manage_guild or chosen
