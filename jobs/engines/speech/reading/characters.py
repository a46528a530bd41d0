"""Bring any string to characters that the rules after this one can rely on.

Takes out what has no sound (control, zero-width and bidirectional characters, lone surrogates,
marks on marks), brings compatibility forms to plain ones, and bounds repetition, so that
no later rule meets a run of more than a few equal characters. Called by reading/__init__.py.
"""

import re
import unicodedata

# More of the same adds no meaning: えーーーー is said like えーー.
MAX_REPEATS = 3

_REPEATED = re.compile(r"([^0-9])\1{" + str(MAX_REPEATS) + ",}")

# Unicode categories without a sound of their own. Newlines and tabs are handled before.
_SILENT = frozenset(["Cc", "Cf", "Cs", "Co", "Cn"])
_MARKS = frozenset(["Mn", "Mc", "Me"])

# What NFKC would spoil: Ⅲ would become three letters, m² would become m2, ℡ and ™ would become Latin words.
_BEFORE_NFKC = str.maketrans({
    "…": "、", "‥": "、", "™": "", "©": "", "®": "", "℠": "", "℡": "電話", "№": "ナンバー", "㈱": "株式会社",
    "㈲": "有限会社", "゛": "", "゜": "", "´": "", "¨": "", "～": "〜", "˜": "〜", "￣": "", "¯": "", "‾": "",
    **dict(zip("ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ", map(str, range(1, 13)), strict=True)),
    **dict(zip("ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅺⅻ", map(str, range(1, 13)), strict=True)),
})  # fmt: skip
_POWER = re.compile("(?<!m)[²³]")  # after m it belongs to a unit
_FRACTION = re.compile("([0-9])([¼-¾⅐-⅞])")
_DASHES = re.compile("[‐‑‒–−﹣-]")

# A dash between katakana is a long vowel typed with the wrong key; a long dash elsewhere is a pause.
_LONG_VOWEL = re.compile("(?<=[ァ-ヺー])[-—―─━](?![0-9A-Za-z ])")


def clean(text: str) -> str:
    """Return `text` in NFKC with plain hyphens, newlines as 。 and no run longer than MAX_REPEATS but of digits."""
    text = bound_repeats(_sounding(text))
    text = _POWER.sub(lambda power: "の2乗" if power.group() == "²" else "の3乗", text)
    text = _FRACTION.sub(r"\1と\2", text).translate(_BEFORE_NFKC)
    text = unicodedata.normalize("NFKC", text)
    # NFKC leaves a mark alone when there is nothing to join it to, and makes new spaces and repetitions.
    text = "".join(character for character in text if unicodedata.category(character) not in _MARKS)
    text = _LONG_VOWEL.sub("ー", _DASHES.sub("-", text))
    return bound_repeats(text)


def bound_repeats(text: str) -> str:
    """Return `text` with at most MAX_REPEATS of one character in a row. Digits are left: 10000 is not 1000."""
    return _REPEATED.sub(r"\1" * MAX_REPEATS, text)


def _sounding(text: str) -> str:
    """Return `text` without silent characters and with at most one mark on a letter."""
    kept: list[str] = []
    after_mark = True  # a mark needs something before it
    for character in text.replace("\r\n", "\n"):
        if character in "\n\r\v\f\x85\u2028\u2029":
            kept.append("。")
        elif character == "\t":
            kept.append(" ")
        category = unicodedata.category(character)
        is_mark = category in _MARKS
        if category not in _SILENT and not (is_mark and after_mark):
            kept.append(character)
            after_mark = is_mark
    return "".join(kept)
