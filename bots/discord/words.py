"""Say things in the language of the person who asked: Japanese to Japanese clients, English to all others.

Names and descriptions of commands carry their Japanese beside their English (`said`), because
Discord gets all languages at once; answers go through gettext, under `speaking`.

Called by commands/ and, through the tree, by discord.py when the commands are sent to Discord.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import discord
from discord import Locale, app_commands
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# As Discord's own clients call them, so that they are found under Server Settings.
PERMISSIONS = {
    "view_channel": gettext_noop("View Channel"),
    "read_messages": gettext_noop("View Channel"),
    "read_message_history": gettext_noop("Read Message History"),
    "connect": gettext_noop("Connect"),
    "speak": gettext_noop("Speak"),
    "request_to_speak": gettext_noop("Request to Speak"),
    "mute_members": gettext_noop("Mute Members"),
    "move_members": gettext_noop("Move Members"),
    "manage_guild": gettext_noop("Manage Server"),
}

# What would hide, reverse or overlap the rest of a line: controls, zero width, bidirectional marks, piled-up accents.
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]+")
_PILED = re.compile(r"([\u0300-\u036f\u0483-\u0489\u20d0-\u20ff])[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]+")


def said(english: str, japanese: str) -> app_commands.locale_str:
    """Return a name or description for Discord in both languages."""
    return app_commands.locale_str(english, ja=japanese)


class Words(app_commands.Translator):
    """Hands the Japanese of `said` to discord.py; for other languages Discord shows the English."""

    async def translate(
        self, string: app_commands.locale_str, locale: Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        translated = string.extras.get(locale.value)
        return None if translated is None else str(translated)


def language(locale: Locale) -> str:
    return "ja" if locale is Locale.japanese else "en"


@contextmanager
def speaking(locale: Locale) -> Iterator[None]:
    """Everything gettext says within is in the person's language; other tasks keep theirs."""
    with translation.override(language(locale)):
        yield


def shown(text: str, most_characters: int = 60) -> str:
    """
    Return what somebody wrote so that it can be shown within a line of ours.

    One line, cut, no markdown, no mention, nothing invisible.
    """
    line = _PILED.sub(r"\1", _INVISIBLE.sub(" ", text[: 4 * most_characters])).strip()
    cut = line if len(line) <= most_characters else line[: most_characters - 1] + "…"
    # "<" begins mentions, emoji, moments and links to commands; parted from what follows it is only a sign.
    return discord.utils.escape_mentions(discord.utils.escape_markdown(cut)).replace("<", "<\u200b")


def permission(name: str) -> str:
    """Return what Discord's clients call a permission; name: as discord.py spells it."""
    return _(PERMISSIONS[name]) if name in PERMISSIONS else name.replace("_", " ")


def channel(channel_id: int) -> str:
    return f"<#{channel_id}>"


def member(user_id: int) -> str:
    """Return a mention; every answer is sent so that nobody is called by it."""
    return f"<@{user_id}>"
