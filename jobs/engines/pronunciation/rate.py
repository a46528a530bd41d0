"""From the 48 kHz of the house's voices to the 16 kHz that the models hear.

Called by reference.py and the validation.
"""

import numpy as np
import numpy.typing as npt

from jobs.engines.speech.port import Samples as Voiced

SAMPLE_RATE_HZ = 16_000

# Half of the filter's reach, in samples at 48 kHz: 7.2 kHz passes within 0.1 dB, 8.8 kHz is 60 dB down.
_REACH = 108
# Samples at a time, divisible by three: a transform of two minutes at once takes 300 MB.
_BLOCK = 3 << 16

Wave = npt.NDArray[np.float32]  # mono, shape (n,), -1 to 1, SAMPLE_RATE_HZ


def to_third(samples: Voiced) -> Wave:
    """Return `samples` (48 kHz, 16 bits) at a third of their rate, by a windowed sinc (Kaiser beta 5.65)."""
    offset = np.arange(-_REACH, _REACH + 1)
    taps = np.sinc(offset / 3) / 3 * np.kaiser(2 * _REACH + 1, 5.65)
    silence = np.zeros(_REACH, samples.dtype)
    padded = np.concatenate([silence, samples, silence])
    found = np.empty((len(samples) + 2) // 3, np.float32)
    for start in range(0, len(samples), _BLOCK):
        part = padded[start : start + _BLOCK + 2 * _REACH] / 32_768.0
        third = _convolve(part, taps)[::3]
        found[start // 3 : start // 3 + len(third)] = third
    return found


def _convolve(samples: npt.NDArray[np.float64], taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the convolution where both overlap fully, through the Fourier transform: direct sums take ten times it."""
    size = 1 << int(np.ceil(np.log2(len(samples) + len(taps))))
    product = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(taps, size), size)
    return np.asarray(product[len(taps) - 1 : len(samples)])
