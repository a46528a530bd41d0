"""Collect samples into frames of one size: codecs take nothing else.

Called by opus.py and mp3.py.
"""

import numpy as np

from jobs.engines.speech.port import Samples


class FrameBuffer:
    def __init__(self, frame_samples: int) -> None:
        self._frame_samples = frame_samples
        self._waiting: Samples = np.zeros(0, dtype=np.int16)
        self.sample_count = 0  # all that was ever added, without filling

    def add(self, samples: Samples) -> list[Samples]:
        """Return the frames that `samples` completes; what is left waits for the next call."""
        self.sample_count += len(samples)
        return self._take(samples)

    def fill_up_to(self, end: int) -> list[Samples]:
        """Return the last frames, filled with silence so that they reach at least sample number `end`."""
        taken = self.sample_count - len(self._waiting)
        frame_count = -(-(end - taken) // self._frame_samples)
        silence = frame_count * self._frame_samples - len(self._waiting)
        return self._take(np.zeros(silence, dtype=np.int16))

    def _take(self, samples: Samples) -> list[Samples]:
        joined = np.concatenate([self._waiting, samples])
        whole = len(joined) - len(joined) % self._frame_samples
        self._waiting = joined[whole:]
        return list(joined[:whole].reshape(-1, self._frame_samples))
