"""The two statements that run for every task: claim a row for one attempt, finish it under that attempt.

Raw SQL: through the ORM the pair costs six times as much. Whoever does not hold the
attempt any more (its lease ran out, it was cancelled) changes nothing: the finish is
fenced by `attempt` and `worker`, and its row count is the answer.

Called by worker.py, inside `transaction.atomic()`.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.dateparse import parse_datetime

from jobs.runtime import registry
from jobs.runtime.models import Artifact, Attempt, Result, Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.models.task import CHATS, FINAL
from jobs.runtime.retry import Failure
from jobs.runtime.signals import task_finished

CLAIMED = (
    "function, owner_id, source, order_key, queue, priority, inputs, attempt, deaths, retries, max_retries, created_at"
)

CLAIM = f"""
UPDATE jobs_task
SET status = 'processing', attempt = attempt + 1, worker = %s, engine_id = %s, leased_until = %s,
    started_at = %s, updated_at = %s, not_before = NULL,
    progress = 0, current_step = '', step = 0, total_steps = 0, steps = '[]',
    error_type = '', error_code = '', error_field = '', error_message = ''
WHERE id = %s AND status IN ('pending', 'retry') AND (not_before IS NULL OR not_before <= %s)
RETURNING {CLAIMED}
"""  # noqa: S608 - constants only

FINISH = """
UPDATE jobs_task
SET status = %s, worker = '', leased_until = NULL, completed_at = %s, updated_at = %s, not_before = %s,
    retries = %s, max_retries = %s, progress = %s, current_step = %s, step = %s, total_steps = %s, steps = %s,
    error_type = %s, error_code = %s, error_field = %s, error_message = %s, kept_until = %s, content_until = %s
WHERE id = %s AND status = 'processing' AND attempt = %s AND worker = %s
"""


@dataclass
class Finish:
    """How an attempt ended, ready to be stored.

    task: as claimed, with progress and steps as they stood at the end.
    failure: None for a success; delay: None when no retry follows.
    """

    task: Task
    worker: str
    ended_at: datetime
    failure: Failure | None = None
    delay: timedelta | None = None
    retries: int = 0  # granted so far, with the one that follows this attempt
    max_retries: int = 0
    output: dict[str, Any] | None = None
    model_version: str = ""
    processing_seconds: float = 0.0
    artifacts: list[Artifact] = field(default_factory=list)
    parts_sent: int = 0

    @property
    def status(self) -> Status:
        if self.failure is None:
            return Status.SUCCESS
        return Status.FAILURE if self.delay is None else Status.RETRY


def claim(task_id: UUID, *, worker: str, now: datetime) -> Task | None:
    """Return the task, now held by `worker` for one more attempt; None when it is not to be run."""
    moment = _stored(now)
    lease = _stored(now + timedelta(seconds=settings.LEASE_SECONDS))
    engine_id = task_id.hex
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [worker, engine_id, lease, moment, moment, _key(task_id), moment])
        row = cursor.fetchone()
    if row is None:
        return None
    values = dict(zip(CLAIMED.split(", "), row, strict=True))
    values["inputs"] = json.loads(values["inputs"])
    values["created_at"] = _aware(values["created_at"])
    return Task(
        id=task_id,
        status=Status.PROCESSING,
        worker=worker,
        engine_id=engine_id,
        leased_until=now + timedelta(seconds=settings.LEASE_SECONDS),
        started_at=now,
        updated_at=now,
        **values,
    )


def finish(done: Finish) -> bool:
    """Store the end of an attempt with its result and files; False when the attempt was not ours any more."""
    task, failure, now = done.task, done.failure, done.ended_at
    status = done.status
    final = status in FINAL
    kept_until, content_until = retention(task, now) if final else (None, None)
    task.status = status
    task.completed_at = now if final else None
    task.updated_at = now
    task.worker, task.leased_until = "", None
    task.not_before = now + done.delay if done.delay is not None else None
    task.retries = done.retries
    task.max_retries = done.max_retries or task.max_retries
    task.progress = 100 if status == Status.SUCCESS else task.progress
    task.kept_until, task.content_until = kept_until, content_until
    if failure is not None:
        task.error_type, task.error_code = failure.type, failure.code
        task.error_field, task.error_message = failure.field, failure.message
    with connection.cursor() as cursor:
        cursor.execute(FINISH, _finish_values(task, done.worker))
        if cursor.rowcount != 1:
            return False
    Attempt.record(task, worker=done.worker, ended_at=now, outcome=Outcome(status), error=failure)
    if final:
        _store_result(done)
        task_finished.send(Task, task=task)
    return True


def retention(task: Task, now: datetime) -> tuple[datetime, datetime | None]:
    """Return until when the row, and until when text and files, are kept; None: as long as the row."""
    spec = registry.find(task.function)
    declared = spec.retention if spec else registry.Retention()
    content = declared.chat_content_seconds if task.source in CHATS else None
    return now + timedelta(seconds=declared.row_seconds), (
        now + timedelta(seconds=content) if content is not None else None
    )


def _finish_values(task: Task, worker: str) -> list[Any]:
    return [
        task.status,
        _stored(task.completed_at),
        _stored(task.updated_at),
        _stored(task.not_before),
        task.retries,
        task.max_retries,
        task.progress,
        task.current_step,
        task.step,
        task.total_steps,
        json.dumps(task.steps),
        task.error_type,
        task.error_code,
        task.error_field,
        task.error_message,
        _stored(task.kept_until),
        _stored(task.content_until),
        _key(task.pk),
        task.attempt,
        worker,
    ]


def _store_result(done: Finish) -> None:
    if done.failure is not None:
        return
    Result.objects.create(
        task=done.task,
        output=done.output,
        processing_seconds=done.processing_seconds,
        model_version=done.model_version,
        created_at=done.ended_at,
    )
    if done.artifacts:
        Artifact.objects.bulk_create(done.artifacts)


def _stored(moment: datetime | None) -> Any:
    return None if moment is None else connection.ops.adapt_datetimefield_value(moment)


def _key(task_id: UUID) -> Any:
    return task_id if connection.features.has_native_uuid_field else task_id.hex


def _aware(value: datetime | str) -> datetime:
    moment = parse_datetime(value) if isinstance(value, str) else value
    assert moment is not None  # noqa: S101 - written by Django, never empty
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
