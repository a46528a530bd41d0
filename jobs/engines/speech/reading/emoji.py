"""Say emoji by a short name: the common ones by tables/emoji.tsv or emoji_english.tsv, the others not at all.

A sequence (family, skin tone, flag, keycap) is one emoji. A row of emoji is a decoration more
than a sentence, so each name is said once and only the first few. Called by reading/__init__.py.
"""

import re
from collections.abc import Callable

from jobs.engines.speech.reading.tables import read_table

_NAMES = read_table("emoji")
_ENGLISH_NAMES = read_table("emoji_english")
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
    """Return `text` with Japanese names for its emoji, set off by commas."""
    return _ROW.sub(lambda row: _read_row(row, _name, "、"), _KEYCAP.sub(r"\1", text))


def read_emoji_in_english(text: str) -> str:
    """Return `text` with English names for its emoji, set off by commas."""
    return _ROW.sub(lambda row: _read_row(row, _english_name, ", "), _KEYCAP.sub(r"\1", text))


def _read_row(row: re.Match[str], name_of: Callable[[str], str], comma: str) -> str:
    names = dict.fromkeys(name for one in _SINGLE.findall(row.group()) if (name := name_of(one)))
    return "".join(f"{comma}{name}" for name in list(names)[:_MAX_NAMES_IN_A_ROW]) + comma if names else " "


def _name(emoji: str) -> str:
    """Return the name of one emoji, of its first part when only that has one, or nothing."""
    if _is_flag(emoji):
        country = "".join(chr(ord(letter) - _REGIONAL_A + ord("A")) for letter in emoji)
        return f"{_FLAGS[country]}のはた" if country in _FLAGS else "はた"
    return _of_table(emoji, _NAMES)


def _english_name(emoji: str) -> str:
    return "flag" if _is_flag(emoji) else _of_table(emoji, _ENGLISH_NAMES)


def _is_flag(emoji: str) -> bool:
    return ord(emoji[0]) in range(_REGIONAL_A, _REGIONAL_A + 26)


def _of_table(emoji: str, names: dict[str, str]) -> str:
    plain = _VARIANTS.sub("", emoji)
    return names.get(plain) or names.get(plain.split(_JOINER)[0], "")
