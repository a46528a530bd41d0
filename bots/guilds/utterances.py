"""The play queue's rows: what the bot decided, stored in order and many at a time.

A change is data; `Ledger.apply()` stores a batch of them in one transaction, with the tasks
that make the sound. An utterance's id and its task's are made by the bot, so it can speak of
both before they are stored. States only go forward: a change that comes too late does nothing.

Called by bots/discord/writer.py, in a thread.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from bots.guilds.models import Guild, Kind, State, Utterance
from bots.guilds.models.utterance import OPEN
from jobs.access.accounts import first_contact
from jobs.access.models import Platform
from jobs.runtime import clock
from jobs.runtime.errors import InvalidInput
from jobs.runtime.gate import writing
from jobs.runtime.invoke import prepare, store_prepared
from jobs.runtime.models import Priority, Source, Task
from jobs.runtime.schedule import system_user

# A message may be stored by another bot, or an account be erased, between our look and our insert.
TRIES = 3


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
    """state: PLAYED or SKIPPED; reason: why it was not said."""

    id: UUID
    state: State
    reason: str = ""


Change = New | Ordered | Reworded | Playing | Ended


class Outcome(Enum):
    DONE = "done"
    # Another has stored this message, or the row has moved on: nothing was done.
    TOO_LATE = "too late"
    # The speech function refused the text: it was stored as skipped.
    UNREADABLE = "unreadable"


class Ledger:
    """What one bot process knows of the rows it writes: whose account is whose, which guilds have a row."""

    def __init__(self) -> None:
        self._accounts: dict[str, tuple[int, int]] = {}  # external id -> account, user
        self._guilds: set[int] = set()
        self._system_user_id: int | None = None

    def apply(self, changes: Sequence[Change]) -> list[Outcome]:
        """Store `changes`, all of them or none; return what became of each. Raises django.db.Error."""
        for left in reversed(range(TRIES)):
            try:
                with writing(), transaction.atomic():
                    return self._apply(changes)
            except IntegrityError:
                self._accounts.clear()
                self._guilds.clear()
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _apply(self, changes: Sequence[Change]) -> list[Outcome]:
        now = clock.now()
        known = _known_messages(change.message_id for change in changes if isinstance(change, New))
        rows: list[Utterance] = []
        tasks: list[Task] = []
        later: list[Callable[[], None]] = []
        outcomes = [self._one(change, now, known, rows, tasks, later) for change in changes]
        store_prepared(tasks)
        Utterance.objects.bulk_create(rows, batch_size=500)
        for link in later:
            link()
        return outcomes

    def _one(
        self,
        change: Change,
        now: datetime,
        known: set[int],
        rows: list[Utterance],
        tasks: list[Task],
        later: list[Callable[[], None]],
    ) -> Outcome:
        match change:
            case New():
                if change.message_id in known:
                    return Outcome.TOO_LATE
                known.add(change.message_id or 0)
                rows.append(row := self._row(change, now))
                return self._with_sound(row, change, now, tasks)
            case Ordered():
                return self._order(change, now, rows, tasks, later)
            case Reworded():
                return _moved(Utterance.objects.filter(pk=change.id, state=State.WAITING).update(text=change.text))
            case Playing():
                _flush(rows, tasks)
                return _moved(
                    Utterance.objects.filter(pk=change.id, state=State.WAITING).update(
                        state=State.PLAYING, playing_at=now
                    )
                )
            case Ended():
                _flush(rows, tasks)
                return _moved(_end([change.id], change.state, now, change.reason))

    def _row(self, change: New, now: datetime) -> Utterance:
        if change.guild_id not in self._guilds:
            Guild.objects.get_or_create(pk=change.guild_id, defaults={"joined_at": now})
            self._guilds.add(change.guild_id)
        return Utterance(
            id=change.id,
            guild_id=change.guild_id,
            kind=change.kind,
            message_id=change.message_id,
            channel_id=change.channel_id,
            author_id=self._account(change.author)[0] if change.author else None,
            priority=change.priority,
            position=change.position,
            text=change.text,
            created_at=now,
        )

    def _with_sound(self, row: Utterance, change: New, now: datetime, tasks: list[Task]) -> Outcome:
        if change.order is None:
            return Outcome.DONE
        task = self._task(change.order, change.guild_id, change.author, change.priority)
        if task is None:
            row.state, row.reason, row.ended_at, row.text = State.SKIPPED, "unreadable", now, ""
            return Outcome.UNREADABLE
        tasks.append(task)
        row.task_id = task.pk
        return Outcome.DONE

    def _order(
        self,
        change: Ordered,
        now: datetime,
        rows: list[Utterance],
        tasks: list[Task],
        later: list[Callable[[], None]],
    ) -> Outcome:
        _flush(rows, tasks)
        task = self._task(change.order, change.guild_id, change.author, change.priority)
        if task is None:
            _end([change.id], State.SKIPPED, now, "unreadable")
            return Outcome.UNREADABLE
        waiting = Utterance.objects.filter(pk=change.id, state=State.WAITING)
        if not waiting.update(text=change.order.text):
            return Outcome.TOO_LATE
        _end(change.absorbed, State.MERGED, now, "")
        tasks.append(task)
        # The foreign key wants the task's row first.
        later.append(lambda: _link(change.id, task.pk))
        return Outcome.DONE

    def _task(self, order: Order, guild_id: int, author: str | None, priority: Priority) -> Task | None:
        try:
            return prepare(
                "speech",
                {"text": order.text, "voice": order.voice, "speed": order.speed, "pitch": order.pitch},
                task_id=order.task_id,
                owner_id=self._account(author)[1] if author else self._system_user(),
                source=Source.DISCORD,
                order_key=f"discord:{guild_id}",
                priority=priority,
            )
        except InvalidInput:
            return None

    def _account(self, author: str) -> tuple[int, int]:
        if author not in self._accounts:
            account = first_contact(Platform.DISCORD, author)
            self._accounts[author] = (account.pk, account.user_id)
        return self._accounts[author]

    def _system_user(self) -> int:
        if self._system_user_id is None:
            self._system_user_id = system_user().pk
        return self._system_user_id


def _known_messages(ids: Iterable[int | None]) -> set[int]:
    asked = [message_id for message_id in ids if message_id is not None]
    if not asked:
        return set()
    stored = Utterance.objects.filter(message_id__in=asked).values_list("message_id", flat=True)
    return {message_id for message_id in stored if message_id is not None}


def _flush(rows: list[Utterance], tasks: list[Task]) -> None:
    """Store what earlier changes of the batch brought: a later one may speak of it."""
    if tasks:
        store_prepared(list(tasks))
        tasks.clear()
    if rows:
        Utterance.objects.bulk_create(list(rows), batch_size=500)
        rows.clear()


def _link(utterance_id: UUID, task_id: UUID) -> None:
    Utterance.objects.filter(pk=utterance_id).update(task_id=task_id)


def _moved(count: int) -> Outcome:
    return Outcome.DONE if count else Outcome.TOO_LATE


def _end(ids: Iterable[UUID], state: State, now: datetime, reason: str) -> int:
    waiting = Utterance.objects.filter(pk__in=list(ids), state__in=OPEN)
    return waiting.update(state=state, reason=reason, ended_at=now, text="")


# --- After a restart, and what others wrote -----------------------------------


def begin_again(now: datetime) -> dict[str, int]:
    """
    End what a bot that was killed left behind; return how many, by reason.

    What was being said has been heard, at least in part: it is not said twice. What is late is not said at all.
    """
    late = now - timedelta(seconds=settings.DISCORD_LATE_SECONDS)
    waiting = Utterance.objects.filter(state=State.WAITING, created_at__lt=late)
    with writing(), transaction.atomic():
        return {
            "restart": Utterance.objects.filter(state=State.PLAYING).update(
                state=State.SKIPPED, reason="restart", ended_at=now, text=""
            ),
            "late": waiting.update(state=State.SKIPPED, reason="late", ended_at=now, text=""),
        }


def newest_message(guild_id: int) -> int:
    """Return the id of the last message that was taken in a guild, 0 for none: later ones were not seen."""
    messages = Utterance.objects.filter(guild_id=guild_id, message_id__isnull=False)
    return messages.order_by("-message_id").values_list("message_id", flat=True).first() or 0


def waiting(guild_id: int | None = None) -> list[Utterance]:
    """Return what waits, of one guild or of all, in the order it is to be said."""
    rows = Utterance.objects.filter(state=State.WAITING).select_related("author")
    if guild_id is not None:
        rows = rows.filter(guild_id=guild_id)
    return list(rows.order_by("guild_id", "priority", "position"))
