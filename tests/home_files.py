"""Look for bytes in the files of a home, by a process of its own.

A process that opens and closes a database's file, or its index, gives up every lock that SQLite holds on it there: the
next one to leave that database takes log and index away, and who stays gets nothing but disk I/O errors.
Source: https://www.sqlite.org/howtocorrupt.html, section 2.2.
"""

import subprocess
import sys
from pathlib import Path

SEARCHING_SECONDS = 60
SEARCH = """
import sys
from contextlib import suppress
from pathlib import Path
part, searched = sys.stdin.buffer.read(), 0
for place in Path(sys.argv[1]).rglob("*"):
    # What was written for a moment may be gone again.
    with suppress(FileNotFoundError):
        if place.is_file():
            if part in place.read_bytes():
                print(place)
            searched += 1
print(searched)
"""


def files_with(part: bytes, home: Path | str) -> tuple[list[str], int]:
    """Return the files that hold `part`, and how many were looked into."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", SEARCH, str(home)],
        input=part, check=True, timeout=SEARCHING_SECONDS, stdout=subprocess.PIPE,
    )  # fmt: skip
    *found, searched = done.stdout.decode(errors="backslashreplace").splitlines()
    return found, int(searched)
