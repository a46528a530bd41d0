"""Mandarin by espeak-ng, syllable by syllable, so that chosen ones are wrong. For the validation alone.

A rule-made voice, the only one that speaks Mandarin without a net. It is under the GPL: the product neither holds nor
calls it, and this module does without when it is missing (group `validation`). Called by speakers.py and readings.py.
"""

import ctypes
from functools import lru_cache
from importlib.util import find_spec

import numpy as np

from jobs.engines.pronunciation import acoustics, phonemes_zh
from tests.validation.degrade import RATE_HZ

_SYNCHRONOUS, _UTF8, _CHARACTERS = 2, 1, 1
_RATE_PARAMETER, _WORDS_A_MINUTE = 1, 150
_INITIALS = ("b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "zh", "ch", "sh", "r", "z", "c", "s")


def is_here():
    return find_spec("espeakng_loader") is not None


def script_of(text):
    """Return breath groups of syllables: [["ma1", "ma5"], ["ni3", "hao3"]]."""
    found = [[reading for _, reading in phonemes_zh._readings(clause)] for clause in phonemes_zh._BREAK.split(text)]
    return [group for group in found if group]


def with_wrong_phones(script, sentence, share, random):
    """Return `script` with initials or finals changed, and which phones of `sentence` those are."""
    syllables = [syllable for group in script for syllable in group]
    assert len(syllables) == len(sentence.units)
    flags = np.zeros(len(sentence.phones), dtype=bool)
    for number in random.permutation(len(syllables)).tolist():
        if flags.sum() >= round(share * len(flags)):
            break
        initial, final, tone = _parts(syllables[number])
        unit = sentence.units[number]
        is_initial = initial and random.random() < 0.5
        others = [
            each for each in _all() if each != (initial, final) and each[is_initial] == (initial, final)[is_initial]
        ]
        others = [each for each in others if _tokens(*each) != _tokens(initial, final)]
        if others:
            other = others[random.integers(len(others))]
            syllables[number] = "".join(other) + tone
            first = unit.first + (0 if is_initial else len(phonemes_zh._INITIALS.get(initial, "").split()))
            end = unit.first + len(phonemes_zh._INITIALS.get(initial, "").split()) if is_initial else unit.end
            flags[first:end] = True
    return _regrouped(script, syllables), flags


def with_wrong_tones(script, share, seed):
    random = np.random.default_rng(seed)
    syllables = [syllable for group in script for syllable in group]
    count = round(share * len(syllables))
    for number in random.permutation(len(syllables))[:count].tolist():
        tone = syllables[number][-1]
        syllables[number] = syllables[number][:-1] + str(random.choice([each for each in "1234" if each != tone]))
    return _regrouped(script, syllables)


def say(script, speed=1.0):
    """Return the sound, RATE_HZ, at the level of a reading."""
    sound, rate_hz = _engine()(", ".join(" ".join(group) for group in script) + ".", speed)
    count = round(len(sound) * RATE_HZ / rate_hz)
    spectrum = np.fft.rfft(sound)[: count // 2 + 1]
    wave = np.pad(np.fft.irfft(spectrum, count) * count / len(sound), RATE_HZ * 3 // 10)
    loud = np.flatnonzero(np.abs(wave) > 0.02 * np.abs(wave).max())
    return acoustics.level(wave.astype(np.float32), [(loud[0] / RATE_HZ, loud[-1] / RATE_HZ)], RATE_HZ)


def _regrouped(script, syllables):
    rest = iter(syllables)
    return [[next(rest) for _ in group] for group in script]


def _parts(syllable):
    initial, final, tone = phonemes_zh._SYLLABLE.fullmatch(syllable).groups()
    return initial or "", final, tone or "5"


def _tokens(initial, final):
    return f"{phonemes_zh._INITIALS.get(initial, '')} {phonemes_zh._FINALS[final]}".split()


@lru_cache(maxsize=1)
def _all():
    """Return every syllable that some character has, as (initial, final)."""
    from pypinyin import Style, lazy_pinyin

    read = {syllable for code in range(0x4E00, 0x9FA5) for syllable in lazy_pinyin(chr(code), style=Style.NORMAL)}
    parts = [phonemes_zh._SYLLABLE.fullmatch(each) for each in sorted(read)]
    return [
        (found.group(1), found.group(2))
        for found in parts
        if found and found.group(1) in _INITIALS and found.group(2) in phonemes_zh._FINALS
    ]


@lru_cache(maxsize=1)
def _engine():
    """Return a function from pinyin and speed to (sound, rate)."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    parts = []
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    @kind
    def received(samples, count, _events):
        if samples and count > 0:
            parts.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        return 0

    rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    library.espeak_SetSynthCallback(received)
    assert rate_hz > 0
    assert library.espeak_SetVoiceByName(b"cmn-latn-pinyin") == 0

    def speak(text, speed):
        parts.clear()
        library.espeak_SetParameter(_RATE_PARAMETER, round(_WORDS_A_MINUTE * speed), 0)
        written = text.encode()
        library.espeak_Synth(written, len(written) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        return np.concatenate(parts) / 32_768.0, rate_hz

    speak.kept = received  # ctypes would let it go
    return speak
