"""Decide how many workers a machine runs: more at once when tasks wait, fewer slowly when none do.

Pure arithmetic; the keeper hands in what it sees, the guard starts and stops workers.
"""

# A queue that is worked off within this needs nobody else.
WAITING_SECONDS = 1.0
# A worker that was started for one wave is there for the next.
QUIET_SECONDS = 30.0


class Scaler:
    """
    Follow the age of the oldest waiting task.

    low, high: the least and the most workers, low <= high.
    """

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.wanted = low
        self._quiet_since: float | None = None

    def decide(self, *, oldest_seconds: float | None, waiting: int, now: float) -> int:
        """
        Return how many workers there should be.

        oldest_seconds: how long the first in the queue has waited; None when nobody waits.
        waiting: how many wait. now: seconds of a monotonic clock.
        """
        if oldest_seconds is not None and oldest_seconds > WAITING_SECONDS:
            self.wanted = min(self.high, self.wanted + waiting)
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        elif now - self._quiet_since >= QUIET_SECONDS:
            self.wanted = max(self.low, self.wanted - 1)
            self._quiet_since = now
        return self.wanted
