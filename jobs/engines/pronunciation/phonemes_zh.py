"""From Chinese characters to syllables: pinyin's initial and final as IPA, and the tone. Experimental.

The acoustic model has learned no Mandarin; it is asked for the nearest of its symbols. Retroflexes and aspiration it
hears badly, tones not at all: those are judged by pitch. Taiwan's and the mainland's readings are not told apart.

Source: pypinyin (MIT). Called by reference_zh.py.
"""

import re
from typing import Any

from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.engines.pronunciation.sentence import Phone, Sentence, Unit

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "h",
    "j": "t͡ɕ", "q": "t͡ɕʰ", "x": "ɕ", "zh": "t͡ʃ", "ch": "t͡ʃ", "sh": "ʃ", "r": "ɹ", "z": "t s", "c": "t s", "s": "s",
    "y": "j", "w": "w",
}  # fmt: skip
_FINALS = {
    "a": "a", "o": "ɔ", "e": "ə", "i": "i", "u": "u", "v": "j u", "ai": "aɪ", "ei": "eɪ", "ao": "aʊ", "ou": "oʊ",
    "an": "a n", "en": "ə n", "ang": "a ŋ", "eng": "ə ŋ", "ong": "ʊ ŋ", "er": "ɚ", "ia": "j a", "ie": "j ɛ",
    "iao": "j aʊ", "iu": "j oʊ", "ian": "j ɛ n", "in": "i n", "iang": "j a ŋ", "ing": "i ŋ", "iong": "j ʊ ŋ",
    "ua": "w a", "uo": "w ɔ", "uai": "w aɪ", "ui": "w eɪ", "uan": "w a n", "un": "w ə n", "uang": "w a ŋ",
    "ve": "j ɛ", "van": "j ɛ n", "vn": "i n", "ue": "j ɛ",
}  # fmt: skip
_VOWELS = frozenset(["a", "ɔ", "ə", "i", "u", "aɪ", "eɪ", "aʊ", "oʊ", "ʊ", "ɛ", "ɚ"])
_SYLLABLE = re.compile("(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?([a-zv]+?)([1-5])?")
_BREAK = re.compile("[，。！？；：、,.!?;:]+")


def sentence_of(text: str) -> tuple[Sentence, tuple[int, ...]]:
    """
    Return the sentence and the tone of each syllable, 1 to 5 (5: neutral).

    Raises InputRejected (empty_speech), EngineUnavailable.
    """
    phones: list[Phone] = []
    units: list[Unit] = []
    tones: list[int] = []
    for group, clause in enumerate(part for part in _BREAK.split(text) if part.strip()):
        for character, reading in _readings(clause):
            found = _SYLLABLE.fullmatch(reading)
            if found is None or found.group(2) not in _FINALS:
                continue
            tokens = f"{_INITIALS.get(found.group(1) or '', '')} {_FINALS[found.group(2)]}".split()
            first = len(phones)
            phones += [Phone(token, token, len(units), is_vowel=token in _VOWELS) for token in tokens]
            units.append(Unit(character, first, len(phones), group, len(units)))
            tones.append(int(found.group(3) or 5))
    if not units:
        raise InputRejected("sentence", "empty_speech", "there is no Chinese character in it that can be read aloud")
    return Sentence("zh-TW", text, tuple(phones), tuple(units)), tuple(tones)


def _readings(clause: str) -> list[tuple[str, str]]:
    """Return each character with its reading, tone at the end: 媽 ma1. What is no character is left out."""
    pypinyin: Any
    try:
        import pypinyin
    except ImportError as error:
        raise EngineUnavailable("pypinyin") from error
    characters = [character for character in clause if "\u3400" <= character <= "\u9fff"]
    style = pypinyin.Style.TONE3
    read = pypinyin.pinyin("".join(characters), style=style, v_to_u=False, neutral_tone_with_five=True)
    return [(character, options[0]) for character, options in zip(characters, read, strict=False)]
