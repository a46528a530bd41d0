"""Threads that are started when they are needed and kept, each with a database connection that it closes at its end.

The standard pool leaves a thread's connection to the garbage collector, and waits at the end of
the process for threads that hang.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from django.db import connection


class Threads:
    def __init__(self, *, name: str) -> None:
        self._name = name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._all: list[threading.Thread] = []
        self._free = 0  # threads without work, less the work that nobody has taken yet

    def submit(self, work: Callable[[], None]) -> None:
        """Have `work` done by a thread; it lets no exception out. The caller keeps the number of works down."""
        with self._lock:
            self._free -= 1
            if self._free < 0:
                thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._all)}", daemon=True)
                self._all.append(thread)
                self._free += 1
                thread.start()
        self._work.put(work)

    def end(self, *, wait_seconds: float) -> None:
        """Let each thread end after what it does now."""
        for _thread in self._all:
            self._work.put(None)
        for thread in self._all:
            thread.join(wait_seconds)

    def _run(self) -> None:
        try:
            while (work := self._work.get()) is not None:
                work()
                with self._lock:
                    self._free += 1
        finally:
            connection.close()
