"""What goes on just now, in few figures: queues, workers, the last hour, the last failures.

Every figure is read when it is asked for, and costs the same with a million rows. Without
Redis the part that comes from it says so. Called by the dashboard of core/admin.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.urls import reverse

from jobs.runtime import clock, queue, registry, stats
from jobs.runtime.admin import cells, figures
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Pause, Status, Task
from jobs.runtime.models.task import WAITING

FAILURES_SHOWN = 5


@dataclass(frozen=True)
class Queue:
    """ready: entries in Redis, None while it does not answer; oldest: how long the first one waits by now."""

    name: str
    ready: int | None
    oldest: str
    pause: Pause | None


@dataclass(frozen=True)
class Worker:
    name: str
    place: str  # host and process id
    lane: str
    task: Task | None
    task_title: str
    running: str


@dataclass(frozen=True)
class InState:
    """A state, its pill, how many tasks, and the list of them."""

    pill: str
    count: str
    url: str


@dataclass(frozen=True)
class Overview:
    now: datetime
    is_reachable: bool
    may_pause: bool
    queues: list[Queue]
    workers: list[Worker]
    last_hour: list[InState]
    failures: list[tuple[Task, str, str, str]]  # task, title, type and code of the error, when


def read(*, may_pause: bool = False) -> Overview:
    now = clock.now()
    try:
        sizes: dict[str, int] | None = queue.sizes()
        workers = stats.live_workers()
        is_reachable = True
    except QueueUnreachable:
        sizes, workers, is_reachable = None, [], False
    return Overview(
        now=now,
        is_reachable=is_reachable,
        may_pause=may_pause,
        queues=[_queue(name, sizes, now) for name in registry.QUEUES],
        workers=_workers(workers, now),
        last_hour=_last_hour(now),
        failures=_failures(now),
    )


def _queue(name: str, sizes: dict[str, int] | None, now: datetime) -> Queue:
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    # One state at a time: only so do both databases read an index in the order of the ids, which is that of creation.
    first = (Task.objects.filter(due, status=status, queue=name).order_by("id").first() for status in WAITING)
    oldest = min((task for task in first if task is not None), key=lambda task: task.created_at, default=None)
    age = figures.seconds((now - oldest.created_at).total_seconds()) if oldest else figures.NOTHING
    return Queue(name, None if sizes is None else sizes[name], age, Pause.objects.filter(queue=name).first())


def _workers(found: list[dict[str, Any]], now: datetime) -> list[Worker]:
    running = {facts["name"]: _id(facts.get("task")) for facts in found}
    tasks = Task.objects.in_bulk([task_id for task_id in running.values() if task_id is not None])
    workers = []
    for facts in found:
        task_id = running[facts["name"]]
        task = tasks.get(task_id) if task_id else None
        seconds = (now - task.started_at).total_seconds() if task and task.started_at else None
        workers.append(
            Worker(
                name=str(facts["name"]),
                place=f"{facts.get('host', '?')} · {facts.get('pid', '?')}",
                lane=str(facts.get("lane", "")),
                task=task,
                task_title=cells.title(task.function) if task else "",
                running=figures.seconds(seconds) if seconds is not None else "",
            )
        )
    return workers


def _id(text: Any) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def _last_hour(now: datetime) -> list[InState]:
    # Not grouped by state: SQLite would read the whole index of states instead of the last hour.
    each = {status.value: Count("pk", filter=Q(status=status)) for status in Status}
    counts = Task.objects.filter(created_at__gte=now - timedelta(hours=1)).aggregate(**each)
    changelist = reverse("admin:jobs_task_changelist")
    return [
        InState(cells.pill(status), str(counts[status.value]), f"{changelist}?status={status.value}")
        for status in Status
    ]


def _failures(now: datetime) -> list[tuple[Task, str, str, str]]:
    failed = Task.objects.filter(status=Status.FAILURE).order_by("-id")[:FAILURES_SHOWN]
    # No message: it is for the page of the task.
    errors = [" · ".join(filter(None, [task.error_type, task.error_code])) for task in failed]
    return [
        (task, cells.title(task.function), error, figures.when(task.completed_at, now))
        for task, error in zip(failed, errors, strict=True)
    ]
