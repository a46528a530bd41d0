"""Bring the engine's samples to 16 bits at the wanted loudness, without wrapping or hard clipping.

mei_normal overshoots full scale by up to 2 dB on loud vowels, so plain rounding would wrap
around: a loud crack. Only +, -, * and / are used, which give the same bits on every machine.

Called by openjtalk.py.
"""

import numpy as np
import numpy.typing as npt

from jobs.engines.speech.port import Samples

FULL_SCALE = 32_767.0

# -4 dBFS. Below it the curve is straight; above it, it bends towards the ceiling and never reaches it.
_KNEE = 0.63
# -1.5 dBFS. A lossy codec's decoder overshoots the peaks it was given, measured up to 0.5 dB
# here; EBU R128 asks for 1 dB of room above the true peak.
_CEILING = 0.84


def to_samples(wave: npt.NDArray[np.float64], *, volume_db: float) -> Samples:
    """
    Return `wave` as 16-bit samples, `volume_db` louder.

    wave: mono, shape (n,), on the scale of 16-bit samples but free to exceed it.
    """
    scaled = wave * (10.0 ** (volume_db / 20.0) / FULL_SCALE)
    size = np.abs(scaled)
    room = _CEILING - _KNEE
    excess = np.maximum(size - _KNEE, 0.0) / room
    limited = np.minimum(size, _KNEE) + room * excess / (1.0 + excess)
    return np.asarray(np.rint(np.copysign(limited, scaled) * FULL_SCALE), dtype=np.int16)


def level_dbfs(samples: Samples) -> float:
    """
    Return the RMS level of `samples` in dBFS; silence is -inf.

    samples: shape (n,), n >= 1.

    Source: 0 dBFS is a full-scale square wave here; AES17 takes a sine,
    so its figures are 3.01 dB higher.
    """
    power = float(np.mean(np.square(samples.astype(np.float64) / 32_768.0)))
    return 10.0 * float(np.log10(power)) if power else -np.inf
