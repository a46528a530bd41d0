"""An ideal reading of a Mandarin sentence, drawn up by rule: no voice that may be passed on reads it. Experimental.

Syllables of equal length at an ordinary pace, the five tones' textbook contours, and no opinion of the acoustic model
to subtract: scores are absolute, lower than they should be, and not validated on anything.

Source of the contours: Chao 1930, five levels. Called by reference.py.
"""

import numpy as np

from jobs.engines.pronunciation import f0
from jobs.engines.pronunciation.hearing import Heard
from jobs.engines.pronunciation.phonemes_zh import sentence_of
from jobs.engines.pronunciation.reference import EDGE_SECONDS, Reference
from jobs.engines.pronunciation.vad import Speech

VERSION = "rules-zh/1"
SYLLABLE_SECONDS, PAUSE_SECONDS = 0.22, 0.4
# How well a foreign language's model hears a right phone, natural log: without a voice it can only be guessed.
_USUAL_GOODNESS, _USUAL_MISFIT = -2.0, 1.5
# Chao's levels at the beginning, middle and end of each tone; a level is two and a half semitones.
_CONTOURS = {1: (5, 5, 5), 2: (3, 4, 5), 3: (2, 1, 3), 4: (5, 3, 1), 5: (3, 2.5, 2)}
_SEMITONES_A_LEVEL, _LOWEST_HZ = 2.5, 150.0


def made(text: str) -> Reference:
    """Raises InputRejected (empty_speech), EngineUnavailable."""
    sentence, tones = sentence_of(text)
    count = len(sentence.phones)
    starts = np.array(
        [EDGE_SECONDS + n * SYLLABLE_SECONDS + u.group * PAUSE_SECONDS for n, u in enumerate(sentence.units)]
    )
    onsets = np.zeros(count)
    for start, unit in zip(starts, sentence.units, strict=True):
        inside = np.arange(unit.end - unit.first) / (unit.end - unit.first)
        onsets[unit.first : unit.end] = start + inside * SYLLABLE_SECONDS
    end = float(starts[-1] + SYLLABLE_SECONDS)
    heard = Heard(
        goodness=np.full(count, _USUAL_GOODNESS),
        rival=np.zeros(count, dtype=np.int64),
        odds=np.zeros(count),
        said=np.ones(count, dtype=bool),
        onsets=onsets,
        end=end,
        misfit=_USUAL_MISFIT,
        difference=0.0,
        scale=1.0,
    )
    spans = []
    for group in sorted({unit.group for unit in sentence.units}):
        mine = starts[[unit.group == group for unit in sentence.units]]
        spans.append((float(mine[0]), float(mine[-1] + SYLLABLE_SECONDS)))
    speech = Speech(tuple(spans), np.zeros(0, dtype=np.float32))
    wave = np.zeros(0, dtype=np.float32)
    return Reference(sentence, wave, speech, heard, _hertz(tones, starts, end), VERSION)


def _hertz(tones: tuple[int, ...], starts: np.ndarray, end: float) -> np.ndarray:
    hertz = np.full(int((end + EDGE_SECONDS) / f0.STEP_SECONDS), np.nan)
    for tone, start in zip(tones, starts, strict=True):
        first, last = int(start / f0.STEP_SECONDS), int((start + SYLLABLE_SECONDS) / f0.STEP_SECONDS)
        levels = np.interp(np.linspace(0, 1, last - first), (0, 0.5, 1), _CONTOURS[tone])
        hertz[first:last] = _LOWEST_HZ * 2 ** (levels * _SEMITONES_A_LEVEL / 12)
    return hertz
