"""Where each mora or syllable lies in time, and how long it lasts.

A unit begins where the model first hears one of its phones. The network's spikes come a little after the sound, in the
reference as in the recording, so differences cancel. Measured against the voice's own durations: bias 5 ms, mean
error 23 ms. Called by fluency.py, rhythm.py and pitch.py.
"""

import numpy as np

from jobs.engines.pronunciation.acoustics import Array
from jobs.engines.pronunciation.hearing import Heard
from jobs.engines.pronunciation.sentence import Sentence


def unit_onsets(sentence: Sentence, heard: Heard) -> Array:
    """Return seconds, shape (units + 1,): the last is where the last unit ends."""
    onsets = [float(heard.onsets[unit.first : unit.end].mean()) for unit in sentence.units]
    return np.array([*onsets, max(heard.end, onsets[-1])])


def beats(sentence: Sentence, heard: Heard) -> Array:
    """
    Return where the vowel of each unit begins, seconds, shape (units + 1,): there listeners hear the beat.

    Source: Morton, Marcus & Frankish 1976 (perceptual centres).
    """
    found = []
    for unit in sentence.units:
        vowels = [heard.onsets[place] for place in range(unit.first, unit.end) if sentence.phones[place].is_vowel]
        found.append(float(np.mean(vowels)) if vowels else float(heard.onsets[unit.first]))
    return np.array([*found, max(heard.end, float(heard.onsets[-1]))])


def phone_bounds(heard: Heard) -> Array:
    """Return where each phone begins and ends, seconds, shape (n, 2): half-way between the spikes of neighbours."""
    borders = (heard.onsets[1:] + heard.onsets[:-1]) / 2
    first = max(0.0, heard.onsets[0] - 0.04) if len(heard.onsets) else 0.0
    return np.stack([np.append(first, borders), np.append(borders, max(heard.end, heard.onsets[-1]))], axis=1)


def overlap(start: float, end: float, spans: tuple[tuple[float, float], ...]) -> float:
    """Return for how many seconds `spans` cover start to end."""
    return sum(max(0.0, min(end, last) - max(start, first)) for first, last in spans)
