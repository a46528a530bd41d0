"""Measure, while a sound is made, how loud each moment of it is: the bars that a player draws.

Called by the speech function.
"""

import numpy as np
import numpy.typing as npt

from jobs.engines.speech.port import Samples

# A player of 700 px has room for about 100 bars, of twice as many dots on a fine screen.
PEAK_COUNT = 200

# 5 ms at 48 kHz. Spans are made of whole steps, since nobody knows how long the sound will be: four minutes
# of it are 48,000 steps.
_STEP_SAMPLES = 240


class PeakMeter:
    def __init__(self) -> None:
        self._waiting: Samples = np.zeros(0, dtype=np.int16)
        self._powers: list[npt.NDArray[np.float64]] = []

    def feed(self, samples: Samples) -> None:
        """samples: shape (n,), n may be 0."""
        joined = np.concatenate([self._waiting, samples])
        whole = len(joined) - len(joined) % _STEP_SAMPLES
        self._waiting = joined[whole:]
        if whole:
            steps = joined[:whole].astype(np.float64).reshape(-1, _STEP_SAMPLES)
            self._powers.append(np.square(steps).mean(axis=1))

    def peaks(self, count: int = PEAK_COUNT) -> list[int]:
        """
        Return the level of `count` spans that are as long as each other (RMS), 0 to 100; 100 is the loudest of them.

        Fewer when the sound is shorter than `count` steps of 5 ms; empty without a sound.
        """
        powers = np.concatenate([np.zeros(0), *self._powers])
        count = min(count, len(powers))
        if not count:
            return []
        edges = np.arange(count + 1) * len(powers) // count
        levels = np.sqrt(np.add.reduceat(powers, edges[:-1]) / np.diff(edges))
        loudest = float(levels.max())
        return [round(100.0 * float(level) / loudest) if loudest else 0 for level in levels]
