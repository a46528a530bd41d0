"""What the bot decides of utterances, as data, and what becomes of it.

The port between bots/discord, which decides, and utterances.py, which stores.
"""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from bots.guilds.models import Kind, State
from jobs.runtime.models import Priority


@dataclass(frozen=True)
class Order:
    """The sound to be made of an utterance. speed: times normal; pitch: semitones."""

    task_id: UUID
    text: str
    voice: str
    speed: float
    pitch: float


@dataclass(frozen=True)
class New:
    """Something to be said. author: Discord's id of the member, None for what nobody wrote. order: None for later."""

    id: UUID
    guild_id: int
    kind: Kind
    text: str
    position: int
    priority: Priority
    message_id: int | None = None
    channel_id: int | None = None
    author: str | None = None
    order: Order | None = None


@dataclass(frozen=True)
class Ordered:
    """A stored utterance's turn has come near. absorbed: later ones that are said with it; author: as in New."""

    id: UUID
    guild_id: int
    priority: Priority
    author: str | None
    order: Order
    absorbed: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Reworded:
    """A message was edited before its turn came near."""

    id: UUID
    text: str


@dataclass(frozen=True)
class Playing:
    id: UUID


@dataclass(frozen=True)
class Ended:
    """state: PLAYED or SKIPPED; reason: why it was not said. absorbed: what was to be said with it, and was not."""

    id: UUID
    state: State
    reason: str = ""
    absorbed: tuple[UUID, ...] = ()


Change = New | Ordered | Reworded | Playing | Ended


class Outcome(Enum):
    DONE = "done"
    # Another has stored this message, or the row has moved on: nothing was done.
    TOO_LATE = "too late"
    # The speech function refused the text: it was stored as skipped.
    UNREADABLE = "unreadable"
