"""Say what a task is, in the JSON that every surface gives out.

`describe()` is the answer of GET /api/v1/tasks/{id}; `event()` is the live message that
WebSocket and server-sent events carry. Both read the row as it was handed in; neither asks
who may see it: the caller has decided that.

Called by the API, the pages, publish.py and watch.py.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, prefetch_related_objects

from jobs.access import links
from jobs.runtime import clock, queue, registry, run_log
from jobs.runtime.context import Context
from jobs.runtime.estimate import completion_estimate as by_other_runs
from jobs.runtime.models import Artifact, Attempt, Priority, Result, Status, Task
from jobs.runtime.models.task import WAITING

# From here on a task's own pace says more about its end than how long others took.
OWN_PACE_PERCENT = 10


DETAILS = ("attempts", "artifacts")


def with_details(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """Fetch what `describe()` reads along with the rows: three queries for any number of tasks."""
    return tasks.select_related("result").prefetch_related(*DETAILS)


def add_details(task: Task) -> Task:
    """Fetch the same for one row that is there already; return it."""
    prefetch_related_objects([task], *DETAILS)
    return task


def describe(task: Task, *, base_url: str = "") -> dict[str, Any]:
    """
    Return the task as INTERFACE.md promises it.

    base_url: scheme and host that links start with; empty for the configured one.
    """
    base = base_url or settings.BASE_URL
    position = queue.position_or_none(task) if task.status in WAITING else None
    estimate = completion_estimate(task, position)
    return {
        "task_id": str(task.pk),
        "function": task.function,
        "status": task.status,
        "progress": task.progress,
        "current_step": step_of(task),
        "step": task.step,
        "total_steps": task.total_steps,
        "steps": [{"step": step, "seconds": seconds} for step, seconds in task.steps],
        "queue_position": position,
        "estimated_completion_time": moment(estimate),
        "attempt": task.attempt,
        "attempts": _attempts(task),
        "created_at": moment(task.created_at),
        "started_at": moment(task.started_at),
        "completed_at": moment(task.completed_at),
        "error": task.error,
        "result": _output(task),
        "artifacts": [_artifact(artifact, task, base) for artifact in task.artifacts.all()],
        "version": task.version,
        "page_url": links.page_url(task, base),
        "retried_from": None if task.retried_from_id is None else str(task.retried_from_id),
        "priority": Priority(task.priority).value,
        "source": task.source,
    }


def event(task: Task, position: int | None = None) -> dict[str, Any]:
    """Return the live message of a task's state. `position`: its place in the queue, if it is known."""
    return {
        "task_id": str(task.pk),
        "status": str(task.status),
        "progress": task.progress,
        "current_step": step_of(task),
        "step": task.step,
        "total_steps": task.total_steps,
        "attempt": task.attempt,
        "queue_position": position,
        "timestamp": moment(task.updated_at),
        "version": task.version,
        "error": task.error,
        # How many lines the running attempt has said; its messages know, the row does not.
        "log_lines": None,
    }


def progress_event(context: Context) -> dict[str, Any]:
    """Return the live message of a running attempt, which is ahead of its row by up to a second."""
    running = Task(
        id=context.task_id,
        function=context.function,
        status=Status.PROCESSING,
        progress=context.percent,
        current_step=context.current_step,
        step=context.step,
        total_steps=context.total_steps,
        attempt=context.attempt,
        updated_at=datetime.now(UTC),
    )
    return {**event(running), "log_lines": context.run_log.count if context.run_log else 0}


def step_of(task: Task) -> str:
    """
    Return the key of the step that a task is at.

    One that was just claimed is at its function's first step, although its row knows none for up to a second: whoever
    begins to watch in that second would else hear nothing before the second step.
    """
    if task.current_step or task.status != Status.PROCESSING:
        return str(task.current_step)
    spec = registry.find(task.function)
    return next(iter(spec.steps), "") if spec is not None else ""


def completion_estimate(task: Task, position: int | None) -> datetime | None:
    """
    Return when the task will probably be done, None while nothing is known or it has ended.

    A task that is well under way tells by its own pace; before that the last runs tell.
    """
    if task.is_final():
        return None
    if task.status == Status.PROCESSING and task.started_at is not None and task.progress >= OWN_PACE_PERCENT:
        # The row's progress is as old as its `updated_at`; measured against now, it would seem slower than it is.
        seen_at = task.updated_at if task.updated_at > task.started_at else clock.now()
        elapsed = seen_at - task.started_at
        return task.started_at + elapsed * 100 / task.progress
    return by_other_runs(task, position)


def moment(value: datetime | None) -> str | None:
    """Return a moment as JSON carries it: UTC, milliseconds, `Z`."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def gone_at(task: Task) -> datetime | None:
    """Return when the task's text and files are erased; None while nothing says so."""
    return task.content_until or task.kept_until


def _attempts(task: Task) -> list[dict[str, Any]]:
    ended = [_ended(attempt) for attempt in task.attempts.all()]
    if task.status == Status.PROCESSING:
        ended.append(
            {
                "attempt": task.attempt,
                "outcome": None,
                "worker": task.worker,
                "started_at": moment(task.started_at),
                "ended_at": None,
                "error": None,
                "log": _log(run_log.read(task.pk, task.attempt)),
            }
        )
    return ended


def _ended(attempt: Attempt) -> dict[str, Any]:
    error = None
    if attempt.error_type:
        error = {"type": attempt.error_type, "message": attempt.error_message, "code": attempt.error_code}
    return {
        "attempt": attempt.number,
        "outcome": attempt.outcome,
        "worker": attempt.worker,
        "started_at": moment(attempt.started_at),
        "ended_at": moment(attempt.ended_at),
        "error": error,
        "log": _log(attempt.log),
    }


def _log(lines: list[run_log.Line]) -> list[dict[str, Any]]:
    """Return the lines that whoever may see the task may read."""
    return [
        {"seconds": seconds, "level": level, "message": sentence, "fields": fields}
        for seconds, level, sentence, fields in run_log.shown_to_all(lines)
    ]


def _output(task: Task) -> Any:
    try:
        return task.result.output
    except Result.DoesNotExist:
        return None


def _artifact(artifact: Artifact, task: Task, base: str) -> dict[str, Any]:
    # The link and the file end on their own; what counts for a reader is the sooner one.
    ends = [clock.now() + timedelta(seconds=settings.LINK_SECONDS)]
    if (erased := gone_at(task)) is not None:
        ends.append(erased)
    return {
        "name": artifact.name,
        "content_type": artifact.content_type,
        "bytes": artifact.bytes,
        "url": links.artifact_url(artifact, base),
        "expires_at": moment(min(ends)),
    }
