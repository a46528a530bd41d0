"""What members decide for themselves: /voice /nickname /optout. Staff of the guild may name others.

Called by the registry (__init__.py).
"""

import discord
from discord import app_commands
from django.utils.translation import gettext as _

from bots.database import in_thread
from bots.discord import words
from bots.discord.commands import rights, voices
from bots.discord.commands.exchange import Declined, Exchange, answering
from bots.discord.commands.slash import AnyCommand, option, slash
from bots.discord.room import Rooms
from bots.guilds import edit, facts
from bots.guilds.models.member import MAX_NICKNAME_CHARACTERS
from jobs.access.models import Platform


def commands(rooms: Rooms) -> list[AnyCommand]:
    its = Members(rooms)
    return [
        slash(
            its.voice,
            ("voice", "声"),
            ("Show or choose the voice that reads your messages", "自分のメッセージを読む声を見る・選ぶ"),
        ),
        slash(
            its.nickname,
            ("nickname", "呼び名"),
            ("Show or choose how your name is read", "自分の名前の読み方を見る・決める"),
        ),
        slash(
            its.optout,
            ("optout", "読み上げ拒否"),
            ("Do not read my messages; again: read them again", "自分のメッセージを読まない・もう一度で元に戻す"),
        ),
    ]


class Members:
    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    @option("voice", "声", ("Who reads; mei_normal speaks Japanese best", "だれが読むか"))
    @option("speed", "速さ", ("Times the normal speed, 0.5 to 2", "普通の何倍か（0.5〜2）"))
    @option("pitch", "高さ", ("Semitones up or down, -12 to 12", "半音でいくつ上げ下げするか（-12〜12）"))
    @option("reset", "元に戻す", ("Take the server's voice again", "サーバーの声に戻す"))
    @app_commands.autocomplete(voice=voices.suggest)
    async def voice(
        self,
        interaction: discord.Interaction,
        voice: str | None = None,
        speed: voices.Speed | None = None,
        pitch: voices.Pitch | None = None,
        reset: bool = False,
    ) -> None:
        async with answering(interaction) as exchange:
            who = str(exchange.member.id)
            if reset:
                await in_thread(edit.forget_voice, Platform.DISCORD, who)
            if (voice, speed, pitch) != (None, None, None):
                await in_thread(edit.set_voice, Platform.DISCORD, who, voice=voice, speed=speed, pitch=pitch)
            await exchange.say(await self._voice_of(exchange, who))

    @option("reading", "読み", ("How to read it", "どう読むか"))
    @option(
        "everywhere", "どこでも", ("On all servers instead of this one", "このサーバーだけでなく、すべてのサーバーで")
    )
    @option(
        "member", "メンバー", ("Somebody else; for those who manage the server", "ほかの人（サーバーの管理者だけ）")
    )
    @option("reset", "元に戻す", ("Read the name as it is written again", "書いてあるとおりに戻す"))
    async def nickname(
        self,
        interaction: discord.Interaction,
        reading: app_commands.Range[str, 1, MAX_NICKNAME_CHARACTERS] | None = None,
        everywhere: bool = False,
        member: discord.Member | None = None,
        reset: bool = False,
    ) -> None:
        async with answering(interaction) as exchange:
            who = await self._named(exchange, member, everywhere=everywhere)
            if reading is not None or reset:
                where = None if everywhere else exchange.guild.id
                await in_thread(edit.set_nickname, Platform.DISCORD, str(who), reading or "", guild_id=where)
            await exchange.say(await _name_of(exchange.guild.id, who))

    async def optout(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            who = str(exchange.member.id)
            known = await in_thread(facts.of_member, Platform.DISCORD, who)
            await in_thread(edit.set_silence, Platform.DISCORD, who, not known.is_silent, guild_id=None)
            if known.is_silent:
                await exchange.say(_("Your messages are read again."))
            else:
                await exchange.say(
                    _("Your messages are not read any more, on any server. Ask again to change it back.")
                )

    async def _voice_of(self, exchange: Exchange, who: str) -> str:
        own = (await in_thread(facts.of_member, Platform.DISCORD, who)).voice
        if own is not None:
            return _("You are read with: %(voice)s") % {"voice": voices.described(own.name, own.speed, own.pitch)}
        common = (await self.rooms.facts(exchange.guild.id)).voice
        return _("You have chosen no voice; you are read with this server's: %(voice)s") % {
            "voice": voices.described(common.name, common.speed, common.pitch)
        }

    async def _named(self, exchange: Exchange, member: discord.Member | None, *, everywhere: bool) -> int:
        """Return whose name it is about. Raises Declined where the one who asks may not say."""
        if member is None or member.id == exchange.member.id:
            return exchange.member.id
        await rights.staff_only(self.rooms, exchange)
        if everywhere:
            raise Declined(_("How somebody is called on other servers is theirs to say."))
        return member.id


async def _name_of(guild_id: int, who: int) -> str:
    here = (await in_thread(facts.of_guild, guild_id)).nicknames.get(str(who), "")
    elsewhere = (await in_thread(facts.of_member, Platform.DISCORD, str(who))).nickname
    lines = [
        _("%(member)s on this server: %(reading)s") % {"member": words.member(who), "reading": _reading(here)},
        _("Where there is none for the server: %(reading)s") % {"reading": _reading(elsewhere)},
    ]
    return "\n".join(lines)


def _reading(reading: str) -> str:
    return words.shown(reading) if reading else _("(as written)")
