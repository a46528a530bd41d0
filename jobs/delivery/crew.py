"""The senders of one process: threads, so that one that hangs holds up no other.

Work comes as lanes: a lane sends what is due to one receiver, one after the other. lanes.py says who may
have how many. Whoever waits for a lane waits in Redis and in the rows.

Called by rq_worker.py: `take()` from its main thread, `beat()` from another.
"""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import lru_cache, partial
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from structlog.contextvars import bound_contextvars

from jobs.delivery import kinds, lanes, queue
from jobs.delivery.claim import MAX_SEND_SECONDS, Held, claim_next, settle
from jobs.delivery.errors import Broken, DeliveryError, Unreachable
from jobs.delivery.lanes import Lanes
from jobs.delivery.models import Delivery, State
from jobs.delivery.threads import Threads
from jobs.runtime import clock, tracing
from jobs.runtime.gate import writing
from jobs.runtime.models import Task
from jobs.runtime.whereabouts import whereabouts

logger = logging.getLogger(__name__)

# A lane that has sent so many goes to the end of the line when others wait for one.
TURN = 25
# A database that is away for longer costs a second delivery under the same id.
STORE_SECONDS = 20.0
# What finds no lane because others hang is looked at again after this.
PUT_OFF_SECONDS = 5

# Raw, as in claim.py: through the ORM one such look took as long as sending three webhooks.
TO_SEND = """
SELECT id, receiver, kind FROM delivery_delivery WHERE id IN ({ids}) AND state = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM delivery_receiver WHERE name = delivery_delivery.receiver AND resume_at > %s
)
ORDER BY id
"""


class Crew:
    """
    worker: the name that leases are held under. max_lanes: threads, and so database connections; half as many again
    while attempts hang.
    """

    def __init__(self, *, worker: str, max_lanes: int) -> None:
        self.worker = worker
        self.stopping = False
        self._lanes = Lanes(most=max_lanes)
        self._more: set[str] = set()  # receivers that there was more for than their lanes were asked to send
        self._under_way: dict[UUID, float] = {}  # since when, by time.monotonic()
        self._change = threading.Condition()
        self._waiting = 0  # callers of take() that found no free lane
        self._threads = Threads(name="lane")

    def take(self, *ids: UUID, wait: bool = True) -> None:
        """
        See to it that deliveries are sent; nothing is done for those that do not wait, or whose receiver is left alone.

        wait: for a lane, while none is free; else it is left to the sweep.
        """
        asked: dict[str, list[tuple[UUID, str]]] = {}
        for row_id, receiver, kind in _to_send(ids):
            if kinds.find(kind) is not None:
                asked.setdefault(receiver, []).append((row_id, kind))
        put_off: list[UUID] = []
        now = time.monotonic()
        with self._change:
            # Who is known to answer does not wait behind those that may hang.
            ordered = sorted(asked.items(), key=lambda each: not self._lanes.is_known(each[0], now=now))
        for receiver, rows in ordered:
            if not self._open(receiver, rows[0][1], first=rows[0][0], is_more=len(rows) > 1, wait=wait):
                put_off += [row_id for row_id, _kind in rows]
        if put_off:
            until = clock.now() + timedelta(seconds=PUT_OFF_SECONDS)
            with writing():
                Delivery.objects.filter(pk__in=put_off, state=State.WAITING).update(queued_until=until)

    def room(self) -> int:
        """Return how many lanes could be opened now."""
        with self._change:
            return 0 if self.stopping else self._lanes.free(now=time.monotonic())

    def _open(self, receiver: str, kind: str, *, first: UUID, is_more: bool, wait: bool) -> bool:
        """See to it that a receiver has a lane; False when it is to be looked at again later."""
        with self._change:
            self._waiting += wait
            while wait and not self.stopping and self._is_to_wait(receiver):
                self._change.wait(lanes.PATIENCE_SECONDS)
            self._waiting -= wait
            now = time.monotonic()
            if self.stopping or self._lanes.has_none_for(receiver, now=now):
                # Behind it may be what is for those that answer.
                return not self._lanes.hang_before(receiver, now=now)
            may_widen = self._lanes.may_widen(receiver, at_once=kinds.at_once(kind), now=now)
            if is_more or not may_widen:
                # One of its lanes looks for it before it ends.
                self._more.add(receiver)
            if not may_widen:
                return True
            self._lanes.open(receiver, now=now)
        self._threads.submit(partial(self._lane, receiver, first))
        return True

    def _is_to_wait(self, receiver: str) -> bool:
        now = time.monotonic()
        return self._lanes.has_none_for(receiver, now=now) and not self._lanes.hang_before(receiver, now=now)

    def _answered(self, receiver: str, kind: str) -> None:
        """Something has arrived: what else waits there may be sent beside it, as far as its kind allows."""
        opened, now = 0, time.monotonic()
        with self._change:
            self._lanes.answered(receiver, now=now)
            self._change.notify_all()
            while receiver in self._more and self._lanes.may_widen(receiver, at_once=kinds.at_once(kind), now=now):
                if self.stopping or self._waiting or not self._lanes.free(now=now):
                    break
                self._lanes.open(receiver, now=now)
                opened += 1
        for _ in range(opened):
            self._threads.submit(partial(self._lane, receiver, None))

    def _failed(self, receiver: str) -> None:
        with self._change:
            self._lanes.failed(receiver)

    def stop(self, *, within_seconds: float) -> bool:
        """Start nothing more; return True when all senders came to an end in time."""
        until = time.monotonic() + within_seconds
        with self._change:
            self.stopping = True
            self._change.notify_all()
            while self._lanes.count() and (left := until - time.monotonic()) > 0:
                self._change.wait(left)
            idle = not self._lanes.count()
        self._threads.end(wait_seconds=1.0 if idle else 0.0)
        return idle

    def wait_until_idle(self, *, within_seconds: float) -> bool:
        with self._change:
            return self._change.wait_for(lambda: not self._lanes.count(), timeout=within_seconds)

    def renew(self) -> None:
        """Extend the leases of what is under way and not overdue."""
        since = time.monotonic() - MAX_SEND_SECONDS
        alive = [each for each, started in list(self._under_way.items()) if started > since]
        if alive:
            leased_until = clock.now() + timedelta(seconds=settings.LEASE_SECONDS)
            with writing():
                Delivery.objects.filter(pk__in=alive, worker=self.worker, state=State.SENDING).update(
                    leased_until=leased_until
                )

    def hangs(self) -> bool:
        """True when a sender has been at it for so long that only the end of this process ends it."""
        since = time.monotonic() - 2 * MAX_SEND_SECONDS
        return any(started < since for started in list(self._under_way.values()))

    def _lane(self, receiver: str, first: UUID | None) -> None:
        try:
            self._send_due(receiver, first)
        except Exception as error:
            # What it held comes back when its lease runs out.
            level = logging.WARNING if isinstance(error, DatabaseError | InterfaceError) else logging.ERROR
            logger.log(level, "a lane broke off", extra=whereabouts(error))
            connection.close()
        finally:
            with self._change:
                self._lanes.close(receiver, now=time.monotonic())
                self._change.notify_all()

    def _send_due(self, receiver: str, first: UUID | None) -> None:
        while True:
            held = claim_next(receiver, worker=self.worker, prefer=first)
            sent = 0
            while held is not None:
                sent += 1
                held = self._attempt(held, go_on=not self.stopping and sent < TURN)
            first = None
            with self._change:
                more = receiver in self._more or sent >= TURN
                self._more.discard(receiver)
                # What is left is in the rows, and mostly in Redis too.
                if not more or self.stopping or (sent >= TURN and self._waiting):
                    return

    def _attempt(self, held: Held, *, go_on: bool) -> Held | None:
        delivery = held.delivery
        kind = kinds.find(delivery.kind)
        assert kind is not None  # noqa: S101 - the claim looked
        now = self._under_way[delivery.pk] = time.monotonic()
        self._lanes.asks(delivery.pk, delivery.receiver, now=now)
        error: Exception | None = None
        try:
            with bound_contextvars(delivery=str(delivery.pk), kind=delivery.kind), _measured(delivery):
                facts = kind.send(delivery) or {}
        except DeliveryError as failure:
            error, facts = failure, failure.facts
        except Exception as failure:
            # Lines only: an error's message may hold the person's words.
            words = {"delivery": str(delivery.pk), "kind": delivery.kind, **whereabouts(failure)}
            logger.error("a sender failed in a way it does not know", extra=words)
            error, facts = failure, {}
        finally:
            self._lanes.heard(delivery.pk)
        try:
            following = self._settle(held, error, dict(facts), go_on=go_on)
        finally:
            self._under_way.pop(delivery.pk, None)
        if isinstance(error, Unreachable | Broken):
            self._failed(delivery.receiver)
        elif error is None:
            self._answered(delivery.receiver, delivery.kind)
        return following

    def _settle(self, held: Held, error: Exception | None, facts: dict[str, object], *, go_on: bool) -> Held | None:
        until, pause = time.monotonic() + STORE_SECONDS, 0.2
        while True:
            try:
                return settle(held, error, facts, go_on=go_on)
            except (OperationalError, InterfaceError):
                connection.close()
                if time.monotonic() + pause > until:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, 3.0)


def _to_send(ids: Sequence[UUID]) -> list[tuple[UUID, str, str]]:
    """Return id, receiver and kind of those that wait, oldest first; none for a receiver that is left alone."""
    if not ids:
        return []
    native = connection.features.has_native_uuid_field
    values = [*(each if native else each.hex for each in ids), connection.ops.adapt_datetimefield_value(clock.now())]
    with connection.cursor() as cursor:
        cursor.execute(_question(len(ids)), values)
        return [(UUID(str(row_id)), receiver, kind) for row_id, receiver, kind in cursor.fetchall()]


@lru_cache(maxsize=queue.MOST_AT_ONCE + 1)
def _question(count: int) -> str:
    return TO_SEND.format(ids=", ".join(["%s"] * count))


def _measured(delivery: Delivery) -> AbstractContextManager[tracing.Nothing]:
    if not tracing.is_on():
        return nullcontext(tracing.NOTHING)
    parent = None
    if delivery.task_id is not None:
        parent = Task.objects.filter(pk=delivery.task_id).values_list("traceparent", flat=True).first()
    return tracing.span(
        f"deliver {delivery.kind}",
        "client",
        parent=parent,
        delivery_id=str(delivery.pk),
        task_id=str(delivery.task_id) if delivery.task_id else None,
        attempt=delivery.attempt,
    )
