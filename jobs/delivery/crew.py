"""The senders of one process: threads, so that one that hangs holds up no other.

Work comes as lanes: a lane sends what is due to one receiver, one after the other. A receiver has
as many lanes as its kind allows, and only one while the crew is half busy: so receivers that hang
never take all the threads. Whoever waits for a lane waits in Redis and in the rows.

Called by rq_worker.py: `take()` from its main thread, `beat()` from another.
"""

import logging
import threading
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from jobs.delivery import kinds
from jobs.delivery.claim import MAX_SEND_SECONDS, Held, claim_next, settle
from jobs.delivery.errors import DeliveryError
from jobs.delivery.models import Delivery, State
from jobs.delivery.threads import Threads
from jobs.runtime import clock
from jobs.runtime.gate import writing

logger = logging.getLogger(__name__)

# A lane that has sent so many goes to the end of the line when others wait for one.
TURN = 25
# A database that is away for longer costs a second delivery under the same id.
STORE_SECONDS = 20.0


class Crew:
    """
    worker: the name that leases are held under. max_lanes: threads, and so database connections.
    """

    def __init__(self, *, worker: str, max_lanes: int) -> None:
        self.worker = worker
        self.max_lanes = max_lanes
        self.stopping = False
        self._lanes: Counter[str] = Counter()
        self._more: set[str] = set()  # receivers that something came for while their lanes were taken
        self._under_way: dict[UUID, float] = {}  # since when, by time.monotonic()
        self._change = threading.Condition()
        self._waiting = 0  # callers of take() that found no free lane
        self._threads = Threads(name="lane")

    def take(self, delivery_id: UUID) -> None:
        """See to it that a delivery is sent. Waits while no lane is free; does nothing for one that does not wait."""
        row = Delivery.objects.filter(pk=delivery_id, state=State.WAITING).values_list("receiver", "kind").first()
        if row is None or kinds.find(row[1]) is None:
            return
        receiver, kind = row
        with self._change:
            self._waiting += 1
            while self._lanes.total() >= self.max_lanes and receiver not in self._lanes and not self.stopping:
                self._change.wait(1.0)
            self._waiting -= 1
            if self.stopping:
                return
            if self._lanes[receiver] >= self._allowed(kind):
                # One of its lanes looks for it before it ends.
                self._more.add(receiver)
                return
            self._lanes[receiver] += 1
        self._threads.submit(partial(self._lane, receiver, delivery_id))

    def stop(self, *, within_seconds: float) -> bool:
        """Start nothing more; return True when all senders came to an end in time."""
        until = time.monotonic() + within_seconds
        with self._change:
            self.stopping = True
            self._change.notify_all()
            while self._lanes.total() and (left := until - time.monotonic()) > 0:
                self._change.wait(left)
            idle = not self._lanes.total()
        self._threads.end(wait_seconds=1.0 if idle else 0.0)
        return idle

    def wait_until_idle(self, *, within_seconds: float) -> bool:
        with self._change:
            return self._change.wait_for(lambda: not self._lanes.total(), timeout=within_seconds)

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

    def _allowed(self, kind: str) -> int:
        return 1 if 2 * self._lanes.total() >= self.max_lanes else kinds.at_once(kind)

    def _lane(self, receiver: str, first: UUID) -> None:
        try:
            self._send_due(receiver, first)
        except Exception as error:
            # What it held comes back when its lease runs out.
            level = logging.WARNING if isinstance(error, DatabaseError | InterfaceError) else logging.ERROR
            logger.log(
                level, "a lane broke off", exc_info=level == logging.ERROR, extra={"reason": type(error).__name__}
            )
            connection.close()
        finally:
            with self._change:
                self._lanes[receiver] -= 1
                if not self._lanes[receiver]:
                    del self._lanes[receiver]
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
        self._under_way[delivery.pk] = time.monotonic()
        error: Exception | None = None
        try:
            facts = kind.send(delivery) or {}
        except DeliveryError as failure:
            error, facts = failure, failure.facts
        except Exception as failure:
            logger.exception("a sender failed in a way it does not know", extra={"delivery": str(delivery.pk)})
            error, facts = failure, {}
        try:
            return self._settle(held, error, dict(facts), go_on=go_on)
        finally:
            self._under_way.pop(delivery.pk, None)

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
