"""The guild's dictionary channel: a line “word reading” written there is an entry, and is answered.

Called by client.py for each message, before it is taken for something to read aloud.
"""

import logging
from collections.abc import Sequence

import discord
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from bots.database import in_thread
from bots.discord.facts import Facts
from bots.discord.places import is_staff
from bots.discord.words import shown
from bots.guilds import dictionary_lines
from bots.guilds.dictionary_lines import Answer, Outcome
from bots.guilds.facts import GuildFacts

logger = logging.getLogger(__name__)

MAX_ANSWER_CHARACTERS = 2_000  # Discord's


async def answer(message: discord.Message, facts: Facts) -> bool:
    """Do what a message in the dictionary channel asks for; return False for a message that is none."""
    if message.guild is None or message.author.bot:
        return False
    guild = facts.guild_now(message.guild.id) or await facts.guild(message.guild.id)
    if message.channel.id not in (guild.dictionary_channel_id, settings.DICT_CH_ID) or not message.content:
        return False
    with translation.override(guild.language):
        if not may_write(message, guild):
            text = _("Only who manages this server may change the dictionary.")
        else:
            text = await _answered(message, message.guild.id)
    if text:
        await message.reply(text[:MAX_ANSWER_CHARACTERS], mention_author=False)
    return True


def may_write(message: discord.Message, guild: GuildFacts) -> bool:
    author = message.author
    return guild.dictionary_is_open or (isinstance(author, discord.Member) and is_staff(author, guild))


async def _answered(message: discord.Message, guild_id: int) -> str:
    try:
        answers = await in_thread(dictionary_lines.apply, guild_id, message.content, by=f"discord:{message.author.id}")
    except DatabaseError:
        logger.exception("dictionary lines not taken", extra={"guild": guild_id})
        return _("That did not work just now; nothing was changed. Please try again in a minute.")
    return "\n".join(line for each in answers if (line := _line(each)))


def _line(each: Answer) -> str:
    written, reading, before = shown(each.written), shown(each.reading), shown(each.before)
    match each.outcome:
        case Outcome.ADDED:
            return _("added: %(word)s → %(reading)s") % {"word": written, "reading": reading}
        case Outcome.CHANGED:
            return _("changed: %(word)s: %(before)s → %(reading)s") % {
                "word": written,
                "before": before,
                "reading": reading,
            }
        case Outcome.KEPT:
            return _("as before: %(word)s → %(reading)s") % {"word": written, "reading": reading}
        case Outcome.REMOVED:
            return _("removed: %(word)s") % {"word": written}
        case Outcome.MISSING:
            return _("not in the dictionary: %(word)s") % {"word": written}
        case Outcome.LISTED:
            return _listed(each.entries, each.total)
        case Outcome.REFUSED:
            reason = each.refusal.message if each.refusal is not None else ""
            return _("not taken: %(line)s (%(reason)s)") % {"line": shown(each.text), "reason": reason}


def _listed(entries: Sequence[tuple[str, str]], total: int) -> str:
    if not total:
        return _("The dictionary is empty.")
    lines = [f"{shown(written)} → {shown(reading)}" for written, reading in entries]
    kept: list[str] = []
    for line in lines:
        if sum(len(each) + 1 for each in (*kept, line)) > MAX_ANSWER_CHARACTERS - 100:
            break
        kept.append(line)
    if len(kept) < total:
        kept.append(_("… %(count)d in all; /dict list shows the rest") % {"count": total})
    return "\n".join(kept)
