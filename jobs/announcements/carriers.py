"""Where announcements may be brought, beside the house's own storage: each kind by the room that knows how.

    register(Carrier("telegram", choices=..., delivery=...))      # in ready() of bots.telegram

Webhooks are this room's own (webhook.py). Called by edit.py, ending.py and the pages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from jobs.announcements.models import Announcement


@dataclass(frozen=True)
class Choice:
    """One chat, guild or endpoint that somebody may have announcements brought to; `words` names it on a page."""

    kind: str
    id: str
    words: str


@dataclass(frozen=True)
class Destination:
    """A delivery to be: its kind there, its target as its sender understands it, and whose rate limit counts."""

    kind: str
    target: Mapping[str, Any]
    receiver: str


@dataclass(frozen=True)
class Carrier:
    """
    choices: what a user may choose. An id that is none of these is refused.
    destination: how the announcement gets to the chosen id; None when that is not the user's any more.
    """

    kind: str
    choices: Callable[[AbstractBaseUser], list[Choice]]
    destination: Callable[[Announcement, str], Destination | None]


_carriers: dict[str, Carrier] = {}


def register(carrier: Carrier) -> None:
    _carriers[carrier.kind] = carrier


def find(kind: str) -> Carrier | None:
    return _carriers.get(kind)


def choices_of(user: AbstractBaseUser) -> list[Choice]:
    """Return all that a user may choose, kind by kind."""
    return [choice for kind in sorted(_carriers) for choice in _carriers[kind].choices(user)]
