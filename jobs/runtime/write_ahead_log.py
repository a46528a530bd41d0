"""When SQLite's write-ahead log is moved into its file: when it has grown, not at every look.

The first commit after the log was moved as a whole begins it anew, and for that waits for the disk, which no
other commit does: 4 to 12 ms. A task takes 28 frames, so one in thirty-five of an idle house started so much later.
Now the log may grow further, and whoever moved it makes that commit as well.

Called by the keeper.
"""

import time
from pathlib import Path

from django.db import connection

from jobs.runtime.gate import writing

# 16 MB: moved in some milliseconds, and less than half of where a request or a task would have to do it (settings.py).
GROWN_FRAMES = 4000
# However small, so that the file alone is nearly whole: for a copy of it, and for a start after a crash.
AT_LATEST_SECONDS = 60.0
# Of the log: its header, with the size of a page and the salts; a frame's header, with the salts it was written under.
# Source: https://www.sqlite.org/fileformat2.html, section 4.1, "WAL File Format".
HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
PAGE_SIZE, SALTS, FRAME_SALTS = slice(8, 12), slice(16, 24), slice(8, 16)


class WriteAheadLog:
    def __init__(self) -> None:
        self._moved_at = time.monotonic()

    def look(self) -> bool:
        """Move the log into the file if it is time; it waits for nobody, and nobody waits for it. Return if it was."""
        if connection.vendor != "sqlite":
            return False
        now = time.monotonic()
        if now - self._moved_at < AT_LATEST_SECONDS and not holds(GROWN_FRAMES):
            return False
        self._moved_at = now
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            _busy, held, moved = cursor.fetchone()
        if held == moved:
            _begin_anew()
        return True


def _begin_anew() -> None:
    """Make the commit that waits for the disk: a number that nobody reads is written over by itself."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA user_version")
        number = int(cursor.fetchone()[0])
        with writing():
            cursor.execute(f"PRAGMA user_version = {number}")


def holds(frames: int) -> bool:
    """
    Return whether the log holds so many frames, those that are moved already among them.

    Frames are written one after the other, and a log that begins anew has other salts. Its index (`-shm`), which
    knows the number, must not be opened: closing it would take SQLite's own locks on it away from this process.
    """
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    try:
        with log.open("rb") as file:
            header = file.read(HEADER_BYTES)
            page_bytes = int.from_bytes(header[PAGE_SIZE], "big")
            file.seek(HEADER_BYTES + (frames - 1) * (FRAME_HEADER_BYTES + page_bytes))
            frame = file.read(FRAME_HEADER_BYTES)
    except FileNotFoundError:
        return False
    return len(frame) == FRAME_HEADER_BYTES and frame[FRAME_SALTS] == header[SALTS]
