"""Pauses where the reference has none, and a pace far from its own.

Pauses come from the voice activity network and not from energy, which noise of 20 dB blinds. The pace is the
articulation rate, pauses left out, so that a pause costs once.

Source: de Jong & Wempe 2009 (what is counted: pauses, articulation rate against speech rate). Called by analyser.py.
"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.pronunciation import weights
from jobs.engines.pronunciation.acoustics import Array
from jobs.engines.pronunciation.port import Pause
from jobs.engines.pronunciation.sentence import Sentence
from jobs.engines.pronunciation.vad import SHORTEST_PAUSE_SECONDS, Speech


@dataclass(frozen=True)
class Fluency:
    score: float
    pauses: tuple[Pause, ...]
    rate: float  # units a second of speech
    reference_rate: float

    @property
    def pace(self) -> float:
        """How many times as fast as the reference."""
        return self.rate / self.reference_rate if self.reference_rate else 1.0


def judge(
    sentence: Sentence, said: Array, onsets: Array, speech: Speech, reference_onsets: Array, reference: Speech
) -> Fluency:
    """said: hearing.Heard.said. onsets: timing.unit_onsets of both, each on its own clock."""
    pauses = tuple(_pauses(sentence, onsets, speech))
    expected = {pause.after_unit: pause for pause in _pauses(sentence, reference_onsets, reference)}
    lost = sum(_cost(pause, expected.get(pause.after_unit)) for pause in pauses)
    units_said = sum(bool(said[unit.first : unit.end].any()) for unit in sentence.units)
    rate = max(1, units_said) / max(speech.seconds, 0.1)
    reference_rate = len(sentence.units) / max(reference.seconds, 0.1)
    pace = abs(float(np.log(rate / reference_rate)))
    excess = max(0.0, pace - np.log(weights.FREE_PACE))
    # A long text has room for a breath more.
    length = max(1.0, reference.seconds / weights.PAUSE_PER_SECONDS)
    score = 100.0 * float(np.exp(-weights.PAUSE_COST * lost / length - weights.PACE_COST * excess))
    return Fluency(score, pauses, rate, reference_rate)


def _pauses(sentence: Sentence, onsets: Array, speech: Speech) -> list[Pause]:
    found = []
    for (_, end), (start, _) in zip(speech.spans, speech.spans[1:], strict=False):
        after = int(np.searchsorted(onsets[:-1], (start + end) / 2)) - 1
        units = sentence.units
        at_border = 0 <= after < len(units) - 1 and units[after].group != units[after + 1].group
        found.append(Pause(end, start, at_border, after))
    return found


def _cost(pause: Pause, expected: Pause | None) -> float:
    """Return how many ordinary pauses this one weighs; one that the reference makes too is free up to its length."""
    length = pause.end_seconds - pause.start_seconds
    if pause.is_expected or expected is not None:
        usual = expected.end_seconds - expected.start_seconds if expected else weights.USUAL_PAUSE_SECONDS
        length -= max(weights.USUAL_PAUSE_SECONDS, usual * 1.5)
    else:
        length -= SHORTEST_PAUSE_SECONDS
    if length <= 0:
        return 0.0
    return min(weights.MOST_A_PAUSE_WEIGHS, 0.5 + 0.5 * length / weights.ORDINARY_PAUSE_SECONDS)
