"""Change the times and the pitch of a recording, and nothing else: pitch-synchronous overlap and add.

Grains of two periods are cut around the pulses of the voice and laid where they are wanted. Source: Moulines &
Charpentier 1990. Called by degrade.py.
"""

import numpy as np

from jobs.engines.pronunciation import f0

RATE_HZ = 16_000
_UNVOICED_PERIOD = 0.006 * RATE_HZ


def reshape(wave, hertz, *, times_in, times_out, pitch_ratio=None):
    """
    Return `wave` with the moments `times_in` (seconds, ascending) moved to `times_out`.

    hertz: f0.track(wave). pitch_ratio: per step of it, what the pitch is multiplied by.
    """
    ratio = np.ones(len(hertz)) if pitch_ratio is None else pitch_ratio
    marks, periods, is_voiced = _marks(wave, hertz)
    length = round(times_out[-1] * RATE_HZ)
    made = np.zeros(length + 4000)
    weight = np.zeros(length + 4000)
    at = 0.0
    while at < length:
        source = np.interp(at / RATE_HZ, times_out, times_in)
        nearest = int(np.clip(np.searchsorted(marks, source * RATE_HZ), 1, len(marks) - 1))
        nearest -= abs(marks[nearest - 1] - source * RATE_HZ) < abs(marks[nearest] - source * RATE_HZ)
        step = min(int(source / f0.STEP_SECONDS), len(ratio) - 1)
        _lay(made, weight, wave, int(marks[nearest]), int(periods[nearest]), round(at))
        at += max(8.0, periods[nearest] / (ratio[step] if is_voiced[nearest] else 1.0))
    sound = made / np.maximum(weight, 0.3)
    return sound[:length].astype(np.float32)


def _lay(made, weight, wave, mark, period, at):
    left = min(period, mark, at)
    right = min(period, len(wave) - mark)
    window = np.hanning(2 * period + 1)[period - left : period + right]
    made[at - left : at + right] += wave[mark - left : mark + right] * window
    weight[at - left : at + right] += window


def _marks(wave, hertz):
    """Return the pulses of the voice, in samples, the period at each and whether it is voiced."""
    marks, periods, voiced = [], [], []
    at = 0.0
    while at < len(wave):
        step = min(int(at / RATE_HZ / f0.STEP_SECONDS + 0.5), len(hertz) - 1)
        is_voiced = not np.isnan(hertz[step])
        period = RATE_HZ / hertz[step] if is_voiced else _UNVOICED_PERIOD
        place = round(at)
        if is_voiced:
            # On the waveform's peak near where the next pulse is due.
            reach = int(period * (0.2 if voiced and voiced[-1] else 0.5))
            low, high = max(place - reach, 0), min(place + reach + 1, len(wave))
            place = low + int(np.argmax(wave[low:high]))
        marks.append(place)
        periods.append(period)
        voiced.append(is_voiced)
        at = max(place + period, at + 0.5 * period)
    return np.array(marks), np.array(periods), np.array(voiced)


def stretched(wave, hertz, speed):
    """Return `wave` read `speed` times as fast, at the same pitch."""
    seconds = len(wave) / RATE_HZ
    return reshape(wave, hertz, times_in=np.array([0, seconds]), times_out=np.array([0, seconds / speed]))


def raised(wave, hertz, semitones):
    seconds = np.array([0, len(wave) / RATE_HZ])
    ratio = np.full(len(hertz), 2 ** (semitones / 12))
    return reshape(wave, hertz, times_in=seconds, times_out=seconds, pitch_ratio=ratio)


def other_throat(wave, hertz, scale):
    """
    Return `wave` from a vocal tract 1 / `scale` times as long: all resonances `scale` times as high.

    The sound is played `scale` times as fast, and its time and pitch are then put back.
    """
    places = np.arange(0, len(wave) - 1, scale)
    faster = np.interp(places, np.arange(len(wave)), wave).astype(np.float32)
    seconds = len(wave) / RATE_HZ
    steps = np.clip((np.arange(int(len(hertz) / scale)) * scale).astype(int), 0, len(hertz) - 1)
    moved = hertz[steps] * scale
    span = np.array([0, len(faster) / RATE_HZ])
    return reshape(
        faster, moved, times_in=span, times_out=np.array([0, seconds]), pitch_ratio=np.full(len(moved), 1 / scale)
    )
