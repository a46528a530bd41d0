"""Rebuild from the rows whatever Redis or a dead machine lost. Safe anywhere, any number of times.

- a lease that ran out: the task is taken back (lease.py)
- an id held by a worker that no longer lives: back into its queue
- a waiting row that Redis does not know: sent
- a delayed id that is due: sent

Called by the keeper of every cluster and by the `reconcile` command.
"""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from jobs.runtime import lease, queue, stats
from jobs.runtime.models import Task
from jobs.runtime.models.task import WAITING
from jobs.runtime.processes import is_alive, is_local

logger = logging.getLogger(__name__)

# A row younger than this may just be on its way from commit to Redis.
ON_ITS_WAY_SECONDS = 2.0
# Rows compared with Redis in one round trip.
BATCH = 500


@dataclass
class Repairs:
    """What a sweep did, in numbers of tasks (`foreign`: queue entries without a row)."""

    rescued: int = 0
    returned: int = 0
    sent: int = 0
    foreign: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def sweep(*, now: datetime, grace_seconds: float = ON_ITS_WAY_SECONDS) -> Repairs:
    """Do all of it once. Raises QueueUnreachable when Redis is away; the leases are rescued first."""
    repairs = Repairs()
    repairs.rescued = len(lease.rescue_expired(now=now))
    repairs.returned = return_held()
    repairs.sent = send_missing(now=now, grace_seconds=grace_seconds) + send_due(now=now)
    if any(repairs.as_dict().values()):
        logger.info("sweep repaired the queue", extra=repairs.as_dict())
    return repairs


def return_held() -> int:
    """Give back what is held by workers nobody has heard of lately."""
    known = {facts["name"] for facts in stats.live_workers()}
    dead = [name for name in queue.holders() if (not is_alive(name) if is_local(name) else name not in known)]
    return sum(queue.give_back(name) for name in dead)


def send_missing(*, now: datetime, grace_seconds: float = ON_ITS_WAY_SECONDS) -> int:
    """Send every waiting row that Redis knows nowhere; return how many."""
    waiting = Task.objects.filter(status__in=WAITING, updated_at__lt=now - timedelta(seconds=grace_seconds)).order_by(
        "id"
    )
    sent, last = 0, None
    while True:
        batch = list((waiting.filter(pk__gt=last) if last else waiting)[:BATCH])
        if not batch:
            return sent
        last = batch[-1].pk
        absent = set(queue.missing([task.pk for task in batch]))
        for task in batch:
            if task.pk in absent:
                queue.send(task)
                sent += 1


def send_due(*, now: datetime) -> int:
    """Move every delayed id whose time has come into its queue; return how many."""
    members = queue.due(now=now)
    if not members:
        return 0
    ids = {member: queue.id_of(member) for member in members}
    tasks = Task.objects.in_bulk([task_id for task_id in ids.values() if task_id is not None])
    stale, sent = [], 0
    for member, task_id in ids.items():
        task = tasks.get(task_id) if task_id else None
        if task is None or task.status not in WAITING:
            stale.append(member)
            continue
        # The row decides: its `not_before` may be later than what Redis says.
        if task.not_before is None or task.not_before <= now:
            task.not_before = None
            sent += 1
        queue.send(task)
    if stale:
        queue.forget_delayed(stale)
    return sent


def drop_foreign(queue_name: str, *, limit: int = 100_000) -> int:
    """Remove queue entries that are not ours, or whose row does not wait; return how many. For `reconcile`."""
    members = queue.entries(queue_name, limit=limit)
    ids: dict[bytes, UUID | None] = {member: queue.id_of(member) for member in members}
    known = [task_id for task_id in ids.values() if task_id is not None]
    waiting: set[UUID] = set()
    for start in range(0, len(known), BATCH):
        slice_ids = known[start : start + BATCH]
        waiting.update(Task.objects.filter(pk__in=slice_ids, status__in=WAITING).values_list("pk", flat=True))
    foreign = [member for member, task_id in ids.items() if task_id not in waiting]
    if foreign:
        queue.remove_entries(queue_name, foreign)
    return len(foreign)
