"""Words, readings, names and ids as they may be stored: what people type, checked and tidied.

Everything that reaches the rows of a guild comes through here, whoever sends it: a command, a
line in a channel, a file, the admin. A text is one line without characters nobody can see.

Raises Refused, which names the field and says what is possible.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from bots.guilds.dictionary import fold
from bots.guilds.models import DictionaryEntry
from bots.guilds.models.dictionary import MAX_READING_CHARACTERS, MAX_WRITTEN_CHARACTERS
from bots.guilds.models.member import MAX_NICKNAME_CHARACTERS
from jobs.functions.speech import ENGINE

# Letters that carry more marks than this are decoration ("Zalgo") and fit no line.
MAX_MARKS_IN_A_ROW = 4
# Discord's ids are unsigned 64-bit numbers whose first bit will be 0 until the year 2084; so is the column's.
MAX_ID = 2**63 - 1
# One letter can fold into eighteen ("ﷺ"): the folded word has a limit of its own.
MAX_FOLDED_CHARACTERS: int = DictionaryEntry._meta.get_field("folded").max_length or 0

ZERO_WIDTH_JOINER = "\u200d"  # of all unseen characters the one that means something: it makes one emoji of several


def _sentence(error: ValidationError) -> str:
    return " ".join(error.messages)


_later: Callable[[ValidationError], Any] = lazy(_sentence, str)  # its messages are in the language of the moment


class Refused(Exception):
    """What was asked for cannot be stored. Whoever asked must ask for something else."""

    retryable = False

    def __init__(self, field: str, code: str, words: Any, **values: Any) -> None:
        self.field = field  # as the functions of edit.py name it
        self.code = code  # a stable word for programs
        self.words = words  # translated when it is read
        self.values: Mapping[str, Any] = values
        super().__init__(f"{field}: {code}")

    @property
    def message(self) -> str:
        """Say in the language of the moment what is wrong and what is possible."""
        return str(self.words) % self.values if self.values else str(self.words)

    @classmethod
    def by_model(cls, field: str, error: ValidationError) -> "Refused":
        """Return the refusal that a model's own validator is."""
        return cls(field, error.error_list[0].code or "invalid", _later(error))


@dataclass(frozen=True)
class Word:
    """A word of the dictionary: as it was written, and as words are compared."""

    written: str
    folded: str


def line(field: str, text: str) -> str:
    """
    Return `text` as one line, without what cannot be seen: control characters, bidi marks, zero widths.

    Raises Refused for what no database holds, and for letters buried under marks.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Refused(field, "unstorable_text", _("There is half a character in it. Type it again."))
    visible = "".join(_seen(letter) for letter in text)
    tidy = " ".join(visible.split())
    marks = 0
    for letter in unicodedata.normalize("NFC", tidy):
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks > MAX_MARKS_IN_A_ROW:
            raise Refused(field, "too_many_marks", _("There are too many marks on one letter."))
    return tidy.strip(ZERO_WIDTH_JOINER)


def _seen(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in {"Zl", "Zp"} or (kind == "Cc" and letter.isspace()):
        return " "
    if kind == "Cc" or (kind == "Cf" and letter != ZERO_WIDTH_JOINER):
        return ""
    return letter


def word(text: str, *, field: str = "written") -> Word:
    """Return a word that an entry may be for."""
    written = _at_most(field, line(field, text), MAX_WRITTEN_CHARACTERS)
    folded = fold(written)
    if not folded.strip():
        raise Refused(field, "empty", _("Say which word is meant."))
    if len(folded) > MAX_FOLDED_CHARACTERS:
        raise Refused(field, "too_long", _("This word is too long when it is written out."))
    return Word(written, folded)


def reading(text: str, *, field: str = "reading") -> str:
    """Return how a word may be read; empty: not at all."""
    return _at_most(field, line(field, text), MAX_READING_CHARACTERS)


def nickname(text: str, *, field: str = "reading") -> str:
    """Return how a name may be read; empty: as it is written."""
    return _at_most(field, line(field, text), MAX_NICKNAME_CHARACTERS)


def voice(name: str, *, field: str = "voice") -> str:
    """Return the name of a voice that this house has."""
    known = [voice.name for voice in ENGINE.voices()]
    if name not in known:
        raise Refused(
            field, "unknown_voice", _("There is no such voice. There are: %(voices)s"), voices=", ".join(known)
        )
    return name


def identity(field: str, number: int) -> int:
    """Return the id of a guild or channel."""
    if not 0 < number <= MAX_ID:
        raise Refused(field, "no_id", _("This is no id of Discord's."))
    return number


def _at_most(field: str, text: str, characters: int) -> str:
    if len(text) > characters:
        words = _("%(count)d characters; at most %(most)d fit here.")
        raise Refused(field, "too_long", words, count=len(text), most=characters)
    return text
