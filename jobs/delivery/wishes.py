"""A task ends: what was wished for its end becomes deliveries, in the transaction that ends it.

For tasks that nobody asked about this is one look at two small indexes, for however many end at once.
Called by the runtime's signal `tasks_ending`; the sweep calls it for what ended unseen.
"""

import threading
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from jobs.delivery import queue
from jobs.delivery.models import Delivery, Endpoint, Wish
from jobs.delivery.outbox import end_key, from_wish, prepared
from jobs.runtime.models import Task

QUESTION = """
SELECT EXISTS (SELECT 1 FROM delivery_wish WHERE task_id IN ({ids}))
    OR EXISTS (SELECT 1 FROM delivery_endpoint WHERE every_task AND disabled_at IS NULL AND owner_id IN ({owners}))
"""


class _OfThread(threading.local):
    to_wake: list[UUID]

    def __init__(self) -> None:
        self.to_wake = []


_of_thread = _OfThread()


def honour(tasks: Sequence[Task]) -> None:
    """Make the deliveries that these tasks' ends are wished for. Call it within the transaction of the end."""
    if not _anybody_asks(tasks):
        return
    by_id = {task.pk: task for task in tasks}
    wishes = list(Wish.objects.filter(task_id__in=list(by_id)))
    found = [from_wish(wish, by_id[wish.task_id]) for wish in wishes] + _for_endpoints(tasks)
    Delivery.objects.bulk_create(found, ignore_conflicts=True)
    if wishes:
        Wish.objects.filter(pk__in=[wish.pk for wish in wishes]).delete()
    # Only noted at the commit: a worker that ends several tasks wakes all their deliveries in one message.
    transaction.on_commit(partial(_of_thread.to_wake.extend, [delivery.pk for delivery in found]))


def wake_after_commit() -> None:
    """Send the ids of what this thread has committed."""
    if _of_thread.to_wake:
        ids, _of_thread.to_wake = _of_thread.to_wake, []
        queue.wake(ids)


def _anybody_asks(tasks: Sequence[Task]) -> bool:
    native = connection.features.has_native_uuid_field
    ids: list[Any] = [task.pk if native else task.pk.hex for task in tasks]
    owners = {task.owner_id for task in tasks}
    with connection.cursor() as cursor:
        cursor.execute(_question(len(ids), len(owners)), [*ids, *owners])
        answer = cursor.fetchone()
    return bool(answer[0])


@lru_cache(maxsize=64)
def _question(ids: int, owners: int) -> str:
    return QUESTION.format(ids=", ".join(["%s"] * ids), owners=", ".join(["%s"] * owners))


def _for_endpoints(tasks: Sequence[Task]) -> list[Delivery]:
    owners = {task.owner_id for task in tasks}
    rows = Endpoint.objects.filter(owner__in=owners, every_task=True, disabled_at__isnull=True)
    endpoints: dict[int, list[Endpoint]] = {}
    for endpoint in rows:
        endpoints.setdefault(endpoint.owner_id, []).append(endpoint)
    # Of a batch the whole is told, not each of its parts.
    return [
        _for_endpoint(task, endpoint)
        for task in tasks
        if task.parent_id is None
        for endpoint in endpoints.get(task.owner_id, [])
    ]


def _for_endpoint(task: Task, endpoint: Endpoint) -> Delivery:
    target = {"endpoint_id": str(endpoint.pk)}
    return prepared(
        "webhook",
        task_id=task.pk,
        owner_id=task.owner_id,
        target=target,
        payload={"status": str(task.status)},
        key=end_key(task.pk, "webhook", target),
        receiver=receiver_of(endpoint.owner_id, endpoint.url),
    )


def receiver_of(owner_id: int, url: str) -> str:
    """Return whose rate limit an address falls under: its host, for this owner; others' mistakes are theirs."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return f"{owner_id}:{parts.scheme}://{parts.netloc}"[:190]
