"""The kinds of deliveries: how each is sent, and how fast to one receiver. Filled by the rooms in ready()."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.delivery.models import Delivery

# What a sender returns: facts for the history, such as {"status": 200, "answer": "ok"}.
Outcome = Mapping[str, Any] | None


@dataclass(frozen=True)
class Rate:
    """
    To one receiver: at most `count` within `per_seconds`, all at once after a rest; `at_once` at the same time.

    at_once=1 keeps deliveries to a receiver in order, as long as none of them fails.
    """

    count: int = 50
    per_seconds: float = 1.0
    at_once: int = 4


@dataclass(frozen=True)
class Kind:
    name: str
    send: Callable[["Delivery"], Outcome]
    rate: Rate


_kinds: dict[str, Kind] = {}


def register(kind: str, send: Callable[["Delivery"], Outcome], *, rate: Rate | None = None) -> None:
    """
    Say how deliveries of a kind are sent; call it in ready().

    send: runs in a thread of the rq worker and has MAX_SEND_SECONDS (claim.py); it puts its own timeout on
    each call. Raises RetryLater, Gone, Refused, Failed or Unreachable (errors.py); returns facts to store.
    """
    _kinds[kind] = Kind(kind, send, rate or Rate())


def find(kind: str) -> Kind | None:
    return _kinds.get(kind)


def names() -> list[str]:
    return sorted(_kinds)


def at_once(kind: str) -> int:
    known = _kinds.get(kind)
    return known.rate.at_once if known else 1
