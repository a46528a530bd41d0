"""Bring what people type to characters that the dictionary and the speech engine can rely on.

NFKC but for the signs that the engine reads better as they were typed (Ⅲ, ½, m²); no marks heaped on letters
(dakuten stay), nothing invisible, no control of writing direction, laughter as a word, no endless repetition.

Every pattern is linear: it looks at most a fixed number of characters ahead of where it stands.
Called by rules.py and words.py.
"""

import re
import unicodedata
from collections.abc import Container
from functools import lru_cache

from jobs.engines.speech.reading.characters import bound_repeats
from jobs.engines.speech.reading.chat import drop_faces
from jobs.engines.speech.reading.latin import without_accents

# Of a name more is not said: Discord's display names have at most 32 characters, its role names 100.
MAX_NAME_CHARACTERS = 40

# NFKC would make III of Ⅲ, m2 of m² and 1⁄2 of ½; jobs/engines/speech/reading knows how these are said.
_AS_TYPED = re.compile("([Ⅰ-Ⅻⅰ-ⅻ…‥™©®℠℡№㈱㈲゛゜´¨～˜￣¯‾²³¼-¾⅐-⅞]+)")
_MARKS = frozenset(["Mn", "Mc", "Me"])
_SILENT = frozenset(["Cc", "Cf", "Cs", "Co", "Cn"])
_VOICING = "\u3099\u309a"

_SPACES = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_COMMAS = re.compile(r" *[、,][ 、,]*+")
_LINES = re.compile(r" ?\n[ \n]*")

_MARKERS = str.maketrans(dict.fromkeys("`|*~<>\\[]", " "))
# What a voice of either language can say something of: kana, kanji, Latin letters, digits. Greek alone is a face's.
_SPEAKABLE = re.compile(r"[0-9A-Za-zぁ-ゖァ-ヺ々一-鿿㐀-䶿\U00020000-\U0003134f]")

_LETTERS = "0-9A-Za-zÀ-ɏ"
_LAUGHTER = re.compile(rf"(?<![{_LETTERS}])[wW]{{2,}}(?![{_LETTERS}])|草{{2,}}")
_APPLAUSE = re.compile(r"(?<![0-9A-Za-z.,:/-])8{5,}(?=$|[\s!?！？。、])")
# A word of two to twelve characters said four times or more; each start is tried with eleven lengths, no more.
_REPEATED_WORD = re.compile(r"([^0-9\n]{2,12}?)\1{3,}")


def clean(text: str) -> str:
    """Return `text` with visible, composed characters only; lines divided by single newlines."""
    text = _LINE_ENDS.sub("\n", text)
    if not text.isascii():
        text = "".join(
            part if odd else unicodedata.normalize("NFKC", part) for odd, part in _parts(_without_heaps(text))
        )
        # NFKC leaves a mark alone when there is nothing to join it to.
        text = "".join(character for character in text if unicodedata.category(character) not in _MARKS)
    else:
        text = "".join(character for character in text if character.isprintable() or character in "\n\t")
    text = _LINES.sub("\n", _SPACES.sub(" ", text))
    return _COMMAS.sub(_one_comma, text).strip(" \n、,")


@lru_cache(maxsize=1024)
def clean_name(name: str) -> str:
    """Return what of a name can be said, without faces, emoji and markers; empty when there is nothing."""
    text = clean(drop_faces(name[: 4 * MAX_NAME_CHARACTERS]).translate(_MARKERS))
    text = "".join(character for character in text if unicodedata.category(character) != "So").replace("\n", " ")
    text = bound_repeats(_SPACES.sub(" ", text))[:MAX_NAME_CHARACTERS].strip(" 、。,.!?！？:;_-")
    return text if is_speakable(text) else ""


def is_speakable(text: str) -> bool:
    """Return False when nothing in `text` has a sound: signs, faces, scripts that no voice here reads."""
    return _SPEAKABLE.search(without_accents(drop_faces(text))) is not None


def read_laughter(text: str, own_words: Container[str], *, laughter: str, applause: str) -> str:
    """
    Return `text` with www and 草草 as `laughter`, and 88888 as `applause`. It is clean.

    own_words: what the guild's dictionary has; where it knows a shorter spelling of the same, that one is left.
    """

    def laugh(found: re.Match[str]) -> str:
        run = found.group()
        shorter = (run[0] * count for count in (min(len(run), 3), 2, 1))
        word = next((spelling for spelling in shorter if spelling in own_words), laughter)
        following = found.string[found.end() : found.end() + 1]
        return f"{word}、" if following.isalpha() else word

    return _APPLAUSE.sub(applause, _LAUGHTER.sub(laugh, text))


def squeeze(text: str) -> str:
    """Return `text` with a character at most three times in a row, and a short word twice. Numbers stay."""
    return bound_repeats(_REPEATED_WORD.sub(r"\1\1", bound_repeats(text)))


def _one_comma(found: re.Match[str]) -> str:
    """Return one comma for what rules set between words; 1,234 stays a number."""
    signs = found.group()
    return "、" if "、" in signs else ", " if len(signs) > 1 else ","


def _without_heaps(text: str) -> str:
    """Return `text` without what is silent, and with one mark on a letter at most; voicing marks first of all."""
    kept: list[str] = []
    marked = True  # a mark needs something before it
    for character in text:
        category = unicodedata.category(character)
        if category in _MARKS:
            if not marked:
                kept.append(character)
                marked = True
        elif character in "\n\t":
            kept.append(character)
            marked = True
        elif category not in _SILENT:
            kept.append(character)
            marked = False
    return "".join(kept)


def _parts(text: str) -> list[tuple[int, str]]:
    """Return `text` in parts, each with 1 when it is to stay as typed and 0 otherwise."""
    return [(number % 2, part) for number, part in enumerate(_AS_TYPED.split(text))]
