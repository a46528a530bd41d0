"""What the rows know and nobody works on: found by every rq worker, about once a second.

- an attempt whose lease ran out: its worker was killed, or its sender hangs; it is tried again
- a delivery that is due and that Redis does not know, or has lost
- a wish whose task has ended unseen
- what waits for a receiver that has been silent for a day: dead
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from jobs.delivery import backoff
from jobs.delivery.models import Attempt, Delivery, Receiver, State, Wish
from jobs.delivery.outbox import QUEUED_SECONDS
from jobs.delivery.wishes import honour, wake_after_commit
from jobs.runtime import processes
from jobs.runtime.gate import writing
from jobs.runtime.models import Task
from jobs.runtime.models.task import FINAL

logger = logging.getLogger(__name__)

# In one go; what is left comes in the next second.
BATCH = 200
IS_ANY_DUE = "SELECT 1 FROM delivery_delivery {by_time} WHERE state = 'waiting' AND next_at <= %(now)s LIMIT 1"
# Of each receiver that is not left alone, two deliveries that are due: its lane sends the others too, and opens more
# lanes when there is more than one (crew.py). It steps from receiver to receiver by the index, so that of one that is
# left alone a single entry is read, however many wait there.
DUE = """
WITH RECURSIVE place(name) AS (
    SELECT ({receivers} ORDER BY receiver LIMIT 1)
    UNION ALL
    SELECT ({receivers} AND receiver > place.name ORDER BY receiver LIMIT 1) FROM place WHERE place.name IS NOT NULL
)
SELECT ({of_receiver} LIMIT 1), ({of_receiver} LIMIT 1 OFFSET 1) FROM place WHERE place.name IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM delivery_receiver WHERE name = place.name AND resume_at > %(now)s)
"""
RECEIVERS = "SELECT receiver FROM delivery_delivery {by_receiver} WHERE state = 'waiting'"
OF_RECEIVER = """
SELECT id FROM delivery_delivery {by_receiver} WHERE state = 'waiting' AND receiver = place.name
    AND next_at <= %(now)s AND (queued_until IS NULL OR queued_until <= %(now)s) ORDER BY next_at
"""
# SQLite would read all that was ever sent there; that it waits it sees only where the state is a word and no parameter.
HINTS = {"sqlite": {"by_time": "INDEXED BY delivery_due", "by_receiver": "INDEXED BY delivery_of_receiver"}}
NO_HINTS = {"by_time": "", "by_receiver": ""}
# An attempt that ends with its worker this often may be what kills it.
MAX_LOST = 3
LOST = "its sender died"


def take_back(*, now: datetime) -> int:
    """Make waiting again what dead workers held; return how many. Those of this machine without awaiting the lease."""
    held = Delivery.objects.filter(state=State.SENDING)
    names = held.values_list("worker", flat=True).distinct()
    dead = [name for name in names if processes.is_local(name) and not processes.is_alive(name)]
    lost = held.filter(Q(leased_until__lte=now) | Q(worker__in=dead)).order_by("leased_until")
    return sum(_take_back(delivery, now) for delivery in lost[:BATCH])


def _take_back(delivery: Delivery, now: datetime) -> bool:
    lost_before = delivery.attempts.filter(outcome=Attempt.Outcome.LOST).count()
    over = lost_before + 1 >= MAX_LOST
    with writing(), transaction.atomic():
        mine = Delivery.objects.filter(
            pk=delivery.pk, state=State.SENDING, attempt=delivery.attempt, leased_until=delivery.leased_until
        ).update(
            state=State.DEAD if over else State.WAITING,
            ended_at=now if over else None,
            worker="",
            leased_until=None,
            queued_until=None,
            next_at=now,
            error=LOST,
        )
        if mine:
            Attempt.objects.create(
                delivery=delivery,
                number=delivery.attempt,
                worker=delivery.worker,
                # Not known any more; this is when its lease was renewed last.
                started_at=(delivery.leased_until or now) - timedelta(seconds=settings.LEASE_SECONDS),
                ended_at=now,
                outcome=Attempt.Outcome.LOST,
                error=LOST,
            )
    if mine:
        logger.warning("a delivery was taken back", extra={"delivery": str(delivery.pk), "over": over})
    return bool(mine)


def due(*, now: datetime) -> list[UUID]:
    """
    Return deliveries that are due and that Redis is not believed to know; it is, from then on, for a while.

    Two for each receiver at most: whoever has a lane sends all that is due there.
    """
    ids = _due(now)
    if not ids:
        return []
    with writing(), transaction.atomic():
        # Two workers that look at the same time may both send them: a claim is made once.
        Delivery.objects.filter(pk__in=ids, state=State.WAITING).update(
            queued_until=now + timedelta(seconds=QUEUED_SECONDS)
        )
    return ids


def _due(now: datetime) -> list[UUID]:
    values = {"now": connection.ops.adapt_datetimefield_value(now)}
    hints = HINTS.get(connection.vendor, NO_HINTS)
    with connection.cursor() as cursor:
        cursor.execute(IS_ANY_DUE.format(**hints), values)
        if cursor.fetchone() is None:
            return []
        cursor.execute(question(), values)
        found = [[UUID(str(each)) for each in pair if each is not None] for pair in cursor.fetchall()]
    # The oldest first: an id begins with the moment it was made at.
    return [each for pair in sorted(filter(None, found))[: BATCH // 2] for each in pair]


def question() -> str:
    """Return the question for what is due, in this database's words."""
    hints = HINTS.get(connection.vendor, NO_HINTS)
    return DUE.format(receivers=RECEIVERS.format(**hints), of_receiver=OF_RECEIVER.format(**hints))


def honour_unseen() -> int:
    """Honour wishes whose task has ended although nobody said so; return how many tasks there were."""
    waiting = Wish.objects.filter(task__status__in=FINAL).values("task_id")
    tasks = list(Task.objects.filter(pk__in=waiting)[:BATCH])
    if tasks:
        with writing(), transaction.atomic():
            honour(tasks)
        wake_after_commit()
    return len(tasks)


def give_up(*, now: datetime) -> int:
    """End what has waited for a day for a receiver that was silent for all of it; return how many."""
    long_ago = now - backoff.GIVE_UP_AFTER
    silent = list(Receiver.objects.filter(failing_since__lte=long_ago).values_list("pk", flat=True)[:BATCH])
    if not silent:
        return 0
    with writing(), transaction.atomic():
        return Delivery.objects.filter(
            state=State.WAITING, receiver__in=silent, next_at__lte=now, created_at__lte=long_ago
        ).update(state=State.DEAD, ended_at=now, error="the receiver did not answer for a day")
