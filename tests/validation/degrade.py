"""Readings that are wrong in one known way, more or less. Called by trials.py."""

import numpy as np

from jobs.engines.pronunciation import reference, timing
from tests.validation import psola

RATE_HZ = 16_000
WRONG_SHARES = (0.1, 0.2, 0.4, 0.7)
PAUSES = (1, 2, 3, 4)
# Spread of the logarithm of the units' lengths. At the greatest no unit becomes shorter or longer than LONGEST times,
# or its phones go; at the others in proportion, so that each level is the same mistake, only larger.
WARPS = (0.15, 0.25, 0.4, 0.6)
LONGEST = 2.2
FLATNESS = (0.5, 0.75, 1.0)
PAUSE_SECONDS = 0.6
SPEECH_DBFS = -23.0


def seconds(wave):
    return np.array([0.0, len(wave) / RATE_HZ])


def with_pauses(wave, onsets, count, seed):
    """Return `wave` with so many pauses put in before units, never before the first."""
    random = np.random.default_rng(seed)
    chosen = np.sort(random.choice(np.arange(2, len(onsets) - 2), count, replace=False))
    parts, start = [], 0
    for unit in chosen:
        # A little before the spike, where the sound is softest: a reader stops between sounds, not in one.
        place = _softest(wave, onsets[unit] - 0.08, onsets[unit] + 0.01)
        parts += [_faded(wave[start:place]), np.zeros(int(PAUSE_SECONDS * RATE_HZ), dtype=np.float32)]
        start = place
    return np.concatenate([*parts, _faded(wave[start:])])


def with_warped_lengths(wave, hertz, onsets, sigma, seed):
    """Return `wave` with each unit's length times a factor drawn nearly log-normally; the whole stays as long."""
    borders = np.unique(np.concatenate([[0.0], onsets, seconds(wave)[1:]]))
    lengths = np.diff(borders)
    furthest = np.log(LONGEST) / max(WARPS)
    factors = np.exp(sigma * np.clip(np.random.default_rng(seed).normal(0, 1, len(lengths)), -furthest, furthest))
    moved = lengths * factors * lengths.sum() / (lengths * factors).sum()
    return psola.reshape(wave, hertz, times_in=borders, times_out=np.append(0.0, np.cumsum(moved)))


def with_flat_pitch(wave, hertz, flatness):
    middle = np.nanmedian(hertz)
    ratio = np.nan_to_num(middle / hertz, nan=1.0) ** flatness
    return psola.reshape(wave, hertz, times_in=seconds(wave), times_out=seconds(wave), pitch_ratio=ratio)


def with_noise(wave, snr_db, seed=0):
    noise = np.random.default_rng(seed).normal(0, 1, len(wave)) * 10 ** ((SPEECH_DBFS - snr_db) / 20)
    return (wave + noise).astype(np.float32)


def in_a_room(wave, decay_seconds, direct_db=6.0, seed=0):
    """Return `wave` with an echo that falls by 60 dB in `decay_seconds`, `direct_db` below the direct sound."""
    time = np.arange(int(decay_seconds * RATE_HZ)) / RATE_HZ
    echo = np.random.default_rng(seed).normal(0, 1, len(time)) * np.exp(-6.9 * time / decay_seconds)
    echo *= 10 ** (-direct_db / 20) / np.sqrt(np.square(echo).sum())
    echo[0] += 1.0
    size = 1 << int(np.ceil(np.log2(len(wave) + len(echo))))
    sound = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(echo, size), size)
    return sound[: len(wave)].astype(np.float32)


def with_hum(wave, snr_db, hertz=100.0):
    time = np.arange(len(wave)) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * hertz * number * time) / number for number in range(1, 6))
    return (wave + hum / hum.std() * 10 ** ((SPEECH_DBFS - snr_db) / 20)).astype(np.float32)


def clipped(wave, gain):
    return np.clip(wave * gain, -0.5, 0.5).astype(np.float32)


def reading(text, language):
    """Return the reference: its wave is the flawless reading, at SPEECH_DBFS."""
    return reference.reference(text, language)


def onsets_of(made):
    return timing.unit_onsets(made.sentence, made.heard)


def _softest(wave, start, end):
    first, last = int(max(start, 0) * RATE_HZ), int(end * RATE_HZ)
    size = RATE_HZ // 200
    levels = [np.square(wave[at : at + size]).sum() for at in range(first, last, size)]
    return first + int(np.argmin(levels)) * size + size // 2


def _faded(part):
    ramp = np.linspace(0, 1, min(80, len(part) // 2), dtype=np.float32)
    if not len(ramp):
        return part
    part = part.copy()
    part[: len(ramp)] *= ramp
    part[-len(ramp) :] *= ramp[::-1]
    return part
