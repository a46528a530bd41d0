"""Tell a function that its time is nearly over, while it can still do something about it.

django-q2's worker arms one alarm at the hard limit. The soft limit borrows that alarm: it
rings first, raises OutOfTime in the function, and is set again for what is left.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.runtime.errors import OutOfTime


@contextmanager
def soft_limit(seconds: int | None) -> Iterator[None]:
    """Raise OutOfTime in the block after `seconds`, once; an alarm that was set before stays as it was."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        # Signals reach the main thread alone; the hard limit holds for the others.
        yield
        return
    began, left = time.monotonic(), signal.getitimer(signal.ITIMER_REAL)[0]
    before = signal.getsignal(signal.SIGALRM)

    def give_back() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - began)))

    def ring(*_: object) -> None:
        give_back()
        raise OutOfTime(seconds)

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGALRM) is ring:
            give_back()
