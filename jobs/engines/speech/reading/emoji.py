"""Say emoji by a short Japanese name: the common ones by tables/emoji.tsv, the others not at all.

A sequence (family, skin tone, flag, keycap) is one emoji. A row of emoji is a decoration more
than a sentence, so each name is said once and only the first few. Called by reading/__init__.py.
"""

import re

from jobs.engines.speech.reading.tables import read_table

_NAMES = read_table("emoji")
_FLAGS = read_table("flags")

_MAX_NAMES_IN_A_ROW = 3

_VARIANTS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_JOINER = "\u200d"
_REGIONAL_A = 0x1F1E6

# What Unicode draws as a picture; arrows and signs that are also text count only when the table names them.
_BLOCKS = (
    "\U0001f000-\U0001f0ff\U0001f18e\U0001f191-\U0001f19a\U0001f200-\U0001f251"
    "\U0001f300-\U0001f64f\U0001f680-\U0001faff\u2600-\u27bf"
)
_PICTURE = f"[{_BLOCKS}{''.join(sorted({name[0] for name in _NAMES}))}]"
_TAIL = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*+"
_ONE = f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTURE}{_TAIL}(?:\u200d{_PICTURE}{_TAIL})*+)"
_SINGLE = re.compile(_ONE)
_ROW = re.compile(f"{_ONE}(?:[ \u3000]?{_ONE})*+")
_KEYCAP = re.compile("([0-9#*])\ufe0f?\u20e3")


def read_emoji(text: str) -> str:
    """Return `text` with names for its emoji, set off by commas."""
    return _ROW.sub(_read_row, _KEYCAP.sub(r"\1", text))


def _read_row(row: re.Match[str]) -> str:
    names = dict.fromkeys(name for one in _SINGLE.findall(row.group()) if (name := _name(one)))
    return "".join(f"、{name}" for name in list(names)[:_MAX_NAMES_IN_A_ROW]) + "、" if names else " "


def _name(emoji: str) -> str:
    """Return the name of one emoji, of its first part when only that has one, or nothing."""
    if ord(emoji[0]) in range(_REGIONAL_A, _REGIONAL_A + 26):
        country = "".join(chr(ord(letter) - _REGIONAL_A + ord("A")) for letter in emoji)
        return f"{_FLAGS[country]}のはた" if country in _FLAGS else "はた"
    plain = _VARIANTS.sub("", emoji)
    return _NAMES.get(plain) or _NAMES.get(plain.split(_JOINER)[0], "")
