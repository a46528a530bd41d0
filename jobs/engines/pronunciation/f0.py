"""How high the voice is, every 10 ms, by the autocorrelation of 40 ms, led through time by the smoothest path.

Boersma's correction (the signal's autocorrelation over the window's) keeps long periods from losing; octave errors are
undone by dynamic programming over the candidates. Own arithmetic: the well-known programs are under the GPL.

What the path leaves behind is a hiss or a burst that has a period by chance: a few steps, far from the voice around
them. They are taken out, because four of them at 600 Hz outweigh the melody of a whole sentence.

Limits: 65 to 700 Hz. The upper end is that high because a child's voice, or one raised by four semitones, reaches it.
Sources: Boersma 1993, "Accurate short-term analysis of the fundamental frequency". Called by pitch.py, gates.py.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ, Wave

STEP_SECONDS = 0.01
LOWEST_HZ, HIGHEST_HZ = 65.0, 700.0
_HOP, _SIZE, _FFT = 160, 640, 1024
_CANDIDATES = 5
_VOICED = 0.5  # strength that speaks for a voice
# Costs as in Boersma's paper: of an octave between candidates, and of a jump between frames.
_OCTAVE_COST, _JUMP_COST, _CHANGE_COST = 0.03, 0.5, 0.2
_SOFTEST = 0.03  # of the recording's loudest frame
# So short and so far from the voice before and behind, it is none. A register changes for longer, an accent less far.
_ISLAND_STEPS, _ISLAND_OCTAVES = 8, 7 / 12
# The voice before and behind: this much of it.
_SHORE_STEPS = 5
# Looked at together: spectra of two minutes in one piece take 0.4 GB.
_PORTION_FRAMES = 500

Array = npt.NDArray[Any]


def track(wave: Wave) -> Array:
    """Return hertz per step, NaN without a voice, shape (steps,); step t is centred on 0.01 t seconds."""
    if not len(wave):
        return np.zeros(0)
    padded = np.pad(np.asarray(wave, dtype=np.float32), _SIZE // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP]
    portions = [frames[first : first + _PORTION_FRAMES] for first in range(0, len(frames), _PORTION_FRAMES)]
    found = [_candidates(portion) for portion in portions]
    hertz, strength = (np.concatenate(part) for part in zip(*found, strict=True))
    level = np.concatenate([np.sqrt(np.mean(np.square(portion), axis=1)) for portion in portions])
    strength[level < _SOFTEST * max(float(np.percentile(level, 98)), 1e-4)] = 0.0
    return _without_islands(_smoothest(hertz, strength))


def _candidates(frames: Array) -> tuple[Array, Array]:
    """Return the best periods of each frame as hertz, and how strong each is, shape (frames, _CANDIDATES)."""
    window = np.hanning(_SIZE)
    spectrum = np.abs(np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, _FFT, axis=1)) ** 2
    own = np.fft.irfft(np.abs(np.fft.rfft(window, _FFT)) ** 2)[: _SIZE // 2]
    lags = np.arange(int(SAMPLE_RATE_HZ / HIGHEST_HZ) - 1, int(SAMPLE_RATE_HZ / LOWEST_HZ) + 2)
    raw = np.fft.irfft(spectrum, axis=1)
    curve = raw[:, lags] / np.maximum(raw[:, :1], 1e-12) / (own[lags] / own[0])
    middle, left, right = curve[:, 1:-1], curve[:, :-2], curve[:, 2:]
    bend = left - 2 * middle + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    hertz = SAMPLE_RATE_HZ / (lags[1:-1] + np.clip(shift, -0.5, 0.5))
    is_peak = (middle > left) & (middle >= right) & (hertz <= HIGHEST_HZ)
    score = np.where(is_peak, np.minimum(middle, 1.0) + _OCTAVE_COST * np.log2(hertz / LOWEST_HZ), 0.0)
    best = np.argpartition(-score, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    return np.take_along_axis(hertz, best, 1), np.take_along_axis(score, best, 1)


def _smoothest(hertz: Array, strength: Array) -> Array:
    """Choose for each frame a candidate or none, so that strengths less jumps are greatest (Viterbi)."""
    count, width = hertz.shape
    octaves = np.log2(np.maximum(hertz, 1.0))
    gain = np.concatenate([strength - _VOICED, np.zeros((count, 1))], axis=1)
    gain[:, :width][strength <= 0] = -1e3
    best = gain[0]
    steps = np.zeros((count, width + 1), dtype=np.int8)
    cost = np.full((width + 1, width + 1), _CHANGE_COST)
    cost[width, width] = 0.0
    for t in range(1, count):
        cost[:width, :width] = _JUMP_COST * np.abs(octaves[t - 1][:, None] - octaves[t][None, :])
        ways = best[:, None] - cost
        steps[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + gain[t]
    chosen = np.full(count, np.nan)
    at = int(best.argmax())
    for t in range(count - 1, -1, -1):
        if at < width:
            chosen[t] = hertz[t, at]
        at = int(steps[t, at])
    return chosen


def _without_islands(hertz: Array) -> Array:
    """Return `hertz` with NaN for runs of a few steps that lie far from what is voiced on both of their sides."""
    voiced = np.flatnonzero(~np.isnan(hertz))
    octaves = np.log2(hertz[voiced])
    # A run ends where the voice does, and where the pitch leaps.
    breaks = (np.diff(voiced) > 1) | (np.abs(np.diff(octaves)) > _ISLAND_OCTAVES)
    runs = np.split(np.arange(len(voiced)), np.flatnonzero(breaks) + 1)
    found = hertz.copy()
    last: Array = octaves[:0]
    shores = [run for run in runs if len(run) > _ISLAND_STEPS]
    for run in runs:
        if len(run) > _ISLAND_STEPS:
            last = octaves[run[-_SHORE_STEPS:]]
            continue
        behind = next((octaves[shore[:_SHORE_STEPS]] for shore in shores if shore[0] > run[-1]), octaves[:0])
        around = [float(np.median(shore)) for shore in (last, behind) if len(shore)]
        here = float(np.median(octaves[run])) if len(run) else 0.0
        if around and min(abs(here - shore) for shore in around) > _ISLAND_OCTAVES:
            found[voiced[run]] = np.nan
    return found
