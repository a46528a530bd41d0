"""One writer at a time on SQLite, without its busy handler.

SQLite's own waiting sleeps 1, 2, 5, 10 ms and is unfair; a `flock` wakes the next writer at
once and is released by the kernel when its holder dies. PostgreSQL needs none of it.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection


@contextmanager
def writing() -> Iterator[None]:
    """Hold the right to write while the block runs. Keep it to one short transaction."""
    if connection.vendor != "sqlite":
        yield
        return
    lock = _lock()
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


class _LockFile:
    """The lock file as one thread opened it: a lock belongs to an open file, so each thread needs its own."""

    def __init__(self) -> None:
        place = settings.HOME / "run" / "writer.lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        self.descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.pid = os.getpid()

    def __del__(self) -> None:
        os.close(self.descriptor)


class _OfThread(threading.local):
    file: _LockFile | None = None


_of_thread = _OfThread()


def _lock() -> int:
    file = _of_thread.file
    # After a fork the open file would be shared with the parent, and with it the lock.
    if file is None or file.pid != os.getpid():
        file = _of_thread.file = _LockFile()
    return file.descriptor
