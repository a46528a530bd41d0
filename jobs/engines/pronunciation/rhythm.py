"""How the lengths of morae or syllables stand to each other, whatever the tempo.

A length is the time from one beat to the next (alignment.py). Each is compared with the reference's at the recording's
own tempo (the median ratio), as a ratio, so that twice as long weighs what half as long does; 10 ms are forgiven, which
is how exactly times are known. A length that a pause lies in counts nothing: fluency has judged the pause. One whose
sounds were said wrong counts less the wronger they were, since another sound has another length by nature; when few
clear ones are left the score knows little and says little. nPVI is given beside it: for Japanese it is low.

Sources: Grabe & Low 2002 (nPVI); Dellwo 2006, White & Mattys 2007 (measures free of tempo); Peterson & Lehiste 1960
(lengths that belong to a sound). Called by analyser.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.engines.pronunciation import weights
from jobs.engines.pronunciation.accuracy import Accuracy
from jobs.engines.pronunciation.acoustics import Array
from jobs.engines.pronunciation.port import Pause
from jobs.engines.pronunciation.sentence import Sentence


@dataclass(frozen=True)
class Rhythm:
    score: float
    ratios: Array  # per unit, NaN where it was not compared
    npvi: float
    reference_npvi: float


def judge(sentence: Sentence, beats: Array, reference: Array, judged: Accuracy, pauses: Sequence[Pause] = ()) -> Rhythm:
    """beats, reference: alignment.beats."""
    lengths, usual = np.diff(beats), np.diff(reference)
    weight = clearness(sentence, judged)
    border = [one.group != other.group for one, other in zip(sentence.units, sentence.units[1:], strict=False)]
    # The last unit's end, and the one before a pause of the reference, are where somebody falls silent.
    weight[np.array([*border, True])] = 0.0
    for pause in pauses:
        weight[(beats[1:] > pause.start_seconds) & (beats[:-1] < pause.end_seconds)] = 0.0
    compared = weight > 0
    npvi, usual_npvi = _npvi(lengths, compared), _npvi(usual, compared)
    ratios = np.maximum(lengths, weights.SHORTEST_SECONDS) / np.maximum(usual, weights.SHORTEST_SECONDS)
    if not compared.any():
        # Nothing is known: what was left out or said wrong caps the score elsewhere (gates.caps).
        return Rhythm(100.0, np.full(len(lengths), np.nan), npvi, usual_npvi)
    ratios = ratios / _weighted_median(ratios[compared], weight[compared])
    expected = np.maximum(usual, weights.SHORTEST_SECONDS)
    error = np.abs(np.log(ratios)) - np.log1p(weights.FORGIVEN_SECONDS / expected)
    error = np.clip(error, 0.0, weights.WORST_LENGTH)
    mean = float((weight * error).sum() / (weight.sum() + weights.DOUBTED_LENGTHS))
    excess = max(0.0, mean - weights.FREE_RHYTHM)
    ratios[~compared] = np.nan
    return Rhythm(100.0 * float(np.exp(-weights.RHYTHM_COST * excess)), ratios, npvi, usual_npvi)


def clearness(sentence: Sentence, judged: Accuracy) -> Array:
    """Return for each length how surely it is the length of what was to be said, 0 to 1."""
    phone = np.clip((judged.scores - weights.HEARD_FROM) / (weights.CLEAR_FROM - weights.HEARD_FROM), 0.0, 1.0)
    phone = np.where(judged.is_omitted, 0.0, phone)
    unit = np.array([phone[unit.first : unit.end].min() for unit in sentence.units])
    # A length ends where the next unit's vowel begins.
    return np.asarray(np.minimum(unit, np.append(unit[1:], unit[-1:])))


def _weighted_median(values: Array, weight: Array) -> float:
    order = np.argsort(values)
    middle = np.cumsum(weight[order]) - weight[order] / 2
    return float(np.interp(weight.sum() / 2, middle, values[order]))


def _npvi(lengths: Array, compared: Array) -> float:
    """Return 100 times the mean of |d - d'| / ((d + d') / 2) over neighbours that are both compared."""
    both = compared[1:] & compared[:-1]
    first, second = lengths[:-1][both], lengths[1:][both]
    if not len(first):
        return 0.0
    return float(100 * np.mean(np.abs(first - second) / np.maximum((first + second) / 2, 0.01)))
