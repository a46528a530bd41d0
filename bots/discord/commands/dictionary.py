"""How this server's words are read: /dict add|remove|list|import|export.

Called by the registry (__init__.py); reading files is dictionary_import.py's.
"""

import asyncio
import io
from collections.abc import Sequence

import discord
from discord import app_commands
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.database import in_thread
from bots.discord import words
from bots.discord.commands import rights
from bots.discord.commands.dictionary_import import DictionaryImport
from bots.discord.commands.exchange import Declined, Exchange, answering
from bots.discord.commands.slash import MAX_CHOICES, AnyGroup, group, option, slash
from bots.discord.commands.suggestions import quickly
from bots.discord.commands.views import Pages
from bots.discord.room import Rooms
from bots.guilds import dictionary_files, edit
from bots.guilds.models.dictionary import MAX_READING_CHARACTERS, MAX_WRITTEN_CHARACTERS, DictionaryEntry

Word = app_commands.Range[str, 1, MAX_WRITTEN_CHARACTERS]
Reading = app_commands.Range[str, 1, MAX_READING_CHARACTERS]

# Building two files of 5,000 words for every press is work.
EXPORTS, EXPORT_SECONDS = 2, 60.0


def commands(rooms: Rooms) -> list[AnyGroup]:
    its = Dictionary(rooms)
    imports = DictionaryImport(rooms)
    return [
        group(
            ("dict", "辞書"),
            ("How words are read on this server", "このサーバーでの単語の読み方"),
            [
                slash(its.add, ("add", "登録"), ("Say how a word is read", "単語の読み方を登録します")),
                slash(its.remove, ("remove", "削除"), ("Take a word out again", "単語を辞書から外します")),
                slash(its.show, ("list", "一覧"), ("Show the words and their readings", "登録した単語の一覧を見ます")),
                slash(
                    imports.import_,
                    ("import", "読み込み"),
                    ("Take over words from a file (CSV or JSON)", "ファイル（CSV・JSON）の単語を取り込みます"),
                    uses=3,
                    uses_seconds=60.0,
                ),
                slash(
                    its.export,
                    ("export", "書き出し"),
                    ("Get the words as files (CSV and JSON)", "辞書をファイル（CSVとJSON）でもらいます"),
                    uses=EXPORTS,
                    uses_seconds=EXPORT_SECONDS,
                ),
            ],
        )
    ]


async def suggest(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the server's words that begin with what was typed."""
    if interaction.guild_id is None:
        return []
    found = await quickly(in_thread(edit.entries, interaction.guild_id, prefix=typed, limit=MAX_CHOICES), default=[])
    return [app_commands.Choice(name=f"{one.written} → {one.reading}"[:100], value=one.written) for one in found]


class Dictionary:
    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    @option("word", "単語", ("As it is written", "書かれるとおりの形"))
    @option("reading", "読み", ("How to read it; left out: the word is not read", "どう読むか。省くと読みません"))
    async def add(self, interaction: discord.Interaction, word: Word, reading: Reading | None = None) -> None:
        async with answering(interaction) as exchange:
            await self._may_change(exchange)
            before, after = await in_thread(
                _put, exchange.guild.id, word, reading or "", by=f"discord:{exchange.member.id}"
            )
            now = {"word": words.shown(after.written), "after": _reading(after.reading)}
            if before is None:
                await exchange.say(_("“%(word)s” is now read: %(after)s") % now)
            elif before == after.reading:
                await exchange.say(_("“%(word)s” was read like this already: %(after)s") % now)
            else:
                was = _("“%(word)s” was read: %(before)s") % {**now, "before": _reading(before)}
                await exchange.say("\n".join([was, _("It is now read: %(after)s") % now]))

    @option("word", "単語", ("The word to take out", "外す単語"))
    @app_commands.autocomplete(word=suggest)
    async def remove(self, interaction: discord.Interaction, word: Word) -> None:
        async with answering(interaction) as exchange:
            await self._may_change(exchange)
            if await in_thread(edit.remove_entry, exchange.guild.id, word):
                await exchange.say(_("“%(word)s” is read as it is written again.") % {"word": words.shown(word)})
            else:
                await exchange.say(_("There is no “%(word)s” in the dictionary.") % {"word": words.shown(word)})

    @option("beginning", "先頭", ("Only words that begin like this", "この文字で始まる単語だけ"))
    async def show(self, interaction: discord.Interaction, beginning: Word | None = None) -> None:
        async with answering(interaction) as exchange:
            limit = edit.MAX_ENTRIES
            found = await in_thread(edit.entries, exchange.guild.id, prefix=beginning or "", limit=limit)
            if not found:
                nothing = _("No such words.") if beginning else _("No words yet. Add one with /dict add.")
                await exchange.say(nothing)
                return
            title = ngettext("%(count)d word", "%(count)d words", len(found)) % {"count": len(found)}
            # 0.2 s for 5,000 words: neither the event loop nor the thread of the rows may be held for so long.
            lines = await asyncio.to_thread(_lines, found)
            view = Pages(interaction, title, lines)
            await exchange.say(view.text, view=view if len(view.pages) > 1 else None)

    async def export(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            csv = await in_thread(dictionary_files.write_csv, exchange.guild.id)
            json = await in_thread(dictionary_files.write_json, exchange.guild.id)
            name = f"dictionary-{exchange.guild.id}"
            files = [discord.File(io.BytesIO(csv), f"{name}.csv"), discord.File(io.BytesIO(json), f"{name}.json")]
            await exchange.say(_("This server's dictionary. /dict import takes either file."), files=files)

    async def _may_change(self, exchange: Exchange) -> None:
        known = await self.rooms.facts(exchange.guild.id)
        if not known.dictionary_is_open and not rights.is_staff(exchange, known):
            raise Declined(_("On this server only its staff may change the dictionary."))


def _put(guild_id: int, word: str, reading: str, *, by: str) -> tuple[str | None, DictionaryEntry]:
    """Add or change an entry; return the reading it had before, None when it is new, and the entry as it is now."""
    # The word itself sorts before all longer ones that begin with it.
    there = edit.entries(guild_id, prefix=word.strip(), limit=1)
    after = edit.add_entry(guild_id, word, reading, by=by)
    before = there[0].reading if there and there[0].pk == after.pk else None
    return before, after


def _lines(found: Sequence[DictionaryEntry]) -> list[str]:
    return [f"{words.shown(one.written)} → {_reading(one.reading)}" for one in found]


def _reading(reading: str) -> str:
    return words.shown(reading, MAX_READING_CHARACTERS) if reading else _("(not read)")
