"""Ask for a delivery: now, or when a task ends. The row is written in the caller's transaction.

The id goes to rq after the commit; when Redis does not take it, the sweep finds the row.
Nothing is delivered twice under two ids: the key is unique.

Called by the runtime's signal (wishes.py), the API, the bots and the admin.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from jobs.delivery import queue
from jobs.delivery.kinds import Outcome, Rate, register
from jobs.delivery.models import Delivery, Receiver, State, Wish
from jobs.runtime import clock
from jobs.runtime.models import Task

__all__ = ["Outcome", "Rate", "deliver", "on_end", "register", "send_again", "store"]

# Until Redis has the id, or has lost it: the sweep sends it again after this. A killed worker's
# deliveries must be back within a lease and 15 s.
QUEUED_SECONDS = 10


def deliver(
    kind: str,
    *,
    task: Task | None,
    owner: AbstractBaseUser,
    target: Mapping[str, Any],
    payload: Mapping[str, Any],
    key: str,
    receiver: str,
    not_before: datetime | None = None,
) -> Delivery:
    """
    Have something delivered, at least once, under one id; return the row.

    key: the same key gives the same delivery again, whatever else is said.
    receiver: whose rate limit counts; names of different kinds are different receivers.
    payload: is emptied when it has arrived. not_before: a moment in the past means now.
    """
    wanted = prepared(
        kind,
        task_id=None if task is None else task.pk,
        owner_id=owner.pk,
        target=target,
        payload=payload,
        key=key,
        receiver=receiver,
        not_before=not_before,
    )
    store([wanted])
    return Delivery.objects.get(key=wanted.key)


def prepared(
    kind: str,
    *,
    task_id: UUID | None,
    owner_id: Any,
    target: Mapping[str, Any],
    payload: Mapping[str, Any],
    key: str,
    receiver: str,
    not_before: datetime | None = None,
) -> Delivery:
    """Return a delivery that is not stored yet, for `store()`."""
    now = clock.now()
    due = max(not_before, now) if not_before is not None else now
    return Delivery(
        kind=kind,
        task_id=task_id,
        owner_id=owner_id,
        target=dict(target),
        payload=dict(payload),
        key=key,
        receiver=f"{kind}:{receiver}"[:200],
        next_at=due,
        queued_until=due + timedelta(seconds=QUEUED_SECONDS) if due == now else None,
        created_at=now,
    )


def store(deliveries: Sequence[Delivery]) -> None:
    """Store what is new of these, and wake the senders after the commit."""
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    due = [delivery.pk for delivery in deliveries if delivery.queued_until is not None]
    transaction.on_commit(partial(queue.wake, due))


def on_end(task: Task, kind: str, *, target: Mapping[str, Any], receiver: str) -> Wish | None:
    """
    When `task` ends, however it does, deliver that: its status is the payload, its rows say the rest.

    Call it in the transaction that accepts the task. None when the task has ended already: then it is
    delivered at once.
    """
    now = clock.now()
    wish = Wish.objects.create(task=task, kind=kind, target=dict(target), receiver=receiver, created_at=now)
    ended = Task.objects.get(pk=task.pk)
    if not ended.is_final():
        return wish
    store([from_wish(wish, ended)])
    wish.delete()
    return None


def from_wish(wish: Wish, task: Task) -> Delivery:
    """Return the delivery that a wish has become, not stored yet."""
    return prepared(
        wish.kind,
        task_id=task.pk,
        owner_id=task.owner_id,
        target=wish.target,
        payload={"status": str(task.status)},
        key=end_key(task.pk, wish.kind, wish.target),
        receiver=wish.receiver,
    )


def end_key(task_id: UUID, kind: str, target: Mapping[str, Any]) -> str:
    """Return the key of "this task's end, to this target", however often somebody wished for it."""
    place = hashlib.sha256(json.dumps(target, sort_keys=True).encode()).hexdigest()[:24]
    return f"end:{kind}:{task_id.hex}:{place}"


def send_again(dead: QuerySet[Delivery]) -> int:
    """
    Let dead deliveries start anew; return how many there were. The sweep sends them, the oldest first.

    Whoever asks for it believes that their receivers answer again: what is known of their silence is forgotten.
    """
    again = dead.filter(state=State.DEAD)
    receivers = list(again.order_by().values_list("receiver", flat=True).distinct())
    Receiver.objects.filter(pk__in=receivers).update(failures=0, broken_answers=0, failing_since=None, resume_at=None)
    return again.update(
        state=State.WAITING,
        failures=0,
        next_at=clock.now(),
        queued_until=None,
        give_up_at=None,
        ended_at=None,
        error="",
    )
