"""Shorten the silence around a piece of speech, so that pieces meet with the pause a reader would make.

Called by hibari.py, whose model puts 0.3 to 0.5 s of silence at both ends, and by bilingual.py, where voices meet.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

# The level is looked at in steps of this; half of one is heard by nobody.
_STEP_SECONDS = 0.005

Wave = TypeVar("Wave", npt.NDArray[np.float64], npt.NDArray[np.int16])


def trim(
    wave: Wave, rate_hz: int, *, below: float, longest_start_seconds: float | None, longest_end_seconds: float | None
) -> Wave:
    """
    Return `wave` (mono) with at most so much silence before and after its sound; None leaves that end alone.

    below: what is softer at every moment of 5 ms is silence, on the scale of `wave`. A fixed figure and not one
    relative to the loudest moment, which a limiter changes: the length must not depend on the volume.
    """
    step = int(_STEP_SECONDS * rate_hz)
    starts = np.arange(0, len(wave), step)
    if not len(starts):
        return wave
    heard = np.flatnonzero(np.maximum.reduceat(np.abs(wave.astype(np.float64)), starts) > below)
    if not len(heard):
        return wave
    first, last = int(heard[0]) * step, (int(heard[-1]) + 1) * step
    begin = 0 if longest_start_seconds is None else max(0, first - int(longest_start_seconds * rate_hz))
    end = len(wave) if longest_end_seconds is None else min(len(wave), last + int(longest_end_seconds * rate_hz))
    return wave[begin:end]
