"""Where the fault functions leave their effects: one append-only file, beside database and Redis.

A line is one write of less than a page to a file opened for appending, so that processes
do not mix theirs and a killed one leaves a whole line or none.
"""

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

NAME = "effects.jsonl"


def record(home: Path, what: str, *, task: str, attempt: int, **facts: Any) -> None:
    line = {"what": what, "task": task, "attempt": attempt, "pid": os.getpid(), "at": time.time(), **facts}
    descriptor = os.open(home / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)


_read: dict[Path, tuple[int, list[dict[str, Any]]]] = {}  # how far, in bytes, and what there was


def lines(home: Path) -> list[dict[str, Any]]:
    """Return what has been left so far; asked many times a second, it reads on from where it was."""
    place = home / NAME
    if not place.exists():
        return []
    position, found = _read.get(place, (0, []))
    with place.open("rb") as file:
        file.seek(position)
        new = file.read()
    found = [*found, *map(json.loads, new.splitlines())]
    _read[place] = position + len(new), found
    return list(found)


def count(home: Path, what: str) -> Counter[str]:
    """Return how often each task left this line."""
    return Counter(line["task"] for line in lines(home) if line["what"] == what)
