"""Let at most so many progress messages a second through per task, and always the last of a burst.

Pure arithmetic over a clock that is handed in; publish.py holds the lock and the timer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# Tasks that were heard of and never ended here (their worker's end is told by another
# process); beyond this the oldest are forgotten, which at worst lets one message more out.
MAX_TASKS = 1000


@dataclass
class _Pace(Generic[T]):
    sent_at: float
    held: T | None = None


class Throttle(Generic[T]):
    """
    Decide which progress messages go out now and which one waits.

    seconds: the least time between two messages of one task; 0.25 makes four a second.
    """

    def __init__(self, *, seconds: float, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._paces: dict[str, _Pace[T]] = {}

    def offer(self, task_id: str, message: T) -> bool:
        """Return True when `message` may go out now. False keeps it, in place of the one that waited before."""
        pace = self._paces.get(task_id)
        now = self._clock()
        if pace is None or now - pace.sent_at >= self.seconds:
            self._paces.pop(task_id, None)
            self._paces[task_id] = _Pace(sent_at=now)
            if len(self._paces) > MAX_TASKS:
                del self._paces[next(iter(self._paces))]
            return True
        pace.held = message
        return False

    def wait_seconds(self, task_id: str) -> float | None:
        """Return how long the waiting message of a task has yet to wait; None when none waits."""
        pace = self._paces.get(task_id)
        if pace is None or pace.held is None:
            return None
        return max(0.0, pace.sent_at + self.seconds - self._clock())

    def release(self, task_id: str) -> T | None:
        """Return the waiting message of a task, to be sent now; the next one waits its time again."""
        pace = self._paces.get(task_id)
        if pace is None or pace.held is None:
            return None
        held, pace.held, pace.sent_at = pace.held, None, self._clock()
        return held

    def close(self, task_id: str) -> T | None:
        """Forget a task whose state changes; return the message that waited, which must go out before."""
        pace = self._paces.pop(task_id, None)
        return pace.held if pace else None
