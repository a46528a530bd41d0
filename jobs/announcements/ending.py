"""An announcement's task has ended: say so in its row, and order what is to be brought elsewhere at its time.

Both in the transaction that ends the task. Called by the runtime's signal `tasks_ending`.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from jobs.announcements import carriers, shelf
from jobs.announcements.due import FUNCTION
from jobs.announcements.models import Announcement, Condition
from jobs.delivery import outbox
from jobs.delivery.models import Delivery
from jobs.runtime import clock
from jobs.runtime.models import Status, Task

# What cannot be brought by then is no announcement of this day's weather any more.
GIVE_UP_AFTER = timedelta(hours=2)


def on_end(tasks: Sequence[Task]) -> None:
    """Settle the announcements that these tasks were to make; others are none of this room's."""
    mine = [task for task in tasks if task.function == FUNCTION]
    deliveries = [delivery for task in mine for delivery in _settle(task)]
    if deliveries:
        outbox.store(deliveries)


def _settle(task: Task) -> list[Delivery]:
    # By user and day: staff may have run a failed one again, as another task.
    day = task.inputs.get("date")
    row = Announcement.objects.filter(user_id=task.owner_id, date=day).first() if day else None
    if row is None or row.status == Condition.READY:
        return []
    made = task.status == Status.SUCCESS
    row.status = Condition.READY if made else Condition.FAILED
    row.error = "" if made else task.error_code or str(task.status)
    row.file = shelf.name_of(row.user_id, row.date) if made else ""
    row.task_id, row.ended_at = task.pk, clock.now()
    row.save(update_fields=["status", "error", "file", "task", "ended_at"])
    return _deliveries(row, task) if made else []


def _deliveries(row: Announcement, task: Task) -> list[Delivery]:
    found: list[Delivery] = []
    for place in row.deliver_to:
        carrier = carriers.find(place["kind"])
        destination = carrier.destination(row, place["id"]) if carrier is not None else None
        if destination is not None:
            found.append(_delivery(row, task, place, destination))
    return found


def _delivery(row: Announcement, task: Task, place: dict[str, Any], destination: carriers.Destination) -> Delivery:
    made = outbox.prepared(
        destination.kind,
        task_id=task.pk,
        owner_id=row.user_id,
        target=destination.target,
        payload={"announcement": row.pk},
        key=f"weather:{row.pk}:{place['kind']}:{place['id']}"[:200],
        receiver=destination.receiver,
        not_before=row.announcement_at,
    )
    made.give_up_at = max(row.announcement_at, made.next_at) + GIVE_UP_AFTER
    return made
