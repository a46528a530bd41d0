"""What staff at work do with tasks by the API: figures, cancel, run again, clean up. Each act is audited.

The scope `staff` opens these routes; what it is used for needs the same Django permission as in the admin.
"""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Avg, Count, F, Q
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status
from pydantic import BaseModel, Field

from jobs.access import audit
from jobs.access.caller import STAFF
from jobs.access.models import Action
from jobs.api.accepted import HEADERS, Accepted, accepted
from jobs.api.body import refuse_any_body
from jobs.api.doors import token_or_login
from jobs.api.problem import documented
from jobs.api.sight import caller_of, require_permission
from jobs.runtime import clock, queue, registry, stats
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.invoke import invoke, invoke_again
from jobs.runtime.models import Source, Task
from jobs.runtime.models import Status as TaskStatus
from jobs.runtime.models.task import WAITING

router = Router(tags=["staff"])

# What the figures look back on: long enough for a rate, short enough that one index gives it.
PERIOD_HOURS = 24


class QueueFigures(BaseModel):
    size: int | None = Field(description="null while Redis does not answer")
    oldest_seconds: float | None = Field(description="how long the first one waits; null when none does")


class FunctionFigures(BaseModel):
    total: int
    success: int
    failure: int
    average_seconds: float | None = Field(description="of those that succeeded, from their start; null without any")


class TaskFigures(BaseModel):
    period_hours: int = Field(description="what `total`, `by_status` and `functions` look back on")
    total: int
    by_status: dict[TaskStatus, int]
    failure_rate: float = Field(ge=0, le=100, description="failures of all that ended, in percent")
    functions: dict[str, FunctionFigures]
    queues: dict[str, QueueFigures]
    active_tasks: int = Field(description="being run at this moment")
    workers: int | None = Field(description="null while Redis does not answer")
    timestamp: datetime


class TaskCancelled(BaseModel):
    success: Literal[True] = True
    task_id: UUID
    status: Literal["cancelled"] = "cancelled"


@router.get("/stats", auth=token_or_login(STAFF), response={200: TaskFigures, **documented()}, summary="Task figures")
def task_stats(request: HttpRequest) -> TaskFigures:
    """What went on in the last day, and what goes on now."""
    require_permission(request, "jobs.view_task")
    now = clock.now()
    recent = Task.objects.filter(created_at__gte=now - timedelta(hours=PERIOD_HOURS))
    # Not grouped by state: SQLite would read the whole index of states instead of the last day.
    counts = recent.aggregate(**{each.value: Count("pk", filter=Q(status=each)) for each in TaskStatus})
    ended = counts[TaskStatus.SUCCESS] + counts[TaskStatus.FAILURE]
    try:
        sizes, workers = queue.sizes(), len(stats.live_workers())
    except QueueUnreachable:
        sizes, workers = {}, None
    return TaskFigures(
        period_hours=PERIOD_HOURS,
        total=sum(counts.values()),
        by_status={each: counts[each.value] for each in TaskStatus},
        failure_rate=round(100 * counts[TaskStatus.FAILURE] / ended, 2) if ended else 0.0,
        functions=_functions(now),
        queues={name: QueueFigures(size=sizes.get(name), oldest_seconds=_oldest(name)) for name in registry.QUEUES},
        active_tasks=Task.objects.filter(status=TaskStatus.PROCESSING).count(),
        workers=workers,
        timestamp=now,
    )


@router.delete(
    "/{uuid:task_id}",
    auth=token_or_login(STAFF),
    response={200: TaskCancelled, **documented(400, 404, 409, 413, 415, 422)},
    summary="Cancel anybody's task",
)
def staff_cancel_task(request: HttpRequest, task_id: UUID) -> TaskCancelled:
    """End a task that has not ended yet. 409 when it has."""
    refuse_any_body(request)
    require_permission(request, "jobs.cancel_task")
    task = _task(task_id)
    before = task.status
    cancelled = cancel(task)
    audit.record(Action.TASK_CANCELLED, actor=caller_of(request).user, about=cancelled, status=before)
    return TaskCancelled(task_id=task_id)


@router.post(
    "/{uuid:task_id}/retry",
    auth=token_or_login(STAFF),
    response={202: Accepted, **documented(400, 404, 409, 413, 415, 422)},
    summary="Run anybody's task again",
    openapi_extra={"responses": {202: {"headers": HEADERS}}},
)
def staff_retry_task(request: HttpRequest, response: HttpResponse, task_id: UUID) -> Status[Accepted]:
    """Make a new task with the same input, for the same owner. 409 while the old one runs."""
    refuse_any_body(request)
    require_permission(request, "jobs.retry_task")
    task = _task(task_id)
    with transaction.atomic():
        again = invoke_again(task, source=Source.API)
        audit.record(Action.TASK_RETRIED, actor=caller_of(request).user, about=task, again=str(again.task.pk))
    return Status(202, accepted(again, request, response))


@router.post(
    "/cleanup",
    auth=token_or_login(STAFF),
    response={202: Accepted, **documented(400, 413, 415, 422)},
    summary="Erase what has expired",
    openapi_extra={"responses": {202: {"headers": HEADERS}}},
)
def staff_cleanup(request: HttpRequest, response: HttpResponse) -> Status[Accepted]:
    """Run the clean-up now, as a task; its result counts what was erased. One that waits or runs is given again."""
    refuse_any_body(request)
    require_permission(request, "jobs.add_task")
    user = caller_of(request).user
    with transaction.atomic():
        run = invoke("cleanup", {}, owner=user, source=Source.API, unique_key="staff")
        audit.record(Action.CLEANED_UP, actor=user, about=run.task)
    return Status(202, accepted(run, request, response))


def _task(task_id: UUID) -> Task:
    task = Task.objects.filter(pk=task_id).first()
    if task is None:
        raise Http404
    return task


def _functions(now: datetime) -> dict[str, FunctionFigures]:
    recent = Task.objects.filter(created_at__gte=now - timedelta(hours=PERIOD_HOURS)).order_by()
    done = Q(status=TaskStatus.SUCCESS)
    rows = recent.values("function").annotate(
        total=Count("pk"),
        success=Count("pk", filter=done),
        failure=Count("pk", filter=Q(status=TaskStatus.FAILURE)),
        took=Avg(F("completed_at") - F("started_at"), filter=done),
    )
    return {
        row["function"]: FunctionFigures(
            total=row["total"],
            success=row["success"],
            failure=row["failure"],
            average_seconds=None if row["took"] is None else round(row["took"].total_seconds(), 3),
        )
        for row in rows
    }


def _oldest(name: str) -> float | None:
    now = clock.now()
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    # One state at a time: only so do both databases read an index in the order of the ids, which is that of creation.
    first = (Task.objects.filter(due, status=each, queue=name).order_by("id").first() for each in WAITING)
    waits = [(now - task.created_at).total_seconds() for task in first if task is not None]
    return round(max(waits), 3) if waits else None
