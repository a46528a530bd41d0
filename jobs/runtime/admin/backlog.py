"""How each queue stands: what is ready, how long the first waits, who has paused it. For the dashboard and its page.

Costs the same whatever waits: rows are counted up to MAX_COUNTED, and who waits longest is asked of the rows
while these are few, else of the first FIRST entries in Redis.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from jobs.runtime import queue, registry
from jobs.runtime.admin import figures
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.identity import age_seconds
from jobs.runtime.models import Pause, Status, Task
from jobs.runtime.models.task import OPEN, WAITING

MAX_COUNTED = 10_000
FIRST = 1_000
# A queue at rest whose first task waits longer than this is looked at by somebody.
LONG_SECONDS = 60.0


@dataclass(frozen=True)
class Queue:
    """ready: entries in Redis, None while it does not answer; oldest: how long the first one waits by now."""

    name: str
    ready: int | None
    oldest_seconds: float | None
    pause: Pause | None

    @property
    def oldest(self) -> str:
        return figures.NOTHING if self.oldest_seconds is None else figures.seconds(self.oldest_seconds)


@dataclass(frozen=True)
class Open:
    """How many have not ended, by state, each counted up to MAX_COUNTED."""

    counts: Mapping[str, int]

    def words(self, status: str) -> str:
        count = self.counts[status]
        return f"{MAX_COUNTED}+" if count > MAX_COUNTED else str(count)

    @property
    def waiting(self) -> int:
        return sum(self.counts[status] for status in WAITING)


def count_open() -> Open:
    def count(status: str) -> int:
        # The order is that of the index, which is read no further.
        return Task.objects.filter(status=status).order_by("-id").values("pk")[: MAX_COUNTED + 1].count()

    return Open({status.value: count(status) for status in OPEN})


def read(now: datetime, waiting: Open) -> tuple[list[Queue], bool]:
    """Return all queues, and whether Redis answered."""
    try:
        sizes: dict[str, int] | None = queue.sizes()
    except QueueUnreachable:
        sizes = None
    pauses = {pause.queue: pause for pause in Pause.objects.all()}
    few = waiting.waiting <= MAX_COUNTED
    queues = [
        Queue(
            name,
            None if sizes is None else sizes[name],
            _oldest_row(name, now) if few else _oldest_entry(name, is_reachable=sizes is not None),
            pauses.get(name),
        )
        for name in registry.QUEUES
    ]
    return queues, sizes is not None


def _oldest_row(name: str, now: datetime) -> float | None:
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    # One state at a time: only so do both databases read an index in the order of the ids, which is that of creation.
    first = (
        Task.objects.filter(due, status=status, queue=name).order_by("id").values_list("created_at", flat=True).first()
        for status in WAITING
    )
    oldest = min((created_at for created_at in first if created_at is not None), default=None)
    return None if oldest is None else max(0.0, (now - oldest).total_seconds())


def _oldest_entry(name: str, *, is_reachable: bool) -> float | None:
    if not is_reachable:
        return None
    try:
        ids = map(queue.id_of, queue.entries(name, limit=FIRST))
    except QueueUnreachable:
        return None
    return max((age_seconds(task_id) for task_id in ids if task_id is not None), default=None)


# --- For the page of the queues ----------------------------------------------


def in_flight() -> dict[str, int]:
    """Return how many tasks of each queue are running."""
    rows = Task.objects.filter(status=Status.PROCESSING).order_by().values("queue").annotate(count=Count("pk"))
    return {row["queue"]: row["count"] for row in rows}


def delayed(now: datetime) -> tuple[dict[str, int], bool] | None:
    """Return how many of each queue wait for their time, and whether there are more; None without Redis."""
    try:
        found = queue.due(now=now + timedelta(days=36_500), limit=FIRST)
    except QueueUnreachable:
        return None
    ids = [task_id for task_id in map(queue.id_of, found) if task_id is not None]
    queues = Task.objects.filter(pk__in=ids, status__in=WAITING).order_by().values_list("queue", flat=True)
    return Counter(queues), len(found) >= FIRST
