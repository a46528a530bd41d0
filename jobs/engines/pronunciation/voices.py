"""Whether one voice reads the whole sentence, alone.

Two ways to be two. **In turn:** the recording is compared with the reference moment by moment, so that what is said
falls out of the difference and who says it stays; where the pitch's difference steps from one level to another, the
speaker has changed. **At once:** the voice that is followed is taken out of the sound, by taking away the sound of one
period before; what is left of a single voice has no pitch of its own, or in a room the pitch that it had a moment ago.

Limits: two who speak in turn at one pitch are one to it, and a sick voice that has two pitches is two.
Sources: Chen & Gopalakrishnan 1998 (a speaker's change as one step in level); de Cheveigné 1993 (one voice
cancelled to hear another). Called by analyser.py.
"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.pronunciation import f0
from jobs.engines.pronunciation.acoustics import Array
from jobs.engines.pronunciation.alignment import Laid
from jobs.engines.pronunciation.pitch import Melody
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ, Wave

# Semitones between the two parts of a recording after the melody has been taken away.
PITCH_STEP_SEMITONES = 6.0
_FEWEST_UNITS = 3
# The same in pieces of a tenth of a second of voice: a step counts by how often it holds the unrest on its two sides,
# when it is as sharp as this beside the cut, of its whole height.
_PIECE_STEPS, _FEWEST_PIECES, _BESIDE_PIECES = 10, 3, 3
_UNREST_SEMITONES, _SHARP = 1.0, 0.7
_LIVELIEST = 2.5  # times the reference's melody
# On the sentences that this was chosen on another speaker's melody has 2.3 at most, and a second voice that is four
# semitones off 3.8, when it is noticed at all.
STEP_OF_TWO = 3.0
# There a single voice leaves 0.03 at most, and 0.07 in an echoing room; a second one, half as loud, mostly 0.1.
SHARE_OF_TWO = 0.075
# What is left of a moment counts as another voice when it has so much of the power and so clear a pitch.
_LEAST_LEFT, _LEAST_PITCH = 0.05, 0.7
# Harmonics beyond this one move too much within a period to be cancelled.
_HIGHEST_HZ, _LOWEST_HZ = 1_200.0, 60.0
# A second pitch that stands to the first in such a ratio, within 6 %, is the first one's rest.
_KIN, _NEAR = (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0, 4.0), 0.06
# So is one that the first voice had a moment ago: 30 to 300 ms, in steps of two, within 3 %.
_ECHO_STEPS, _SAME = (3, 30, 2), 0.03
_PITCHES_HZ = (70.0, 500.0)
_SIZE, _FFT = 640, 2048
_AT_ONCE = 500  # moments: 10 MB


@dataclass(frozen=True)
class Voices:
    """
    step: the pitch's one step, as a multiple of its unrest. share: of the voiced moments, those with another voice.

    leaps: whether the pitch changes its register once, by more than half an octave.
    """

    step: float
    share: float
    leaps: bool

    @property
    def are_two(self) -> bool:
        return self.leaps or self.step > STEP_OF_TWO or self.share > SHARE_OF_TWO


def listen(part: Wave, hertz: Array, laid: Laid | None, reference_hertz: Array, melody: Melody) -> Voices:
    step = pitch_step(*_pieces(hertz, laid, reference_hertz)) if laid else 0.0
    return Voices(step, share_of_second(part, hertz), leaps(melody.rest, melody.heard))


def _pieces(hertz: Array, laid: Laid, reference_hertz: Array) -> tuple[Array, Array]:
    """Return the speaker's semitones, and the same above the reference, where both have a voice, shape (pieces,)."""
    count = min(len(laid.moments), len(reference_hertz))
    steps = np.round(laid.moments[:count] / f0.STEP_SECONDS).astype(int)
    own = 12 * np.log2(hertz[np.clip(steps, 0, len(hertz) - 1)])
    rest = own - 12 * np.log2(reference_hertz[:count])
    both = np.flatnonzero(~np.isnan(rest))
    pieces = both[: len(both) // _PIECE_STEPS * _PIECE_STEPS].reshape(-1, _PIECE_STEPS)
    return np.median(own[pieces], axis=1), np.median(rest[pieces], axis=1)


def pitch_step(own: Array, rest: Array) -> float:
    """
    Return the highest step from one level of the pitch to another, as a multiple of the unrest on its sides; 0: none.

    own: semitones, piece by piece. rest: the same above the reference. A slope is no step: another intonation than the
    reference's rises or falls bit by bit. Nor is it one if only the reference moves.
    """
    best = 0.0
    for cut in range(_FEWEST_PIECES, len(rest) - _FEWEST_PIECES + 1):
        heard = float(np.median(own[cut:]) - np.median(own[:cut]))
        jumps, unrests = zip(*(_jump(each, cut) for each in _accounts(own, rest, cut)), strict=True)
        if min(*jumps, heard) > 0 or max(*jumps, heard) < 0:
            found = (abs(jump) / max(_UNREST_SEMITONES, unrest) for jump, unrest in zip(jumps, unrests, strict=True))
            best = max(best, min(found))
    return best


def _accounts(own: Array, rest: Array, cut: int) -> tuple[Array, Array]:
    """
    Return the speaker's pitch without the melody in two accounts: without the reference's, and without so many times
    the reference's as goes best with what is heard on each side of `cut`.

    Who reads more lively than the reference, or flat, has jumps in the first alone; who reads with another melody, in
    the second. A second voice has the same in both.
    """
    reference = own - rest
    parts = slice(0, cut), slice(cut, len(own))
    mine, theirs = (np.concatenate([side[part] - np.median(side[part]) for part in parts]) for side in (own, reference))
    times = float(np.clip((mine * theirs).sum() / max(float((theirs * theirs).sum()), 1e-9), 0.0, _LIVELIEST))
    return rest, own - times * reference


def _jump(level: Array, cut: int) -> tuple[float, float]:
    """Return by how much `level` is higher from `cut` on, 0 when it is not so near the cut, and its unrest."""
    jump = float(np.median(level[cut:]) - np.median(level[:cut]))
    near = slice(max(0, cut - _BESIDE_PIECES), cut), slice(cut, cut + _BESIDE_PIECES)
    beside = float(np.median(level[near[1]]) - np.median(level[near[0]]))
    unrest = max(float(level[:cut].std()), float(level[cut:].std()))
    return (jump if np.sign(jump) * beside > _SHARP * abs(jump) else 0.0), unrest


def share_of_second(part: Wave, hertz: Array) -> float:
    """
    Return the share of voiced moments in which another voice lies below the one that is followed.

    hertz: f0.track(part).
    """
    low = _low(part)
    reach = _SIZE // 2 + int(SAMPLE_RATE_HZ / f0.LOWEST_HZ)
    middle = np.arange(len(hertz)) * int(f0.STEP_SECONDS * SAMPLE_RATE_HZ)
    voiced = np.flatnonzero(~np.isnan(hertz) & (middle > reach) & (middle < len(low) - reach - 1))
    found = sum(
        int(_has_second(low, middle[some], SAMPLE_RATE_HZ / hertz[some], _periods_before(hertz, some)).sum())
        for some in (voiced[start : start + _AT_ONCE] for start in range(0, len(voiced), _AT_ONCE))
    )
    return found / max(len(voiced), 1)


def _periods_before(hertz: Array, steps: Array) -> Array:
    """Return the periods that the voice had a moment before, in samples, NaN where it had none: a room repeats them."""
    earlier = steps[:, None] - np.arange(*_ECHO_STEPS)[None, :]
    return np.asarray(np.where(earlier >= 0, SAMPLE_RATE_HZ / hertz[np.maximum(earlier, 0)], np.nan))


def _low(part: Wave) -> Array:
    size = 1 << int(np.ceil(np.log2(len(part) + 1)))
    heard = np.fft.rfft(part, size)
    # Above the fade nothing is left, and the figures of two minutes take 16 MB for each step of the arithmetic.
    end = min(len(heard), int(1.2 * _HIGHEST_HZ * size / SAMPLE_RATE_HZ) + 1)
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)[:end]
    fade = np.clip((1.2 * _HIGHEST_HZ - hertz) / (0.2 * _HIGHEST_HZ), 0, 1) * np.clip((hertz - _LOWEST_HZ) / 20, 0, 1)
    kept = heard[:end] * fade
    del heard, hertz, fade
    return np.asarray(np.fft.irfft(kept, size)[: len(part)])


def _has_second(low: Array, middle: Array, periods: Array, before: Array) -> Array:
    """periods: of the first voice at each moment, in samples. before: _periods_before."""
    window = np.hanning(_SIZE)
    places = middle[:, None] + np.arange(-_SIZE // 2, _SIZE // 2)[None, :]
    half = periods[:, None] / 2
    left = 0.5 * (_between(low, places + half) - _between(low, places - half))
    left -= left.mean(axis=1, keepdims=True)
    share = (left * left * window).sum(axis=1) / np.maximum((low[places] ** 2 * window).sum(axis=1), 1e-12)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, _FFT)) ** 2)
    lags = np.arange(int(SAMPLE_RATE_HZ / _PITCHES_HZ[1]), int(SAMPLE_RATE_HZ / _PITCHES_HZ[0]) + 1)
    raw = np.fft.irfft(np.abs(np.fft.rfft(left * window, _FFT, axis=1)) ** 2, axis=1)
    curve = raw[:, lags] / np.maximum(raw[:, :1], 1e-12) / (own[lags] / own[0])
    middle_of, ahead, behind = curve[:, 1:-1], curve[:, :-2], curve[:, 2:]
    ratio = lags[None, 1:-1] / periods[:, None]
    is_kin = (np.abs(ratio[:, :, None] / np.array(_KIN) - 1) < _NEAR).any(axis=2)
    is_peak = (middle_of > ahead) & (middle_of >= behind) & (middle_of > _LEAST_PITCH) & ~is_kin
    found = (share > _LEAST_LEFT) & is_peak.any(axis=1)
    is_echo = (np.abs(lags[None, 1:-1, None] / before[found][:, None, :] - 1) < _SAME).any(axis=2)
    found[found] = (is_peak[found] & ~is_echo).any(axis=1)
    return np.asarray(found)


def _between(sound: Array, places: Array) -> Array:
    first = np.floor(places).astype(int)
    part = places - first
    return np.asarray((1 - part) * sound[first] + part * sound[first + 1])


def leaps(rest: Array, own: Array) -> bool:
    """
    Return whether one voice begins the sentence and another ends it: the melody less the reference's jumps once.

    rest: pitch.Melody.rest. own: the speaker's pitch per unit, semitones: in a flat reading only the reference jumps.
    """
    has_voice = ~np.isnan(rest) & ~np.isnan(own)
    rest, own = rest[has_voice], own[has_voice]
    for cut in range(_FEWEST_UNITS, len(rest) - _FEWEST_UNITS + 1):
        heard = abs(float(np.median(own[:cut]) - np.median(own[cut:])))
        if heard > PITCH_STEP_SEMITONES and all(_leaps(level, cut) for level in _accounts(own, rest, cut)):
            return True
    return False


def _leaps(level: Array, cut: int) -> bool:
    left, right = level[:cut], level[cut:]
    jump = abs(float(np.median(left) - np.median(right)))
    return jump > max(PITCH_STEP_SEMITONES, 2.0 * max(_unrest(left), _unrest(right)))


def _unrest(values: Array) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
