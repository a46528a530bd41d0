"""One writer at a time on SQLite, without its busy handler.

SQLite's own waiting sleeps 1, 2, 5, 10 ms and is unfair; a `flock` wakes the next writer at
once and is released by the kernel when its holder dies. PostgreSQL needs none of it.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections


@contextmanager
def writing() -> Iterator[None]:
    """
    Hold the right to write until the block ends, or the transaction within it is committed.

    Keep it to one short transaction. What waits for its commit (`on_commit`) finds the right given back: most of that
    speaks to Redis, and one that hangs would hold up every writer of the house.
    """
    # Looked up once: each look through Django's proxy costs as much as a small query.
    database = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "sqlite":
        yield
        return
    # A new connection would begin with an empty list of what waits for a commit.
    database.ensure_connection()
    lock = _lock()
    fcntl.flock(lock, fcntl.LOCK_EX)
    # `transaction.on_commit` would call it at once: the transaction is about to begin. Undone, it forgets its list.
    first: Any = (set(), partial(fcntl.flock, lock, fcntl.LOCK_UN), False)
    if not database.in_atomic_block:
        database.run_on_commit.insert(0, first)
    try:
        yield
    finally:
        if first in database.run_on_commit:
            database.run_on_commit.remove(first)
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
