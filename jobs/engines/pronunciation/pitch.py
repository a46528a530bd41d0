"""Whether the melody goes as the reference's does, in whatever key.

Five moments of each unit's vowel, in semitones around the speaker's own mean; then correlation with the reference's,
times how much of its range is used. Flat speech and speech in a wrong accent both fall, a deep voice does not.

Called by analyser.py.
"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.pronunciation import f0, weights
from jobs.engines.pronunciation.acoustics import Array
from jobs.engines.pronunciation.port import MAX_CURVE_POINTS, PitchCurve
from jobs.engines.pronunciation.sentence import Sentence

_SAMPLES = 5  # of each unit's vowel, in the reference as in the recording


@dataclass(frozen=True)
class Melody:
    score: float
    semitones: Array  # per unit, around their mean; NaN without a voice
    reference: Array
    correlation: float
    range_ratio: float
    heard: Array  # per unit, semitones as they were heard, octaves and key included
    rest: Array  # the same against the reference


def per_unit(hertz: Array, sentence: Sentence, bounds: Array) -> Array:
    """
    Return the pitch at moments of each unit, semitones over 1 Hz, shape (units, _SAMPLES), NaN without a voice.

    bounds: timing.phone_bounds. Consonants bend the pitch and stop it, so a unit is heard in its vowel if it has one.
    """
    semitones = 12 * np.log2(hertz)
    found = np.full((len(sentence.units), _SAMPLES), np.nan)
    for number, unit in enumerate(sentence.units):
        vowels = [place for place in range(unit.first, unit.end) if sentence.phones[place].is_vowel]
        first, last = (vowels[0], vowels[-1]) if vowels else (unit.first, unit.end - 1)
        moments = np.linspace(bounds[first, 0], bounds[last, 1], _SAMPLES)
        steps = np.clip(np.round(moments / f0.STEP_SECONDS).astype(int), 0, max(0, len(hertz) - 1))
        if len(hertz):
            found[number] = semitones[steps]
    return found


def lasts(sentence: Sentence, bounds: Array, reference: Array) -> Array:
    """
    Return for which units the recording has room, shape (units,): something was said in their place, right or wrong.

    bounds: alignment.Laid.moment of `reference`, timing.phone_bounds. What was left out is laid on a moment.
    """
    first = [unit.first for unit in sentence.units]
    last = [unit.end - 1 for unit in sentence.units]
    ratio = (bounds[last, 1] - bounds[first, 0]) / np.maximum(reference[last, 1] - reference[first, 0], 0.01)
    # The tempo of what was said: less than a third of a sentence is refused before (gates.check_length).
    return np.asarray(ratio > weights.LEAST_ROOM * np.percentile(ratio, 75))


def judge(semitones: Array, reference: Array) -> Melody:
    """semitones, reference: per_unit of both."""
    both = ~np.isnan(semitones) & ~np.isnan(reference)
    if both.sum() < weights.FEWEST_PITCHES * _SAMPLES:
        empty = np.full(len(semitones), np.nan)
        return Melody(0.0, empty, empty, 0.0, 0.0, empty, empty)
    heard = semitones
    semitones = _same_octave(semitones, reference, both)
    mine = semitones - semitones[both].mean()
    theirs = reference - reference[both].mean()
    spread, usual = mine[both].std(), theirs[both].std()
    # Below a quarter of a semitone there is only the tracker's own unrest, and nothing to correlate.
    correlation = float(np.corrcoef(mine[both], theirs[both])[0, 1]) if min(spread, usual) > 0.25 else 0.0
    ratio = float(spread / max(usual, weights.SMALLEST_RANGE))
    used = min(1.0, ratio / weights.FREE_RANGE)
    overdone = min(1.0, weights.WIDEST_RANGE / max(ratio, 0.01))
    like = min(1.0, max(0.0, correlation) / weights.FREE_CORRELATION)
    score = 100.0 * like * used * overdone
    rest = _middle(heard - reference)
    return Melody(score, _middle(mine), _middle(theirs), correlation, ratio, _middle(heard), rest)


def _middle(values: Array) -> Array:
    """Return the median of each row without its NaN; NaN for a row that has nothing else."""
    return np.array([np.median(row[~np.isnan(row)]) if (~np.isnan(row)).any() else np.nan for row in values])


def _same_octave(semitones: Array, reference: Array, both: Array) -> Array:
    """
    Return `semitones` with moments an octave off brought back.

    A creaking voice is heard an octave low, and a few moments of that outweigh a whole melody. Nobody misses an accent
    by so much; and a flat voice that misses all of them stays near its own middle, and is left as it is.
    """
    rest = semitones - reference
    rest = rest - np.median(rest[both])
    own = semitones - np.median(semitones[both])
    is_off = (np.abs(rest) > weights.OCTAVE_FROM_SEMITONES) & (own * rest > 0) & (np.abs(own) > weights.FAR_SEMITONES)
    return np.asarray(semitones - 12.0 * np.sign(rest) * is_off)


def curves(
    hertz: Array, onsets: Array, reference_hertz: Array, reference_onsets: Array, *, offset: float
) -> PitchCurve:
    """
    Return both curves on the recording's clock, at most MAX_CURVE_POINTS each.

    offset: what is added to the onsets for that clock, seconds.
    """
    start, end = float(onsets[0]), float(max(onsets[-1], onsets[0] + f0.STEP_SECONDS))
    step = max(f0.STEP_SECONDS, (end - start) / (MAX_CURVE_POINTS - 1))
    times = np.arange(start, end, step)[:MAX_CURVE_POINTS]
    # Onsets may coincide; interpolation wants them apart.
    moments = onsets + np.arange(len(onsets)) * 1e-6
    return PitchCurve(
        step_seconds=round(step, 4),
        start_seconds=round(start + offset, 3),
        recording=_sampled(hertz, times),
        reference=_sampled(reference_hertz, np.interp(times, moments, reference_onsets)),
    )


def _sampled(hertz: Array, times: Array) -> tuple[float | None, ...]:
    if not len(hertz):
        return (None,) * len(times)
    steps = np.clip(np.round(times / f0.STEP_SECONDS).astype(int), 0, len(hertz) - 1)
    semitones = 12 * np.log2(hertz[steps])
    centre = np.nanmean(semitones) if (~np.isnan(semitones)).any() else 0.0
    return tuple(None if np.isnan(each) else round(float(each - centre), 2) for each in semitones)
