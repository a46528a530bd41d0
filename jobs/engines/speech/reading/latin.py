"""Write Latin words in katakana, so that none is spelt letter by letter by accident.

In this order: a compound of tables/compounds.tsv (C++, Wi-Fi), a word of tables/words.tsv, the parts
of CamelCase, an acronym letter by letter (API), Japanese in Latin letters (sushi), and at last a
guess from the spelling. Called by reading/__init__.py; english_text.py takes accents off in the same way.
"""

import re
import unicodedata

from jobs.engines.speech.reading import english, romaji
from jobs.engines.speech.reading.tables import read_table

_WORDS = read_table("words")
_COMPOUNDS = read_table("compounds")
_LETTERS = {
    "a": "エー", "b": "ビー", "c": "シー", "d": "ディー", "e": "イー", "f": "エフ", "g": "ジー", "h": "エイチ",
    "i": "アイ", "j": "ジェー", "k": "ケー", "l": "エル", "m": "エム", "n": "エヌ", "o": "オー", "p": "ピー",
    "q": "キュー", "r": "アール", "s": "エス", "t": "ティー", "u": "ユー", "v": "ブイ", "w": "ダブリュー",
    "x": "エックス", "y": "ワイ", "z": "ゼット",
}  # fmt: skip

# Longest first, so that "asp.net" is found before ".net".
_COMPOUND = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(re.escape(written) for written in sorted(_COMPOUNDS, key=len, reverse=True))
    + r")(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_DOT = re.compile(r"(?<=[A-Za-z0-9])\.(?=[a-z])")
_ARTICLE = re.compile(r"(?<![A-Za-z0-9])a(?= [A-Za-z])")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*+")
_CAMEL_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PLURAL_ACRONYM = re.compile(r"[A-Z]{2,4}s")
_VOWEL = re.compile(r"[aeiouy]")

# Letters that are not a base and an accent to Unicode.
_WITHOUT_PARTS = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L",
    "þ": "th", "ð": "d",
}  # fmt: skip

# An acronym of more letters is a word someone shouts.
_MAX_ACRONYM_LETTERS = 4


def read_latin(text: str) -> str:
    """Return `text` without Latin letters. It is on one line and in Unicode form NFKC."""
    text = without_accents(text)
    text = _COMPOUND.sub(lambda found: _COMPOUNDS[found.group().lower()], text)
    text = _DOT.sub("ドット", text)
    text = _ARTICLE.sub("ア", text)
    return _WORD.sub(lambda found: _read_word(found.group()), text)


def _read_word(word: str) -> str:
    lower = word.lower()
    known = _WORDS.get(word) or _WORDS.get(lower)
    if known and len(word) > 1:
        return known
    if "'" in word:
        return "".join(_read_word(part) for part in word.split("'"))
    if len(word) == 1:
        return _LETTERS[lower]
    if word.isupper() and len(word) <= _MAX_ACRONYM_LETTERS:
        return _spell(lower)
    if _PLURAL_ACRONYM.fullmatch(word):
        return _spell(lower[:-1]) + "ズ"
    if not (word.isupper() or word.islower() or word[1:].islower()):
        return "".join(_read_word(part) for part in _CAMEL_PART.findall(word))
    if not _VOWEL.search(lower):
        return _spell(lower)
    return romaji.read(lower) or english.guess(lower) or _spell(lower)


def _spell(letters: str) -> str:
    return "".join(_LETTERS[letter] for letter in letters)


def without_accents(text: str) -> str:
    """Return `text` with é as e and ß as ss, and kana untouched."""
    return "".join(_plain_letter(character) if "\u00c0" <= character <= "\u1eff" else character for character in text)


def _plain_letter(letter: str) -> str:
    if letter in _WITHOUT_PARTS:
        return _WITHOUT_PARTS[letter]
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base.isascii() else letter
