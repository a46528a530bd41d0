"""The tiles of the dashboard: one figure each, with its word. Rooms above add their own by `register()` in `ready()`.

A tile is for who has its permission; the dashboard asks for no other. Called by overview.py and the rooms.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from jobs.runtime.models import Status


@dataclass(frozen=True)
class Tile:
    """
    value: the figure, as people write it. note: a line below. url: where more of it stands; empty for nowhere.
    warning: a word that says what is wrong; empty when nothing is. is_bad: it is worse than a warning.
    """

    title: str
    value: str
    note: str = ""
    url: str = ""
    warning: str = ""
    is_bad: bool = False

    @property
    def state(self) -> str:
        return Status.FAILURE if self.is_bad else Status.RETRY


Read = Callable[[datetime], Iterable[Tile]]

_rooms: dict[str, tuple[str, Read]] = {}


def register(room: str, read: Read, *, permission: str) -> None:
    """Add the tiles of a room to the dashboard of those who have this permission; they cost two queries at most."""
    _rooms[room] = (permission, read)


def of_rooms(now: datetime, *, may: Callable[[str], bool]) -> list[Tile]:
    return [tile for permission, read in _rooms.values() if may(permission) for tile in read(now)]
