"""Bring the bot, send it away, and steer what it says: /join /leave /skip /clear /queue /status.

Called by the registry (__init__.py).
"""

import itertools
from collections.abc import Sequence

import discord
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.discord import places, words
from bots.discord.commands import rights
from bots.discord.commands.exchange import Declined, Exchange, answering
from bots.discord.commands.slash import AnyCommand, slash
from bots.discord.room import Rooms, Waiting
from jobs.functions.speech import ENGINE

# More lines than this nobody reads on a phone, and 2,000 characters is all a message holds.
MAX_LINES = 15
# Whoever faces a flood needs these more often than anything else.
SKIPS = 30


def commands(rooms: Rooms) -> list[AnyCommand]:
    its = Presence(rooms)
    return [
        slash(
            its.join,
            ("join", "参加"),
            (
                "Read this channel aloud in the voice channel you are in",
                "今いるボイスチャンネルで、このチャンネルを読み上げます",
            ),
        ),
        slash(its.leave, ("leave", "退出"), ("Stop reading and leave the voice channel", "読み上げをやめて退出します")),
        slash(
            its.skip,
            ("skip", "スキップ"),
            ("Be silent about the message that is being read", "今読んでいるメッセージを飛ばします"),
            uses=SKIPS,
        ),
        slash(
            its.clear,
            ("clear", "全消去"),
            ("Forget everything that waits to be read", "読み上げ待ちをすべて取り消します"),
            uses=SKIPS,
        ),
        slash(
            its.queue,
            ("queue", "待ち一覧"),
            ("Show what is being read and what waits", "読み上げ中と待ちの一覧を見ます"),
        ),
        slash(
            its.status,
            ("status", "状態"),
            ("Show where I am and how quick I am", "どこで読んでいるか、どのくらいの速さかを見ます"),
        ),
    ]


class Presence:
    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    async def join(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            place = _voice_channel_of(exchange.member)
            places.may_speak_in(place)
            rights.has_room(place)
            rights.may_read(exchange)
            await self._take_from_nobody(exchange, place)
            text_channel_id = interaction.channel_id or place.id
            await self.rooms.join(
                exchange.guild.id,
                voice_channel_id=place.id,
                text_channel_id=text_channel_id,
                invited_by=exchange.member.id,
            )
            await exchange.say(_joined(place.id, text_channel_id))

    async def leave(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            await rights.listeners_only(self.rooms, exchange)
            was_there = await self.rooms.leave(exchange.guild.id)
            await exchange.say(_("I have left.") if was_there else _nowhere())

    async def skip(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            await rights.listeners_only(self.rooms, exchange)
            skipped = await self.rooms.skip(exchange.guild.id)
            await exchange.say(_("Skipped.") if skipped else _("Nothing is being read just now."))

    async def clear(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            await rights.listeners_only(self.rooms, exchange)
            count = await self.rooms.clear(exchange.guild.id)
            if count == 0:
                await exchange.say(_("Nothing was waiting."))
                return
            done = ngettext("%(count)d message will not be read.", "%(count)d messages will not be read.", count)
            await exchange.say(done % {"count": count})

    async def queue(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            waiting = self.rooms.queue(exchange.guild.id)
            await exchange.say(_listed(waiting) if waiting else _("Nothing is being read and nothing waits."))

    async def status(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            await exchange.say("\n".join(self._standing(exchange.guild.id)))

    def _standing(self, guild_id: int) -> list[str]:
        now = self.rooms.standing(guild_id)
        if now.voice_channel_id is None:
            lines = [_nowhere()]
        else:
            is_connected = _("connected") if now.is_connected else _("not connected just now; I go on trying")
            lines = [
                _("Voice channel: %(channel)s (%(state)s)")
                % {"channel": words.channel(now.voice_channel_id), "state": is_connected},
                _("I read: %(channels)s") % {"channels": " ".join(map(words.channel, now.text_channel_ids))},
                _("Waiting: %(count)d") % {"count": now.waiting},
            ]
        if now.latency_ms is not None:
            latency = _("From message to first sound: %(seconds)s s (median of the last messages)")
            lines.append(latency % {"seconds": f"{now.latency_ms / 1000:.2f}"})
        lines.append(_("Speech engine: %(version)s") % {"version": words.shown(ENGINE.version, 200)})
        return lines

    async def _take_from_nobody(self, exchange: Exchange, place: places.VoicePlace) -> None:
        """Raise Declined when people elsewhere listen: the bot is theirs until they or staff let it go."""
        elsewhere = rights.where_it_is(self.rooms, exchange)
        if elsewhere is None or elsewhere.id == place.id or not places.listeners(elsewhere):
            return
        if not rights.is_staff(exchange, await self.rooms.facts(exchange.guild.id)):
            taken = _(
                "I am reading for others in %(channel)s. I can come once they, or those who manage this server, "
                "have sent me away with /leave."
            )
            raise Declined(taken % {"channel": elsewhere.mention})


def _voice_channel_of(member: discord.Member) -> places.VoicePlace:
    place = member.voice.channel if member.voice else None
    if place is None:
        raise Declined(_("You are in no voice channel. Enter one first, then ask me again."))
    return place


def _joined(voice_channel_id: int, text_channel_id: int) -> str:
    places = {"voice": words.channel(voice_channel_id), "text": words.channel(text_channel_id)}
    if voice_channel_id == text_channel_id:
        return _("I now read the chat of %(voice)s aloud there.") % places
    return _("I now read %(text)s, and the chat of %(voice)s, aloud in %(voice)s.") % places


def _nowhere() -> str:
    return _("I am in no voice channel.")


def _listed(waiting: Sequence[Waiting]) -> str:
    # A number with a full stop would begin a list of Discord's own.
    numbers = itertools.count(1)
    shown = waiting[:MAX_LINES]
    lines = [_line("▶" if one.is_playing else f"{next(numbers)})", one) for one in shown]
    more = len(waiting) - len(lines)
    if more > 0:
        lines.append(ngettext("… and %(count)d more", "… and %(count)d more", more) % {"count": more})
    return "\n".join(lines)


def _line(sign: str, one: Waiting) -> str:
    who = words.member(one.author_id) if one.author_id is not None else _("(announcement)")
    return f"{sign} {who} {words.shown(one.text)}"
