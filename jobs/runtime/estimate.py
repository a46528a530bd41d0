"""When a task will probably be done, from the last runs; None whenever that would be a guess.

    running     its start and the median of its function's last runs
    waiting     what is before it, at the mean of what waits in its queue, over the workers
                that take from there; then its own run

Called by the API, the pages and the admin.
"""

import statistics
import time
from datetime import datetime, timedelta
from functools import lru_cache

from django.db.models import Count

from jobs.runtime import clock, registry, stats
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Pause, Status, Task
from jobs.runtime.models.task import WAITING

# What waits changes slowly; a thousand questions a second are answered by one look.
LOOK_SECONDS = 1.0


def completion_estimate(task: Task, position: int | None) -> datetime | None:
    """
    Return when `task` will probably be done.

    position: tasks before it in its queue, None when it does not wait there. None while nothing is known.
    """
    if task.is_final() or (task.status in WAITING and position is None):
        return None
    try:
        typical_seconds = _typical_seconds(task.function, _now())
        if typical_seconds is None:
            return None
        typical = timedelta(seconds=typical_seconds)
        if task.status == Status.PROCESSING and task.started_at is not None:
            return max(task.started_at + typical, clock.now())
        before = _seconds_before(task, position or 0)
    except QueueUnreachable:
        return None
    return None if before is None else clock.now() + timedelta(seconds=before) + typical


def _seconds_before(task: Task, position: int) -> float | None:
    look = _now()
    workers = _open_workers(task.queue, look)
    if not workers:
        return None
    if position == 0:
        return 0.0
    mean = _mean_seconds(task.queue, look)
    if mean is None:
        return None
    spec = registry.find(task.function)
    at_once = min(workers, spec.max_running) if spec and spec.max_running else workers
    return mean * (position / at_once)


def forget() -> None:
    """Look anew at the next question; for tests."""
    for looked_at in (_typical_seconds, _open_workers, _mean_seconds):
        looked_at.cache_clear()


def _now() -> int:
    return int(time.monotonic() / LOOK_SECONDS)


@lru_cache(maxsize=64)
def _typical_seconds(function: str, _look: int) -> float | None:
    """Return the median of a function's last runs, None when there were none."""
    own = stats.recent_seconds([function])[function]
    return statistics.median(own) if own else None


@lru_cache(maxsize=16)
def _open_workers(queue: str, _look: int) -> int:
    """Return how many living workers take from a queue; none from one that is paused."""
    lanes = [facts.get("lane") for facts in stats.live_workers()]
    workers = len(lanes) if queue == "interactive" else sum(lane != "interactive" for lane in lanes)
    return 0 if workers and Pause.objects.filter(queue=queue).exists() else workers


@lru_cache(maxsize=16)
def _mean_seconds(queue: str, _look: int) -> float | None:
    """Return the mean seconds of what waits in a queue; None when a function among it has never run."""
    waiting = (
        Task.objects.filter(queue=queue, status__in=WAITING).values_list("function").annotate(Count("pk")).order_by()
    )
    counts = dict(waiting)
    recent = stats.recent_seconds(counts)
    if not counts or not all(recent.values()):
        return None
    total: float = sum(statistics.fmean(recent[function]) * count for function, count in counts.items())
    return total / sum(counts.values())
