"""From 48 kHz to 24 kHz and back, by one half-band filter.

Called by pcm.py, for OpenAI's format, and by hibari.py, whose voice was trained at 24 kHz.
"""

import numpy as np
import numpy.typing as npt

from jobs.engines.speech.port import Samples

# Half of the filter's reach, in samples at 48 kHz. 31 taps a side keep everything up to 10.5 kHz within
# 0.1 dB and take what would fold back below 10.5 kHz down by 60 dB.
_REACH = 31


def _half_band_taps() -> npt.NDArray[np.int64]:
    """
    Return the right half of a half-band low pass, tap 0 included, in 1/65,536.

    Windowed sinc, Kaiser beta 5.65 (60 dB). Whole numbers, so that the sum is exact and
    does not depend on how the sound was cut into feeds.
    """
    offset = np.arange(_REACH + 1)
    window = np.kaiser(2 * _REACH + 1, 5.65)[_REACH:]
    taps = 0.5 * np.sinc(offset / 2) * window
    scaled = np.rint(taps / (taps[0] + 2 * taps[1:].sum()) * 65_536).astype(np.int64)
    scaled[0] = 65_536 - 2 * scaled[1:].sum()  # unity gain at 0 Hz in spite of rounding
    return np.asarray(scaled, dtype=np.int64)


_TAPS = _half_band_taps()
# The taps between the samples that are there already, left to right, with unity gain at 0 Hz.
_BETWEEN = np.concatenate([_TAPS[1::2][::-1], _TAPS[1::2]]) / 32_768.0


class RateHalver:
    """48 kHz in, 24 kHz out, with the filter's memory kept between feeds. n samples become ceil(n / 2)."""

    def __init__(self) -> None:
        # Silence before the first sample, so that the first output stands exactly on it.
        self._waiting: Samples = np.zeros(_REACH, dtype=np.int16)

    def feed(self, samples: Samples) -> Samples:
        joined = np.concatenate([self._waiting, samples])
        count = max(0, (len(joined) - 2 * _REACH + 1) // 2)
        self._waiting = joined[2 * count :]
        return _filter(joined.astype(np.int64), count)

    def finish(self) -> Samples:
        return self.feed(np.zeros(_REACH, dtype=np.int16))


def _filter(samples: npt.NDArray[np.int64], count: int) -> Samples:
    """Return `count` outputs, the first centred on samples[_REACH], each two samples further."""
    total = _TAPS[0] * samples[_REACH : _REACH + 2 * count : 2]
    for offset in range(1, _REACH + 1, 2):  # every other tap of a half-band filter is zero
        before = samples[_REACH - offset : _REACH - offset + 2 * count : 2]
        after = samples[_REACH + offset : _REACH + offset + 2 * count : 2]
        total = total + _TAPS[offset] * (before + after)
    return np.asarray(np.clip((total + 32_768) >> 16, -32_768, 32_767), dtype=np.int16)


def double_rate(wave: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """
    Return `wave` at twice its sample rate: 24 kHz in, 48 kHz out; n samples become 2 n.

    The samples that are there stay as they are; the filter finds the ones between them. Silence is
    taken to be around `wave`.
    """
    doubled = np.zeros(2 * len(wave))
    doubled[::2] = wave
    if len(wave):
        reach = len(_BETWEEN) // 2
        padded = np.concatenate([np.zeros(reach - 1), wave, np.zeros(reach)])
        doubled[1::2] = np.convolve(padded, _BETWEEN, mode="valid")
    return doubled
