"""How well each phone was said, from 0 to 100, relative to the reference voice.

Called by analyser.py.
"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.pronunciation import weights
from jobs.engines.pronunciation.acoustics import Array
from jobs.engines.pronunciation.hearing import OMITTED, Heard
from jobs.engines.pronunciation.sentence import Sentence


@dataclass(frozen=True)
class Accuracy:
    """scores, is_omitted: per phone, shape (n,). overall and completeness: 0 to 100."""

    scores: Array
    is_omitted: Array
    counted: Array  # phones that everybody says; a devoiced vowel is not one of them
    overall: float
    completeness: float


def judge(sentence: Sentence, heard: Heard, reference: Heard) -> Accuracy:
    deficit = np.maximum(0.0, np.maximum(reference.goodness, weights.LOWEST_GOODNESS) - heard.goodness)
    deficit = np.maximum(0.0, deficit - weights.FORGIVEN)
    scores = 100.0 * np.exp(-deficit / weights.DEFICIT_SCALE)
    lost = (heard.rival == OMITTED) & (heard.odds > weights.OMISSION_ODDS)
    known = (reference.rival == OMITTED) & (reference.odds > heard.odds - weights.OMISSION_ODDS)
    is_omitted = lost & ~known
    counted = np.array([not phone.is_soft for phone in sentence.phones])
    if not counted.any():
        counted = np.ones_like(counted)
    return Accuracy(
        scores=scores,
        is_omitted=is_omitted,
        counted=counted,
        overall=float(scores[counted].mean()),
        completeness=float(100.0 * (1.0 - is_omitted[counted].mean())),
    )
