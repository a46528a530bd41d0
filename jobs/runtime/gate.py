"""One writer at a time on SQLite, without its busy handler.

SQLite's own waiting sleeps 1, 2, 5, 10 ms and is unfair; a `flock` wakes the next writer at
once and is released by the kernel when its holder dies. PostgreSQL needs none of it.
"""

import fcntl
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
    place = settings.HOME / "run" / "writer.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
