"""Which stored files the rows of a room name elsewhere than in a FileField, for who copies all of them.

A room registers one in its `ready()`: called with the alias of a database, it yields the files' names.
"""

from collections.abc import Callable, Iterable, Iterator

Names = Callable[[str], Iterable[str]]
_names: dict[str, Names] = {}


def register(room: str, names: Names) -> None:
    _names[room] = names


def registered() -> Iterator[Names]:
    yield from _names.values()
