"""Rebuild from the rows whatever Redis or a dead machine lost. Safe anywhere, any number of times.

- a key of ours that others spoiled: moved aside (foreign.py)
- a lease that ran out: the task is taken back (lease.py)
- an id held by a worker that no longer lives: back into its queue
- a waiting row that Redis does not know: sent
- a delayed id that is due: sent
- what counts against a limit and runs no more: taken off it

Called by the keeper of every cluster and by the `reconcile` command.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from jobs.runtime import admission, foreign, lease, queue, stats
from jobs.runtime.followers import startable
from jobs.runtime.models import Status, Task
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
    moved_aside: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def sweep(
    *, now: datetime, grace_seconds: float = ON_ITS_WAY_SECONDS, sure: Callable[[], bool] = lambda: True
) -> Repairs:
    """
    Do all of it once. Raises QueueUnreachable when Redis is away; the leases are rescued first.

    sure: asked before each lease is taken away.
    """
    repairs = Repairs()
    rescued = lease.rescue_expired(now=now, sure=sure)
    repairs.rescued = len(rescued)
    repairs.moved_aside = foreign.move_aside()
    for task in rescued:
        # At once, and not only when it is missing: a cluster that sleeps holds its id, and may for ever.
        if task.status == Status.RETRY:
            queue.send(task)
    repairs.returned = return_held()
    admission.keep_limits()
    admission.prune()
    repairs.sent = send_missing(now=now, grace_seconds=grace_seconds) + send_due(now=now)
    if any(repairs.as_dict().values()):
        logger.info("sweep repaired the queue", extra=repairs.as_dict())
    return repairs


def return_held() -> int:
    """Give back what is held by workers that have died, or that nobody has heard of lately: their cluster sleeps."""
    known = {facts["name"] for facts in stats.live_workers()}
    # Giving back what a living worker runs after all does no harm: the row refuses a second claim.
    dead = [name for name in queue.holders() if name not in known or (is_local(name) and not is_alive(name))]
    return sum(queue.give_back(name) for name in dead)


def send_missing(*, now: datetime, grace_seconds: float = ON_ITS_WAY_SECONDS) -> int:
    """Send every waiting row that waits for no other task and that Redis knows nowhere; return how many."""
    waiting = startable().filter(updated_at__lt=now - timedelta(seconds=grace_seconds)).order_by("id")
    sent, last = 0, None
    while True:
        ids = list((waiting.filter(pk__gt=last) if last else waiting).values_list("pk", flat=True)[:BATCH])
        if not ids:
            return sent
        last = ids[-1]
        absent = queue.missing(ids)
        queue.send_all(list(Task.objects.filter(pk__in=absent, status__in=WAITING).order_by("id")))
        sent += len(absent)


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
    if strangers := [member for member, task_id in ids.items() if task_id is None]:
        queue.count_aside(strangers)
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
