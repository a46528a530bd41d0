"""How many sockets and event streams one person, and one address, hold open at once in this process.

They take this process' memory, so they are counted here and need nobody's answer; what ends with the process needs
no clean-up. Called by the sockets and the event streams.
"""

import threading
import weakref
from collections import Counter
from typing import Any

from django.conf import settings

_lock = threading.Lock()
_open: Counter[str] = Counter()


class TooManyLines(Exception):
    """There is no place left, of one address or of one person."""


class Place:
    """One line's place; `leave()` gives it back, once, however often it is called."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def of_address(self, address: str) -> None:
        """Count this line against its address. Raises TooManyLines."""
        self._take(f"a:{address}", settings.ADDRESS_OPEN_LINES)

    def of_user(self, user_id: int) -> None:
        """Count it against a person too, once they are known. Raises TooManyLines."""
        self._take(f"u:{user_id}", settings.USER_OPEN_LINES)

    def leave(self) -> None:
        with _lock:
            names, self._names = self._names, []
            for name in names:
                _open[name] -= 1
                if not _open[name]:
                    del _open[name]

    def leave_with(self, owner: Any) -> None:
        """Give it back at the latest when `owner` is gone: an answer that nobody came to read."""
        weakref.finalize(owner, self.leave)

    def _take(self, name: str, limit: int) -> None:
        with _lock:
            if _open[name] >= limit:
                # Reading a Counter stores nothing, so a refusal leaves no trace.
                raise TooManyLines
            _open[name] += 1
            self._names.append(name)


def enter(*, address: str, user_id: int | None) -> Place:
    """Return a place for a line whose holder is known already; user_id: None for a link's. Raises TooManyLines."""
    place = Place()
    try:
        place.of_address(address)
        if user_id is not None:
            place.of_user(user_id)
    except TooManyLines:
        place.leave()
        raise
    return place


def held(address: str) -> int:
    """Return how many lines an address holds open."""
    with _lock:
        return _open[f"a:{address}"]


def all_held() -> int:
    """Return how many lines are open in this process."""
    with _lock:
        return sum(count for name, count in _open.items() if name.startswith("a:"))
