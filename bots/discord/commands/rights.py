"""Who may ask for what, decided here at run time: what Discord is told of it beforehand is only a hint to its clients.

Guild staff: who manages the server, or has the role that the guild chose for its settings. Who
listens may decide what is heard; staff may too.

Called by the commands of this folder.
"""

import discord
from django.utils.translation import gettext as _

from bots.discord import places
from bots.discord.commands.exchange import Declined, Exchange
from bots.discord.places import VoicePlace
from bots.discord.room import Rooms
from bots.guilds.facts import GuildFacts


def is_staff(exchange: Exchange, facts: GuildFacts) -> bool:
    """Whether the member who asked is guild staff."""
    asked = exchange.interaction.permissions
    return asked.administrator or asked.manage_guild or places.is_staff(exchange.member, facts)


async def staff_only(rooms: Rooms, exchange: Exchange) -> None:
    """Raise Declined for everybody but guild staff."""
    if not is_staff(exchange, await rooms.facts(exchange.guild.id)):
        raise Declined(_("Only who manages this server, or has the role chosen with /settings access, may do this."))


async def listeners_only(rooms: Rooms, exchange: Exchange) -> None:
    """Raise Declined unless the member is where the bot speaks, is staff, or nobody is there who could be disturbed."""
    place = where_it_is(rooms, exchange)
    if place is None or exchange.member.id in place.voice_states or not places.listeners(place):
        return
    if not is_staff(exchange, await rooms.facts(exchange.guild.id)):
        raise Declined(_("Only who is in %(channel)s, where I speak, may do this.") % {"channel": place.mention})


def where_it_is(rooms: Rooms, exchange: Exchange) -> VoicePlace | None:
    """Return the voice channel that the bot speaks in; None when in none, or in one that is not known any more."""
    place = exchange.guild.get_channel(rooms.standing(exchange.guild.id).voice_channel_id or 0)
    return place if isinstance(place, discord.VoiceChannel | discord.StageChannel) else None


def has_room(place: VoicePlace) -> None:
    """Raise Declined when the channel holds as many as it may."""
    bot = place.guild.me
    others = [user_id for user_id in place.voice_states if user_id != bot.id]
    if place.user_limit and len(others) >= place.user_limit and not place.permissions_for(bot).move_members:
        raise Declined(_("%(channel)s is full.") % {"channel": place.mention})


def may_read(exchange: Exchange) -> None:
    """Raise Declined when the bot would not get the messages of the channel that it was asked in."""
    channel = exchange.interaction.channel
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return
    if not channel.permissions_for(exchange.guild.me).view_channel:
        raise Declined(_("I may not read here: I lack the permission “View Channel” in this channel."))
