"""How this server wants to be read to, changed by its staff: /settings.

Called by the registry (__init__.py). What is shown comes from the rows, not from the bot's memory,
so that what was changed a moment ago is seen.
"""

from typing import Any

import discord
from discord import app_commands
from django.utils.translation import gettext as _

from bots.database import in_thread
from bots.discord import places, words
from bots.discord.commands import rights, settings_shown, voices
from bots.discord.commands.exchange import Declined, Exchange, answering
from bots.discord.commands.slash import MAX_CHOICES, AnyGroup, group, option, slash
from bots.discord.commands.suggestions import quickly
from bots.discord.room import Rooms
from bots.guilds import edit, facts
from bots.guilds.models.guild import MAX_CHARACTERS, MAX_WAITING
from jobs.access.models import Platform

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
LANGUAGES = [
    app_commands.Choice(name=words.said("Japanese", "日本語"), value="ja"),
    app_commands.Choice(name=words.said("English", "英語"), value="en"),
]


def commands(rooms: Rooms) -> list[AnyGroup]:
    its = Settings(rooms)
    places = Places(rooms)
    return [
        group(
            ("settings", "設定"),
            ("How this server is read to (for its staff)", "このサーバーの読み上げ設定（管理者用）"),
            [
                slash(its.show, ("show", "表示"), ("Show all settings", "すべての設定を見ます")),
                slash(
                    its.reading,
                    ("reading", "読み方"),
                    ("What is read, and how much of it", "何をどこまで読むかを決めます"),
                ),
                slash(
                    its.voice,
                    ("voice", "声"),
                    ("The voice for those who have chosen none", "声を選んでいない人の声を決めます"),
                ),
                slash(
                    its.access,
                    ("access", "権限"),
                    ("Who may change the dictionary and the settings", "辞書と設定を変えられる人を決めます"),
                ),
                slash(
                    its.mute,
                    ("mute", "読まない人"),
                    ("Do not read a member on this server", "このサーバーでその人のメッセージを読みません"),
                ),
                slash(
                    its.unmute,
                    ("unmute", "また読む人"),
                    ("Read a member again", "その人のメッセージをまた読みます"),
                ),
                slash(
                    places.dictionary_channel,
                    ("dictionary-channel", "辞書チャンネル"),
                    ("A channel where lines “word reading” are entries", "「単語 読み」と書くと登録されるチャンネル"),
                ),
                slash(
                    places.autojoin_add,
                    ("autojoin-add", "自動参加の追加"),
                    ("Come by myself when somebody enters a voice channel", "誰かが入ったら自動で参加します"),
                ),
                slash(
                    places.autojoin_remove,
                    ("autojoin-remove", "自動参加の削除"),
                    ("Do not come by myself there any more", "自動参加をやめます"),
                ),
            ],
        )
    ]


class Settings:
    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    async def show(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            await rights.staff_only(self.rooms, exchange)
            await exchange.say(await _all(exchange))

    @option(
        "language", "言語", ("Of what I add myself: names, “a picture”", "私が付け足す言葉（名前、画像など）の言語")
    )
    @option("names", "名前", ("Say who speaks when it is somebody else", "話す人が変わったら名前を読む"))
    @option("bots", "ボット", ("Read bots and webhooks", "ボットやWebhookも読む"))
    @option("arrivals", "入退室", ("Say who comes and goes", "入退室を読む"))
    @option("characters", "文字数", ("Longer messages are cut", "これより長いメッセージは省略"))
    @option("waiting", "待ち数", ("Of more messages the oldest are left out", "これより多く待つと古いものから省略"))
    @option("leave_alone", "自動退出", ("Leave when nobody listens any more", "誰もいなくなったら退出する"))
    @app_commands.choices(language=LANGUAGES)
    async def reading(
        self,
        interaction: discord.Interaction,
        language: str | None = None,
        names: bool | None = None,
        bots: bool | None = None,
        arrivals: bool | None = None,
        characters: app_commands.Range[int, 10, MAX_CHARACTERS] | None = None,
        waiting: app_commands.Range[int, 1, MAX_WAITING] | None = None,
        leave_alone: bool | None = None,
    ) -> None:
        async with answering(interaction) as exchange:
            await self._change(
                exchange,
                language=language,
                reads_names=names,
                reads_bots=bots,
                reads_arrivals=arrivals,
                max_characters=characters,
                max_waiting=waiting,
                leaves_alone=leave_alone,
            )

    @option("voice", "声", ("Who reads", "だれが読むか"))
    @option("speed", "速さ", ("Times the normal speed, 0.5 to 2", "普通の何倍か（0.5〜2）"))
    @option("pitch", "高さ", ("Semitones up or down, -12 to 12", "半音でいくつ上げ下げするか（-12〜12）"))
    @app_commands.autocomplete(voice=voices.suggest)
    async def voice(
        self,
        interaction: discord.Interaction,
        voice: str | None = None,
        speed: voices.Speed | None = None,
        pitch: voices.Pitch | None = None,
    ) -> None:
        async with answering(interaction) as exchange:
            await self._change(exchange, voice=voice, speed=speed, pitch=pitch)

    @option("open_dictionary", "辞書を開放", ("Everybody may change the dictionary", "だれでも辞書を変えられる"))
    @option("role", "ロール", ("Who has it may change settings too", "このロールの人も設定を変えられる"))
    @option("remove_role", "ロールを外す", ("Only who manages the server", "サーバーの管理者だけに戻す"))
    async def access(
        self,
        interaction: discord.Interaction,
        open_dictionary: bool | None = None,
        role: discord.Role | None = None,
        remove_role: bool = False,
    ) -> None:
        async with answering(interaction) as exchange:
            values: dict[str, Any] = {"dictionary_is_open": open_dictionary}
            if role is not None and role.id == exchange.guild.id:
                raise Declined(_("Everybody has that role. Choose one that only your staff has."))
            await self._change(
                exchange,
                cleared=("settings_role_id",) if remove_role else (),
                settings_role_id=role.id if role is not None else None,
                **values,
            )

    @option("member", "メンバー", ("Whose messages are not read", "読まない人"))
    async def mute(self, interaction: discord.Interaction, member: discord.User) -> None:
        async with answering(interaction) as exchange:
            await self._silence(exchange, member, is_silent=True)
            await exchange.say(
                _("Messages of %(member)s are not read on this server.") % {"member": words.member(member.id)}
            )

    @option("member", "メンバー", ("Whose messages are read again", "また読む人"))
    async def unmute(self, interaction: discord.Interaction, member: discord.User) -> None:
        async with answering(interaction) as exchange:
            await self._silence(exchange, member, is_silent=False)
            await exchange.say(
                _("Messages of %(member)s are read again, unless they wish otherwise themselves.")
                % {"member": words.member(member.id)}
            )

    async def _silence(self, exchange: Exchange, member: discord.User, *, is_silent: bool) -> None:
        await rights.staff_only(self.rooms, exchange)
        await in_thread(edit.set_silence, Platform.DISCORD, str(member.id), is_silent, guild_id=exchange.guild.id)

    async def _change(self, exchange: Exchange, *, cleared: tuple[str, ...] = (), **values: Any) -> None:
        """Set what was given, show everything as it is then. cleared: fields to empty. None: was not given."""
        await rights.staff_only(self.rooms, exchange)
        wanted = {**dict.fromkeys(cleared), **{field: value for field, value in values.items() if value is not None}}
        await in_thread(_change, exchange.guild, wanted)
        await exchange.say(await _all(exchange))


async def suggest(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the voice channels that the bot comes to by itself; those that are gone by their ids."""
    guild = interaction.guild
    if guild is None:
        return []
    known = await quickly(in_thread(facts.of_guild, guild.id), default=None)
    names = {}
    for channel_id in known.auto_joins if known is not None else ():
        channel = guild.get_channel(channel_id)
        names[channel_id] = channel.name if channel is not None else str(channel_id)
    fitting = [(name, channel_id) for channel_id, name in names.items() if typed.casefold() in name.casefold()]
    return [app_commands.Choice(name=name[:100], value=str(channel_id)) for name, channel_id in fitting[:MAX_CHOICES]]


class Places:
    """Which channels belong together."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    @option("place", "チャンネル", ("Left out: no channel", "省くと、なしになります"))
    async def dictionary_channel(
        self, interaction: discord.Interaction, place: discord.TextChannel | None = None
    ) -> None:
        async with answering(interaction) as exchange:
            await rights.staff_only(self.rooms, exchange)
            if place is not None and not place.permissions_for(exchange.guild.me).view_channel:
                raise Declined(_may_not_read(place.id))
            wanted = {"dictionary_channel_id": place.id if place is not None else None}
            await in_thread(_change, exchange.guild, wanted)
            await exchange.say(await _all(exchange))

    @option("voice", "ボイスチャンネル", ("When somebody enters this one", "誰かがここに入ったら"))
    @option(
        "text",
        "読むチャンネル",
        ("This one is read; left out: the channel you are writing in", "ここを読む。省くと今のチャンネル"),
    )
    async def autojoin_add(
        self,
        interaction: discord.Interaction,
        voice: discord.VoiceChannel | discord.StageChannel,
        text: Readable | None = None,
    ) -> None:
        async with answering(interaction) as exchange:
            await rights.staff_only(self.rooms, exchange)
            text_channel_id = text.id if text is not None else (interaction.channel_id or voice.id)
            if text is not None and not text.permissions_for(exchange.guild.me).view_channel:
                raise Declined(_may_not_read(text.id))
            places.may_speak_in(voice)
            await in_thread(
                edit.set_auto_join, exchange.guild.id, voice_channel_id=voice.id, text_channel_id=text_channel_id
            )
            await exchange.say(
                _("When somebody enters %(voice)s, I come and read %(text)s.")
                % {"voice": words.channel(voice.id), "text": words.channel(text_channel_id)}
            )

    @app_commands.autocomplete(voice=suggest)
    @option("voice", "ボイスチャンネル", ("One of those I come to by myself", "自動参加しているところ"))
    async def autojoin_remove(self, interaction: discord.Interaction, voice: str) -> None:
        async with answering(interaction) as exchange:
            await rights.staff_only(self.rooms, exchange)
            known = await in_thread(facts.of_guild, exchange.guild.id)
            channel_id = int(voice) if voice.isascii() and voice.isdigit() else 0
            if channel_id not in known.auto_joins:
                raise Declined(_("I do not come there by myself. Choose one of the list."))
            await in_thread(edit.set_auto_join, exchange.guild.id, voice_channel_id=channel_id, text_channel_id=None)
            await exchange.say(
                _("I do not come into %(voice)s by myself any more.") % {"voice": words.channel(channel_id)}
            )


async def _all(exchange: Exchange) -> str:
    known = await in_thread(facts.of_guild, exchange.guild.id)
    return "\n".join(settings_shown.lines(known))


def _change(guild: discord.Guild, wanted: dict[str, Any]) -> None:
    edit.guild(guild.id, name=guild.name)
    edit.change_settings(guild.id, **wanted)


def _may_not_read(channel_id: int) -> str:
    lacks = _("I may not read %(channel)s: I lack the permission “View Channel” there.")
    return lacks % {"channel": words.channel(channel_id)}
