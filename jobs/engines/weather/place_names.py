"""The ways in which one place's name is written, folded so that they compare as equal.

    横浜市 · ヨコハマシ · よこはま · Yokohama-shi · yokohama city · Yokohamashi

Called by places.py.
"""

import re
import unicodedata

# Endings of the kinds of place, as written and as read. 北海道 has none that may be left out.
ENDINGS = ("都", "府", "県", "市", "区", "町", "村")
READ_ENDINGS = ("ちょう", "まち", "むら", "そん", "けん", "し", "く", "と", "ふ")
_ENGLISH_KIND = re.compile(r"[\s-]+(?:city|town|village|ward|prefecture|pref\.?|metropolis|island)$", re.IGNORECASE)

# Forms of characters that people mix; each pair becomes one of them, in the table and in what is typed.
_VARIANTS = str.maketrans("﨑髙瀨曾龍澤嶋籠邊惠縣區國濱齋廣冨ヶゖヵゕ", "崎高瀬曽竜沢島篭辺恵県区国浜斎広富けけかか")
_DROPPED = re.compile(r"[\s\-‐-―−ー・･.,、'’`´_/]+")
# Latin letters with marks. Kana keep theirs: が is not か.
_MARKED = re.compile("[À-ɏ]")
_KATAKANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ"))}

_VOWELS = "aiueo"
_ROWS = {
    "": "あいうえお", "k": "かきくけこ", "s": "さしすせそ", "t": "たちつてと", "n": "なにぬねの", "h": "はひふへほ",
    "m": "まみむめも", "r": "らりるれろ", "g": "がぎぐげご", "z": "ざじずぜぞ", "d": "だぢづでど", "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ",
}  # fmt: skip
_SYLLABLES = {kana: first + vowel for first, row in _ROWS.items() for kana, vowel in zip(row, _VOWELS, strict=True)}
_SYLLABLES |= {"や": "ya", "ゆ": "yu", "よ": "yo", "わ": "wa", "を": "o", "ん": "n", "ゔ": "bu", "ぢ": "zi", "づ": "zu"}
_SMALL = {"ゃ": "ya", "ゅ": "yu", "ょ": "yo", "ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o"}

# Hepburn and its relatives, in this order, into one spelling; long vowels are short.
_LATIN_RULES = [
    (re.compile(pattern), written)
    for pattern, written in (
        ("shi", "si"), ("sh", "sy"), ("tch", "tty"), ("chi", "ti"), ("ch", "ty"), ("tyi", "ti"), ("tsu", "tu"),
        ("fu", "hu"), ("ji", "zi"), ("j", "zy"), ("zyy", "zy"), ("du", "zu"), ("di", "zi"), ("m(?=[bmp])", "n"),
        ("oh(?![aiueoy])", "o"), ("ou|oo", "o"), ("uu", "u"),
    )
]  # fmt: skip


def fold(name: str) -> str:
    """Return `name` as NFKC, in lower case, hiragana for katakana, without spaces, hyphens and macrons."""
    text = plain(name)
    return fold_latin(text) if text.isascii() else text


def plain(name: str) -> str:
    """Return `name` as fold() does, but Latin letters as they are spelt."""
    text = unicodedata.normalize("NFKC", name).casefold().translate(_VARIANTS).translate(_KATAKANA).translate(_VARIANTS)
    return _MARKED.sub(_unmarked, _DROPPED.sub("", text))


def fold_latin(text: str) -> str:
    """Return a name in Latin letters in the one spelling that `romaji` gives too."""
    for pattern, written in _LATIN_RULES:
        text = pattern.sub(written, text)
    return text


def romaji(kana: str) -> str:
    """Return hiragana in Latin letters, folded as fold() folds what people type. Other characters stay."""
    letters: list[str] = []
    is_doubled = False
    for character in kana:
        if character == "っ":
            is_doubled = True
            continue
        if character in _SMALL and letters:
            letters[-1] = letters[-1][:-1] + _SMALL[character]
            continue
        syllable = _SYLLABLES.get(character, character)
        letters.append(syllable[0] + syllable if is_doubled else syllable)
        is_doubled = False
    return fold_latin("".join(letters))


def without_kind(name: str) -> str:
    """Return "Yokohama" of "Yokohama City"; other names as they are."""
    return _ENGLISH_KIND.sub("", name.strip())


def stem(name: str) -> str:
    """Return a Japanese name without the ending of its kind: "横浜" of "横浜市"."""
    return name[:-1] if len(name) > 1 and name[-1] in ENDINGS else name


def read_stem(reading: str) -> str:
    """Return a reading without that of the ending: "よこはま" of "よこはまし"."""
    for ending in READ_ENDINGS:
        if reading.endswith(ending) and len(reading) > len(ending):
            return reading[: -len(ending)]
    return reading


def _unmarked(letter: re.Match[str]) -> str:
    return unicodedata.normalize("NFD", letter[0])[0]
