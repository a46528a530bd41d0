"""The play queue's rows: what the bot decided, stored in order and many at a time.

A change is data (decided.py); `Ledger.apply()` stores a batch of them in one transaction, with the tasks
that make the sound. An utterance's id and its task's are made by the bot, so it can speak of
both before they are stored. States only go forward: a change that comes too late does nothing.

Called by bots/discord/writer.py, in a thread.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import IntegrityError, transaction

from bots.guilds.decided import Change, Ended, New, Order, Ordered, Outcome, Playing, Reworded
from bots.guilds.models import Guild, State, Utterance
from bots.guilds.models.utterance import OPEN
from jobs.access.accounts import first_contact
from jobs.access.models import Platform
from jobs.runtime import clock
from jobs.runtime.errors import InvalidInput
from jobs.runtime.gate import writing
from jobs.runtime.invoke import store_prepared
from jobs.runtime.models import Priority, Source, Task
from jobs.runtime.preparing import Asked, prepare
from jobs.runtime.schedule import system_user

# A message may be stored by another bot, or an account be erased, between our look and our insert.
TRIES = 3


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
        outcomes: list[Outcome] = []
        # When many guilds begin to speak together, that is one statement instead of one for each.
        for move, group in groupby(changes, _move_of):
            if move is None:
                outcomes += [self._one(change, now, known, rows, tasks, later) for change in group]
            else:
                _flush(rows, tasks)
                moved = list(group)
                outcomes += _move([change.id for change in moved], *move, now)
                _leave_out([each for change in moved if isinstance(change, Ended) for each in change.absorbed], move[1])
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
            case _:
                raise AssertionError(f"{type(change).__name__} is a move")

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
                Asked(
                    task_id=order.task_id,
                    owner_id=self._account(author)[1] if author else self._system_user(),
                    order_key=f"discord:{guild_id}",
                ),
                source=Source.DISCORD,
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


def _move_of(change: Change) -> tuple[State, str] | None:
    """Return the state a change leads to, and why; None for one that brings something."""
    match change:
        case Playing():
            return State.PLAYING, ""
        case Ended():
            return change.state, change.reason
    return None


def _move(ids: Sequence[UUID], state: State, reason: str, now: datetime) -> list[Outcome]:
    """Lead all of these to one state, those that can still go there; return what became of each."""
    before, moment = ((State.WAITING,), "playing_at") if state == State.PLAYING else (OPEN, "ended_at")
    values = {"state": state, moment: now} | ({} if state == State.PLAYING else {"reason": reason, "text": ""})
    rows = Utterance.objects.filter(pk__in=ids)
    if rows.filter(state__in=before).update(**values) == len(ids):
        return [Outcome.DONE] * len(ids)
    moved = set(rows.filter(state=state, **{moment: now}).values_list("pk", flat=True))
    return [_moved(each in moved) for each in ids]


def _leave_out(ids: Sequence[UUID], reason: str) -> None:
    """What was taken along by another was not said either."""
    if ids:
        Utterance.objects.filter(pk__in=ids, state=State.MERGED).update(state=State.SKIPPED, reason=reason)


def _moved(count: int) -> Outcome:
    return Outcome.DONE if count else Outcome.TOO_LATE


def _end(ids: Iterable[UUID], state: State, now: datetime, reason: str) -> int:
    waiting = Utterance.objects.filter(pk__in=list(ids), state__in=OPEN)
    return waiting.update(state=state, reason=reason, ended_at=now, text="")
