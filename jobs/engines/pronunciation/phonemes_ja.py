"""From OpenJTalk's labels to phones and morae with their kana.

Called by reference.py.
"""

import re
from collections.abc import Iterable, Iterator

from jobs.engines.pronunciation.sentence import Phone, Sentence, Unit
from jobs.engines.speech.port import BreathGroup, Script

_PHONEME = re.compile(r"-([^+]+)\+")
_SILENT = frozenset(["pau", "sil", "xx"])
_VOWELS = "aiueo"

# Each consonant's row; the empty one is the vowels' own.
_ROWS = {
    "": "あ い う え お", "k": "か き く け こ", "s": "さ すぃ す せ そ", "t": "た てぃ とぅ て と",
    "n": "な に ぬ ね の", "h": "は ひ ほぅ へ ほ", "m": "ま み む め も", "y": "や い ゆ いぇ よ",
    "r": "ら り る れ ろ", "w": "わ うぃ う うぇ を", "g": "が ぎ ぐ げ ご", "z": "ざ ずぃ ず ぜ ぞ",
    "d": "だ でぃ どぅ で ど", "b": "ば び ぶ べ ぼ", "p": "ぱ ぴ ぷ ぺ ぽ", "f": "ふぁ ふぃ ふ ふぇ ふぉ",
    "v": "ゔぁ ゔぃ ゔ ゔぇ ゔぉ", "sh": "しゃ し しゅ しぇ しょ", "ch": "ちゃ ち ちゅ ちぇ ちょ",
    "ts": "つぁ つぃ つ つぇ つぉ", "j": "じゃ じ じゅ じぇ じょ", "ky": "きゃ き きゅ きぇ きょ",
    "gy": "ぎゃ ぎ ぎゅ ぎぇ ぎょ", "ny": "にゃ に にゅ にぇ にょ", "hy": "ひゃ ひ ひゅ ひぇ ひょ",
    "by": "びゃ び びゅ びぇ びょ", "py": "ぴゃ ぴ ぴゅ ぴぇ ぴょ", "my": "みゃ み みゅ みぇ みょ",
    "ry": "りゃ り りゅ りぇ りょ", "ty": "てゃ てぃ てゅ てぇ てょ", "dy": "でゃ でぃ でゅ でぇ でょ",
}  # fmt: skip
_KANA = {
    (consonant, vowel): kana
    for consonant, row in _ROWS.items()
    for vowel, kana in zip(_VOWELS, row.split(), strict=True)
}

# What the acoustic model has no symbol for, in the symbols that it has.
_SPELLING = {"kw": ("k", "w"), "gw": ("g", "w"), "fy": ("f", "y"), "vy": ("v", "y"), "N": ("n",)}


def kana_of(consonant: str, vowel: str) -> str:
    """Return how the mora is written in hiragana; romanised when no kana has that sound."""
    return _KANA.get((consonant, vowel), consonant + vowel)


def sentence_of(script: Script) -> Sentence:
    phones: list[Phone] = []
    units: list[Unit] = []
    for number, group in enumerate(script.groups):
        for mora in _moras(_spoken(group)):
            first = len(phones)
            phones += [phone for written in mora for phone in _phones(written, len(units))]
            units.append(Unit(_label(mora), first, len(phones), number, len(units)))
    return Sentence("ja", script.text, tuple(phones), tuple(units))


def _spoken(group: BreathGroup) -> Iterator[str]:
    for line in group.labels:
        found = _PHONEME.search(line)
        if found and found.group(1) not in _SILENT:
            yield found.group(1)


def _moras(written: Iterable[str]) -> Iterator[list[str]]:
    held: list[str] = []
    for phoneme in written:
        held.append(phoneme)
        if phoneme in ("N", "cl") or phoneme.lower() in _VOWELS:
            yield held
            held = []
    if held:
        yield held


def _phones(written: str, unit: int) -> Iterator[Phone]:
    is_devoiced = written in "AIUEO"
    for token in _SPELLING.get(written, (written.lower() if is_devoiced else written,)):
        yield Phone(token, written, unit, is_soft=is_devoiced or written == "cl", is_vowel=token in _VOWELS)


def _label(mora: list[str]) -> str:
    if mora[-1] == "N":
        return "ん"
    if mora[-1] == "cl":
        return "っ"
    return kana_of("".join(mora[:-1]), mora[-1].lower())
