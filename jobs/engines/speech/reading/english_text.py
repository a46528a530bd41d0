"""Turn what people type into what an English reader would say, before hibari sees it.

    See https://example.com/a?b=1 for the A.P.I. docs (v2) 😂  ->  See link for the A.P.I. docs , v2, laughing.

Numbers, dates, units and abbreviations stay: the package's own rules read those. Pure and linear, as reading/ is
for Japanese. Called by hibari.py.
"""

import re

from jobs.engines.speech.reading.characters import bound_repeats, clean
from jobs.engines.speech.reading.chat import drop_faces, read_links
from jobs.engines.speech.reading.emoji import read_emoji_in_english
from jobs.engines.speech.reading.latin import without_accents

__all__ = ["normalise_english"]

# What clean() and chat write in Japanese, and signs that only group: a pause where they divide, nothing else.
_SIGNS = str.maketrans({
    "。": ". ", "、": ", ", "・": " ", "「": ", ", "」": ", ", "『": ", ", "』": ", ", "(": ", ", ")": ", ",
    "[": ", ", "]": ", ", "{": ", ", "}": ", ", "‘": "'", "’": "'", "“": " ", "”": " ", '"': " ", "_": " ",
    "—": ", ", "―": ", ", "─": ", ", "→": ", ", "〜": " to ", "~": " ", "×": " times ", "÷": " divided by ",
})  # fmt: skip
_UNSPEAKABLE = re.compile(r"[^A-Za-z0-9 .,!?;:'/%$€£¥&@#+=°-]+")

# The package turns digits into one number: past the quadrillions nobody follows, and Python itself gives up at 4,300.
_LONG_NUMBER = re.compile(r"[0-9]{16,}")
# It reads the first letters of an unknown word and drops the others, so a word without end is given in pieces.
_LONG_WORD = re.compile(r"[A-Za-z]{31,}")
_MAX_WORD_LETTERS = 30

_LOOSE_APOSTROPHE = re.compile(r"(?<![A-Za-z0-9])'|'(?![A-Za-z0-9])")
_LOOSE_SLASH = re.compile(r"(?<![0-9])/|/(?![0-9])")
_LOOSE_HYPHEN = re.compile(r"(?<![A-Za-z0-9 ])-|-(?![A-Za-z0-9])")
_SPACES = re.compile(r" {2,}")
_SPACE_BEFORE_SIGN = re.compile(r" +(?=[.,!?;:](?![0-9]))")
# "word, ," and "word.," say one pause, the strongest.
_PAUSES = re.compile(r"[,;:.!?](?:[ ,;:]*[,;:.!?])+(?= |$)")


def normalise_english(text: str) -> str:
    """
    Return `text` as it should be read: Latin letters, digits and signs that are said, on one line.

    Empty when nothing in it can be said in English; other scripts are left out.
    """
    text = read_emoji_in_english(drop_faces(read_links(text, link="link", address="mail address")))
    text = without_accents(clean(text)).translate(_SIGNS)
    text = _LOOSE_HYPHEN.sub(", ", _LOOSE_SLASH.sub(" ", _LOOSE_APOSTROPHE.sub(" ", _UNSPEAKABLE.sub(" ", text))))
    text = _LONG_WORD.sub(_in_pieces, _LONG_NUMBER.sub(lambda found: " ".join(found.group()), text))
    text = _PAUSES.sub(_strongest, _SPACE_BEFORE_SIGN.sub("", _SPACES.sub(" ", bound_repeats(text))))
    text = text.strip(" ,;:").lstrip(".!? ,;:")
    return text if re.search("[A-Za-z0-9]", text) else ""


def _in_pieces(found: re.Match[str]) -> str:
    word = found.group()
    return " ".join(word[start : start + _MAX_WORD_LETTERS] for start in range(0, len(word), _MAX_WORD_LETTERS))


def _strongest(signs: re.Match[str]) -> str:
    return next(sign for sign in "?!.;:," if sign in signs.group())
