"""Take over words from a file: look first, then decide: /dict import.

What a file would do is told before anything is done: how many words are new, changed or left out,
and why. Only staff may: a file can turn a whole server's readings around at once.

Called by dictionary.py, which registers it.
"""

import asyncio

import discord
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.database import in_thread
from bots.discord import words
from bots.discord.commands import rights
from bots.discord.commands.exchange import UNSENT, Declined, Exchange, answering
from bots.discord.commands.slash import option
from bots.discord.commands.views import Confirmation
from bots.discord.room import Rooms
from bots.guilds import dictionary_files
from bots.guilds.edit import Put
from bots.guilds.files import MAX_FILE_BYTES

# Discord's file server answers in well under a second.
FETCH_SECONDS = 20.0
# Lines that are left out, shown with their reasons; the rest are counted.
MAX_REASONS = 8


class DictionaryImport:
    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    @option(
        "file", "ファイル", ("CSV or JSON, also of other read-aloud bots", "CSVかJSON。ほかの読み上げボットのものも可")
    )
    @option("replace", "入れ替え", ("Take out all words that are not in the file", "ファイルにない単語をすべて外す"))
    async def import_(self, interaction: discord.Interaction, file: discord.Attachment, replace: bool = False) -> None:
        async with answering(interaction) as exchange:
            await rights.staff_only(self.rooms, exchange)
            data = await _fetched(file)
            # No rows are needed for this, and a large file would hold their thread for a second.
            preview = await asyncio.to_thread(dictionary_files.read_file, data, file.filename)
            put = await in_thread(dictionary_files.compare, exchange.guild.id, preview, replace=replace)
            text = "\n".join([*_counts(put, len(preview.refused)), *_reasons(preview.refused)])
            if put.added + put.changed + put.removed == 0:
                await exchange.say("\n".join([text, _("There is nothing in it to take over.")]))
                return

            async def take_over(pressed: Exchange) -> str:
                # Asked for again: whoever is staff now decides, and the role may be gone since.
                await rights.staff_only(self.rooms, pressed)
                by = f"discord:{pressed.member.id}"
                count = await in_thread(dictionary_files.take_over, pressed.guild.id, preview, by=by, replace=replace)
                done = ngettext(
                    "Taken over: %(count)d word is new or changed.",
                    "Taken over: %(count)d words are new or changed.",
                    count,
                )
                return done % {"count": count}

            await exchange.say(text, view=Confirmation(interaction, _("Take over"), take_over))


async def _fetched(file: discord.Attachment) -> bytes:
    if file.size > MAX_FILE_BYTES:
        too_large = _("The file has %(bytes)d bytes; at most %(most)d are read.")
        raise Declined(too_large % {"bytes": file.size, "most": MAX_FILE_BYTES})
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await file.read()
    except UNSENT as error:
        raise Declined(_("Discord does not hand me the file just now. Please try again.")) from error


def _counts(put: Put, refused: int) -> list[str]:
    counted = _("New: %(added)d, changed: %(changed)d, as before: %(kept)d, left out: %(refused)d")
    lines = [counted % {"added": put.added, "changed": put.changed, "kept": put.kept, "refused": refused}]
    if put.removed:
        gone = ngettext(
            "%(count)d word that is not in the file is taken out.",
            "%(count)d words that are not in the file are taken out.",
            put.removed,
        )
        lines.append(gone % {"count": put.removed})
    return lines


def _reasons(refused: tuple[dictionary_files.RefusedLine, ...]) -> list[str]:
    lines = [
        _("Line %(line)d, %(text)s: %(reason)s")
        % {"line": one.line, "text": words.shown(one.text, 40) or "?", "reason": one.reason}
        for one in refused[:MAX_REASONS]
    ]
    more = len(refused) - len(lines)
    if more > 0:
        lines.append(ngettext("… and %(count)d more", "… and %(count)d more", more) % {"count": more})
    return lines
