"""What the Japan Meteorological Agency says of the sky, as it may be spoken.

    "くもり　時々　晴れ　所により　夕方　から　雨　で　雷を伴う"  ->  くもり時々晴れ、所により夕方から雨で、雷を伴う

Called by jma.py.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "jma_codes.tsv"

# A word of time opens a clause of its own, and takes は unless から or まで follows.
_TIME = re.compile(
    r"(?:未明|明け方|朝晩|朝夕|朝の?うち|朝|昼前|昼頃|昼過ぎ|昼|日中|午前中?|午後|夕方|夜遅く|夜の?はじめ頃|夜中|夜|後半|前半)"
)
_JOINED_BEFORE = (
    "から",
    "まで",
    "にかけて",
    "で",
    "か",
    "時々",
    "一時",
    "のち",
    "を",
    "を伴う",
    "を伴い",
    "伴う",
    "伴い",
    "では",
    "降る",
)
_JOINED_AFTER = ("時々", "一時", "か", "のち", "所により", "から", "まで", "では", "を", "激しく", "強く")

_SPEAKABLE = re.compile("[ぁ-ゖァ-ヺー一-鿿々0-9、・]+")


def spoken(words: str) -> str:
    """
    Return the agency's words with pauses where they belong; nothing is added that was not said.

    "" for anything that is no Japanese.
    """
    parts = unicodedata.normalize("NFKC", words).replace("後", "のち").split()
    text = ""
    for position, part in enumerate(parts):
        following = parts[position + 1] if position + 1 < len(parts) else ""
        text += _pause(text, part) + part
        if _TIME.fullmatch(part) and following and not following.startswith(("から", "まで", "にかけて")):
            text += "は" if not following.startswith(("時々", "一時")) else ""
        if part == "で" and following:
            text += "、"
    text = re.sub("、+", "、", text).strip("、")
    return text if _SPEAKABLE.fullmatch(text) else ""


def _pause(text: str, part: str) -> str:
    if not text or text.endswith(("は", "、")) or part in _JOINED_BEFORE or text.endswith(_JOINED_AFTER):
        return ""
    return "、"


@cache
def code_table() -> dict[str, tuple[str, int]]:
    """Return each code's words and its WMO code."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {code: (words, int(wmo)) for code, words, wmo in rows}
