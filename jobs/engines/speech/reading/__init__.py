"""Turn what people type into what a Japanese reader would say, before OpenJTalk sees it.

    -3℃。https://example.com のAPI、やばいwww 😂  ->  マイナス3度。リンク のエーピーアイ、やばいワラ、なきわらい

Pure and linear: no dictionary, no state, no more than a fixed number of steps for each character. Doing it
twice changes nothing. What belongs to a chat service (mentions, markdown, its own emoji) is not known here.

Called by openjtalk.py.
"""

import re

from jobs.engines.speech.reading.characters import bound_repeats, clean
from jobs.engines.speech.reading.chat import drop_faces, read_chat, read_links
from jobs.engines.speech.reading.emoji import read_emoji
from jobs.engines.speech.reading.latin import read_latin
from jobs.engines.speech.reading.numbers import read_numbers
from jobs.engines.speech.reading.tables import read_rows

__all__ = ["normalise"]

_SIGNS = str.maketrans({
    "!": "！", "?": "？", "%": "パーセント", "&": "アンド", "@": "アット", "+": "プラス", "=": "イコール", "÷": "割る",
    "≠": "ノットイコール", "×": "バツ", "○": "マル", "◯": "マル", "〇": "マル", "◎": "ニジュウマル", "△": "サンカク",
    "□": "シカク", "〒": "郵便番号", "§": "セクション", "$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円",
    "°": "度", "∞": "無限大", "√": "ルート",
})  # fmt: skip
_MISREADINGS = [(re.compile(pattern), reading) for pattern, reading in read_rows("misreadings")]

# What may reach the engine. The rest makes a short pause if it divides, and nothing if it only decorates.
_DIVIDES = re.compile(r"[,:;/|→←⇒⇔↔・「」『』（）()【】〈〉《》\[\]{}<>—―─━…~〜\\]+")
_UNSPEAKABLE = re.compile(r"[^ぁ-ゖァ-ヺー々一-鿿㐀-䶿\U00020000-\U0003134f\u0391-\u03c90-9.、。！？ -]+")
_NAME_DOT = re.compile(r"(?<=[ァ-ヺー])・(?=[ァ-ヺ])")
_QUOTE_END = re.compile(r"[」』](?=[とってのはがをにもでだ])")
_LOOSE_DOT = re.compile(r"(?<![0-9])\.+|\.+(?![0-9])")
_LOOSE_HYPHEN = re.compile(r"(?<![0-9])-+|-+(?![0-9])")
_LOOSE_LONG_VOWEL = re.compile(r"(?:(?<=[、。！？ ])|^)ー+")
_PAUSES = re.compile(r"[、。！？ ]{2,}")

# A rule may make room for an earlier one (w after a sign that is dropped). The second pass nearly always finds nothing.
_MAX_PASSES = 5


def normalise(text: str) -> str:
    """
    Return `text` as it should be read: kana, kanji, digits and 、。！？, on one line.

    Empty when nothing in it can be said. Greek letters stay, the dictionary has them.
    """
    for _ in range(_MAX_PASSES):
        before, text = text, _apply_rules(text)
        if text == before:
            break
    return text


def _apply_rules(text: str) -> str:
    text = read_emoji(drop_faces(read_links(text)))
    text = clean(text)
    text = _NAME_DOT.sub("", read_numbers(read_chat(text)))
    text = read_latin(text)
    return _tidy(_read_misread(_read_signs(text)))


def _read_signs(text: str) -> str:
    text = _LOOSE_HYPHEN.sub(" ", _LOOSE_DOT.sub("。", _QUOTE_END.sub("", text)))
    return _UNSPEAKABLE.sub("", _DIVIDES.sub("、", text.translate(_SIGNS)))


def _read_misread(text: str) -> str:
    for pattern, reading in _MISREADINGS:
        text = pattern.sub(reading, text)
    return text


def _tidy(text: str) -> str:
    """Return `text` with one sign for each pause, the strongest, and none at the start."""
    text = bound_repeats(_PAUSES.sub(_strongest, _LOOSE_LONG_VOWEL.sub("", text)))
    return text.strip(" 、").lstrip("。！？ 、")


def _strongest(signs: re.Match[str]) -> str:
    return next(sign for sign in "？！。、 " if sign in signs.group())
