"""One recording against one sentence: how well each phone fits, what was said instead, and when.

Goodness of phone i is log P(recording | sentence) - log P(recording | sentence with phone i changed to any phone or
left out): never above 0, and no alignment is needed. When a phone was clearly another one or missing, times are
taken from the sentence as it was really said, or one wrong phone would move its neighbours.

Sources: Witt & Young 2000 and Hu et al. 2015 (goodness of pronunciation), Cao et al. 2025, arXiv 2507.16838 (without
alignment). Called by reference.py and analyser.py.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.engines.pronunciation import ctc
from jobs.engines.pronunciation.acoustics import HOP_SECONDS, Acoustics
from jobs.engines.pronunciation.sentence import Sentence
from jobs.engines.pronunciation.warping import SCALES

Array = npt.NDArray[Any]

# Natural-log odds from which another phone, or none, is taken for what was said.
SURE = 3.0
OMITTED = -1
# Stands for the goodness and the odds of a phone that was never begun.
UNSAID = 30.0

# What it costs the best path to leave out a run of phones, natural log: less than to squeeze them into silence, more
# than to say all of them wrong.
_OPEN_COST, _STEP_COST = 8.0, 2.0
_SHORTEST_GAP, _FEWEST_SAID = 3, 3
# About 10 s of speech.
_MANY_LABELS = 120


@dataclass(frozen=True)
class Heard:
    """
    Per phone of the sentence, shape (n,): goodness (0 at best), rival (index of the likeliest other symbol, OMITTED
    for none at all), odds (of the rival against the phone, natural log), said (False within a run that is missing),
    onsets (seconds, ascending).

    end: where the last phone ends, seconds.
    misfit: by how much the sentence explains the recording worse than the best free choice of phones, natural log a
    phone. difference: the edit distance between that choice and what was said of the sentence, as a share of it.
    scale: of the speaker's resonances, against the model's (warping.py).
    """

    goodness: Array
    rival: Array
    odds: Array
    said: Array
    onsets: Array
    end: float
    misfit: float
    difference: float
    scale: float


def has_room(sentence: Sentence, seconds: float) -> bool:
    """Return whether a recording of `seconds` has a frame for each phone, and one between two of a kind."""
    tokens = sentence.tokens
    repeated = sum(one == other for one, other in pairwise(tokens))
    return int(seconds / HOP_SECONDS) > len(tokens) + repeated + 2


def hear(hearings: Array, sentence: Sentence, acoustics: Acoustics) -> Heard:
    """
    hearings: what the model says through each filter bank, shape (scales, frames, symbols); the likeliest counts.

    There must be room: has_room().
    """
    labels, trim = _labels(sentence, acoustics)
    scale = _likeliest(hearings, labels, acoustics.blank)
    frames = hearings[scale].astype(np.float64)
    # The other filter banks are done with: of two minutes of English they are 0.02 GB, beneath all that follows.
    del hearings
    said = _said(frames, labels, trim, acoustics.blank)
    kept = np.ones(len(labels), dtype=bool)
    kept[trim] = said
    near = ctc.best_path(frames, labels[kept], acoustics.blank)
    whole = ctc.lattice(frames, labels[kept], acoustics.blank, near)
    rivals = np.array([list(acoustics.symbols).index(symbol) for symbol in acoustics.rivals])
    inner = slice(trim.start, trim.start + int(said.sum()))
    changed, left_out = (part[inner] for part in ctc.changed(whole, rivals, near))
    total = np.maximum(np.logaddexp(np.logaddexp.reduce(changed, axis=1), left_out), whole.total)
    others = np.where(rivals[None, :] == labels[kept][inner][:, None], ctc.NEVER, changed)
    count = len(said)
    goodness, odds = np.full(count, -UNSAID), np.full(count, UNSAID)
    rival = np.full(count, OMITTED)
    goodness[said] = whole.total - total
    rival[said] = np.where(left_out > others.max(axis=1), OMITTED, rivals[others.argmax(axis=1)])
    odds[said] = np.maximum(others.max(axis=1), left_out) - whole.total
    onsets = _onsets(frames, labels, trim, acoustics.blank, rival, odds)
    return Heard(
        goodness=goodness,
        rival=rival,
        odds=odds,
        said=said,
        onsets=onsets * HOP_SECONDS,
        end=_end(frames, acoustics, onsets) * HOP_SECONDS,
        misfit=(float(frames.max(axis=1).sum()) - whole.total) / max(1, int(said.sum())),
        difference=_difference(_free(frames, acoustics), labels[trim][said]),
        scale=SCALES[scale],
    )


def _likeliest(hearings: Array, labels: Array, blank: int) -> int:
    """Return through which filter bank the sentence, or in a long text anything at all, is heard best."""
    if len(labels) > _MANY_LABELS:
        # The sum over a sentence's paths costs the product of both lengths, five times over.
        return int(hearings.max(axis=2).sum(axis=1).argmax())
    return int(ctc.totals(hearings, labels, blank).argmax())


def _said(frames: Array, labels: Array, trim: slice, blank: int) -> Array:
    """Return which phones were said at all: runs of three and more may be missing, the others are judged one by one."""
    said = ctc.spoken(frames, labels, blank, open_cost=_OPEN_COST, step_cost=_STEP_COST)[trim]
    _absorb(said, value=True, shorter_than=2)
    _absorb(said, value=False, shorter_than=_SHORTEST_GAP)
    return said if said.sum() >= _FEWEST_SAID else np.ones_like(said)


def _absorb(flags: Array, *, value: bool, shorter_than: int) -> None:
    """Turn runs of `value` that are shorter into the other."""
    edges = np.flatnonzero(np.diff(np.concatenate([[not value], flags, [not value]]) == value))
    for start, end in edges.reshape(-1, 2):
        if end - start < shorter_than and end - start < len(flags):
            flags[start:end] = not value


def _free(frames: Array, acoustics: Acoustics) -> Array:
    """Return what would be heard without knowing the sentence, as symbol indices."""
    heard = frames.argmax(axis=1)
    heard = heard[np.append(True, heard[1:] != heard[:-1])]
    return np.asarray(heard[(heard != acoustics.blank) & (heard != acoustics.edge)])


def _difference(heard: Array, labels: Array) -> float:
    """Return the edit distance of what was heard to the sentence, as a share of the sentence."""
    row = np.arange(len(labels) + 1)
    places = np.arange(len(labels) + 1)
    for number, symbol in enumerate(heard, start=1):
        swapped = np.append(number, np.minimum(row[:-1] + (labels != symbol), row[1:] + 1))
        row = np.minimum.accumulate(swapped - places) + places
    return float(row[-1] / len(labels))


def _labels(sentence: Sentence, acoustics: Acoustics) -> tuple[Array, slice]:
    index = {symbol: number for number, symbol in enumerate(acoustics.symbols)}
    labels = [index[token] for token in sentence.tokens]
    if acoustics.edge is None:
        return np.array(labels), slice(0, len(labels))
    return np.array([acoustics.edge, *labels, acoustics.edge]), slice(1, len(labels) + 1)


def _onsets(frames: Array, labels: Array, trim: slice, blank: int, rival: Array, odds: Array) -> Array:
    """Return the frame at which each phone is entered, by the best path through what was really said."""
    really = labels.copy()
    really[trim] = np.where(odds > SURE, rival, labels[trim])
    kept = really != OMITTED
    places = np.arange(len(labels))
    # A missing phone is given the place between its neighbours, so that every phone has one.
    return np.asarray(np.interp(places, places[kept], ctc.best_path(frames, really[kept], blank))[trim])


def _end(log_posteriors: Array, acoustics: Acoustics, onsets: Array) -> float:
    """Return the frame after which nothing but silence is heard."""
    quiet = log_posteriors[:, acoustics.blank].copy()
    if acoustics.edge is not None:
        quiet = np.logaddexp(quiet, log_posteriors[:, acoustics.edge])
    spoken = np.flatnonzero(quiet < np.log(0.5))
    last = onsets[-1] if len(onsets) else 0.0
    return float(max(last + 1, spoken[-1] + 1 if len(spoken) else 0))
