"""Which moment of a recording is which moment of its reference: the two are laid on each other by their sound.

The networks' spikes tell what was said and about where. They lie a frame or two beside it, which is a fifth of an
English syllable, and jump when a sound is unclear. So spectra are aligned (dynamic time warping) in a corridor around
the spikes, pauses left out, and a unit's beat is sought where its vowel begins to sound in the reference. Where a
stretch was said wrong there are no spikes to trust: the corridor then goes straight from the last one to the next.

Limits: exact to about a hundredth of a second for the reference's own voice, less for others. Mandarin has no
reference that sounds, and stays with the spikes. Time and memory are linear in the length.
Sources: Sakoe & Chiba 1978 (warping); Davis & Mermelstein 1980 (cepstra); Morton, Marcus & Frankish 1976 (beats).
Called by analyser.py.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jobs.engines.pronunciation import timing
from jobs.engines.pronunciation.acoustics import Array
from jobs.engines.pronunciation.hearing import SURE, Heard
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ, Wave
from jobs.engines.pronunciation.reference import Reference
from jobs.engines.pronunciation.sentence import Sentence
from jobs.engines.pronunciation.vad import Speech
from jobs.engines.pronunciation.warping import warped

STEP_SECONDS = 0.01
CEPSTRA = 13
_HOP, _SIZE, _FFT = 160, 400, 512
# Looked at together: two minutes in one piece take 0.05 GB more.
_PORTION_FRAMES = 500
_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 26, 80.0, 7_000.0
# Below the loudest band of a recording, natural log of the power (39 dB): what lies deeper is the room's.
_DEPTH = 9.0
# By which factor the recording's resonances may lie above the reference's. The networks' own choice serves them, and
# often leaps from one recording of a voice to the next; here it is the one that is nearest along the first path.
_SCALES = (1.0, 0.88, 1.14)
# How far the spikes may be wrong, and a stretch without them off its tempo.
_CORRIDOR_SECONDS = 0.35
# The network that finds speech hears its end late: so much of a pause stays at both sides.
_EDGE_SECONDS = 0.06
# A step that advances one side alone costs so much more: a path without need of it is straight.
_DETOUR = 0.1
_FAR = 1e30
# Where a vowel's beginning is sought around its spike, and how many steps are compared on either side of a moment.
_BEFORE_SECONDS, _AFTER_SECONDS = 0.06, 0.03
_SIDE = 3


@dataclass(frozen=True)
class Laid:
    """
    moments: when each step of the reference is heard in the recording, seconds, shape (steps,).

    spectrum: the reference's cepstra at those steps, shape (steps, CEPSTRA).
    """

    moments: Array
    spectrum: Array

    def moment(self, seconds: Array) -> Array:
        """Return when the reference's `seconds` are heard in the recording."""
        return np.interp(seconds, np.arange(len(self.moments)) * STEP_SECONDS, self.moments)


def lay(part: Wave, heard: Heard, speech: Speech, reference: Reference) -> Laid | None:
    """
    part: what `heard` and `speech` have their times in. None when the reference has no sound.

    Only what lies between the pauses of both is compared.
    """
    if not len(reference.wave):
        return None
    theirs, power = cepstra(_power(reference.wave)), _power(part)
    rows, columns = _spoken(len(theirs), reference.speech), _spoken(len(power), speech)
    centre = np.searchsorted(columns, _expected(rows * STEP_SECONDS, reference.heard, heard) / STEP_SECONDS)
    corridor = _corridor(centre, len(columns))
    wanted = _shape(theirs)[rows]
    mine = [_shape(cepstra(power, scale))[columns] for scale in _SCALES]
    steps = _cheapest(wanted, mine[0], *corridor)
    nearest = min(range(len(mine)), key=lambda scale: _apart(wanted, mine[scale], steps))
    if nearest:
        steps = _cheapest(wanted, mine[nearest], *corridor)
    moments = np.interp(np.arange(len(theirs)), rows, np.interp(steps, np.arange(len(columns)), columns))
    return Laid(moments * STEP_SECONDS, theirs)


def _apart(theirs: Array, mine: Array, steps: Array) -> float:
    return float(np.sqrt(np.square(mine[np.round(steps).astype(int)] - theirs).sum(axis=1)).sum())


def beats(laid: Laid | None, sentence: Sentence, heard: Heard, reference: Reference) -> tuple[Array, Array]:
    """Return where each unit's vowel begins in the recording and in the reference, seconds, shape (units + 1,)."""
    theirs = timing.beats(sentence, reference.heard)
    if laid is None:
        return timing.beats(sentence, heard), theirs
    theirs = _sharpened(theirs, laid.spectrum)
    return laid.moment(theirs), theirs


def _sharpened(beats: Array, found: Array) -> Array:
    """Return `beats` moved to where the spectrum `found` changes most near them; the last is where speech ends."""
    change = np.zeros(len(found))
    sums = np.cumsum(np.concatenate([np.zeros((1, CEPSTRA)), found]), axis=0)
    inside = np.arange(_SIDE, len(found) - _SIDE)
    after, before = sums[inside + _SIDE] - sums[inside], sums[inside] - sums[inside - _SIDE]
    change[inside] = np.linalg.norm(after - before, axis=1)
    moved = beats.copy()
    for number, beat in enumerate(beats[:-1]):
        first = max(0, round((beat - _BEFORE_SECONDS) / STEP_SECONDS))
        last = min(len(found), round((beat + _AFTER_SECONDS) / STEP_SECONDS) + 1)
        if last > first:
            moved[number] = (first + int(change[first:last].argmax())) * STEP_SECONDS
    return np.maximum.accumulate(moved)


def _power(wave: Wave) -> Array:
    """Return the power spectrum each STEP_SECONDS, shape (steps, bins)."""
    padded = np.pad(np.asarray(wave, dtype=np.float32), _SIZE // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP]
    window = np.hanning(_SIZE).astype(np.float32)
    portions = (frames[first : first + _PORTION_FRAMES] * window for first in range(0, len(frames), _PORTION_FRAMES))
    return np.concatenate([np.abs(np.fft.rfft(portion, _FFT, axis=1)) ** 2 for portion in portions])


def cepstra(power: Array, scale: float = 1.0) -> Array:
    """Return the spectrum's shape, its frequencies taken down by `scale`, shape (steps, CEPSTRA)."""
    bands = np.log(power @ _bank(scale) + 1e-10)
    bands = np.maximum(bands, np.percentile(bands, 99) - _DEPTH)
    return np.asarray(bands @ _cosines())


@lru_cache(maxsize=8)
def _bank(scale: float) -> Array:
    """Return triangles of even width in mel, shape (bins, _BANDS)."""
    lowest, highest = (float(2595 * np.log10(1 + hertz / 700)) for hertz in (_LOWEST_HZ, _HIGHEST_HZ))
    corners = np.linspace(lowest, highest, _BANDS + 2)
    edges = 700 * (10 ** (corners / 2595) - 1)
    bins = np.arange(_FFT // 2 + 1)[:, None] * SAMPLE_RATE_HZ / _FFT
    rise, fall = (bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]
    return warped(np.maximum(0.0, np.minimum(rise, fall)), scale)


@lru_cache(maxsize=1)
def _cosines() -> Array:
    places = (np.arange(_BANDS) + 0.5)[:, None] * np.arange(CEPSTRA)[None, :]
    return np.asarray(np.cos(np.pi * places / _BANDS) * np.sqrt(2 / _BANDS))


def _shape(found: Array) -> Array:
    """Return cepstra free of channel and loudness, with how they move, shape (steps, 2 * CEPSTRA)."""
    even = (found - found.mean(axis=0)) / np.maximum(found.std(axis=0), 0.1)
    around = np.pad(even, ((2, 2), (0, 0)), mode="edge")
    moving = (around[4:] - around[:-4]) * 2 + around[3:-1] - around[1:-3]
    return np.concatenate([even, moving / np.maximum(moving.std(axis=0), 0.1)], axis=1)


def _spoken(count: int, speech: Speech) -> Array:
    """Return which steps lie in no pause."""
    kept = np.ones(count, dtype=bool)
    for (_, end), (start, _) in zip(speech.spans, speech.spans[1:], strict=False):
        kept[int((end + _EDGE_SECONDS) / STEP_SECONDS) : int((start - _EDGE_SECONDS) / STEP_SECONDS)] = False
    return np.flatnonzero(kept)


def _expected(seconds: Array, reference: Heard, heard: Heard) -> Array:
    """Return about when the reference's `seconds` are heard, by the spikes alone."""
    # Of what was missing or clearly another phone, the spike is a guess between its neighbours.
    sure = heard.said & (heard.odds <= SURE)
    theirs = np.concatenate([[0.0], reference.onsets[sure], [reference.end, reference.end + 10.0]])
    first, last = heard.onsets[0] - reference.onsets[0], max(heard.end, heard.onsets[-1])
    mine = np.concatenate([[first], heard.onsets[sure], [last, last + 10.0]])
    # Spikes may coincide; interpolation wants them apart.
    return np.asarray(np.interp(seconds, theirs + np.arange(len(theirs)) * 1e-6, mine))


def _corridor(centre: Array, count: int) -> tuple[Array, Array]:
    """Return the first column of each row, and the one behind its last: both ascending, each row touching the next."""
    reach = int(_CORRIDOR_SECONDS / STEP_SECONDS)
    low = np.clip(centre - reach, 0, count - 1)
    high = np.clip(centre + reach + 1, 1, count)
    low[0], high[-1] = 0, count
    low, high = np.minimum.accumulate(low[::-1])[::-1], np.maximum.accumulate(high)
    # Where the corridor leaps, a row reaches to where the next begins.
    high[:-1] = np.maximum(high[:-1], low[1:] + 1)
    return low, high


def _cheapest(theirs: Array, mine: Array, low: Array, high: Array) -> Array:
    """Return the step of `mine` that each of `theirs` is laid on by the cheapest path."""
    return _path(_reached(theirs, mine, low, high), low, len(mine))


def _reached(theirs: Array, mine: Array, low: Array, high: Array) -> list[Array]:
    """Return for each row of `theirs` what the cheapest path to each column of its corridor costs."""
    reached = np.full(len(mine) + 1, _FAR)  # shifted by one: [0] stands before the first column
    reached[0] = 0.0
    totals: list[Array] = []
    for row, (first, end) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        cost = np.sqrt(np.square(mine[first:end] - theirs[row]).sum(axis=1))
        straight, down = reached[first:end], reached[first + 1 : end + 1] + _DETOUR
        entered = np.minimum(straight, down) + cost
        # Along the row: the least of every way in and of all that is passed from there.
        passed = np.cumsum(cost + _DETOUR)
        total = np.minimum.accumulate(entered - passed) + passed
        reached[low[row - 1] if row else 0 : end + 1] = _FAR
        reached[first + 1 : end + 1] = total
        totals.append(total)
    return totals


def _path(totals: list[Array], low: Array, count: int) -> Array:
    """Go back the way that was cheapest, and return the mean column of each row."""
    places = np.zeros(len(totals))
    column = count - 1
    for row in range(len(totals) - 1, -1, -1):
        last = column
        above = totals[row - 1] if row else None
        while column > low[row]:
            here = totals[row][column - low[row]]
            left = totals[row][column - 1 - low[row]]
            # It came along the row when that is cheaper than both ways from above.
            straight = _at(above, column - 1 - low[row - 1]) if above is not None else _FAR
            down = _at(above, column - low[row - 1]) + _DETOUR if above is not None else _FAR
            if min(straight, down) <= left + _DETOUR and here < _FAR:
                break
            column -= 1
        places[row] = (last + column) / 2
        if above is not None:
            straight, down = _at(above, column - 1 - low[row - 1]), _at(above, column - low[row - 1]) + _DETOUR
            column -= 1 if straight <= down else 0
    return places


def _at(total: Array, place: int) -> float:
    return float(total[place]) if 0 <= place < len(total) else _FAR
