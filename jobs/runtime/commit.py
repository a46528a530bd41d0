"""What runs for every task: claim a row for one attempt, finish it under that attempt, with its result.

Raw SQL: through the ORM it costs six times as much. Whoever does not hold the
attempt any more (its lease ran out, it was cancelled) changes nothing: the finish is
fenced by `attempt` and `worker`, and its row count is the answer.

Several tasks of a millisecond are claimed and stored at once; one statement serves them all.

Called by worker.py, inside `transaction.atomic()`.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper as Database

from jobs.runtime import registry
from jobs.runtime.columns import key_of, read_id, read_moment, storing
from jobs.runtime.models import Artifact, Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.models.task import CHATS, FINAL
from jobs.runtime.retry import Failure
from jobs.runtime.signals import task_finished, tasks_ending

CLAIMED = (
    "function, owner_id, source, order_key, queue, priority, inputs, attempt, deaths, retries, max_retries, "
    "created_at, sequence_key, parent_id, siblings_at_once, traceparent"
)

CLAIM = """
UPDATE jobs_task
SET status = 'processing', attempt = attempt + 1, worker = %s, leased_until = %s,
    engine_id = REPLACE(CAST(id AS text), '-', ''), started_at = %s, updated_at = %s, not_before = NULL,
    progress = 0, current_step = '', step = 0, total_steps = 0, steps = '[]',
    error_type = '', error_code = '', error_field = '', error_message = ''
WHERE status IN ('pending', 'retry') AND (not_before IS NULL OR not_before <= %s)
AND (sequence_key IS NULL OR NOT EXISTS (
    SELECT 1 FROM jobs_task AS ahead WHERE ahead.sequence_key = jobs_task.sequence_key AND ahead.id <> jobs_task.id
    AND (ahead.status = 'processing'
        OR (ahead.status = 'retry' AND (jobs_task.status = 'pending' OR ahead.id < jobs_task.id))
        OR (ahead.status = 'pending' AND jobs_task.status = 'pending' AND ahead.id < jobs_task.id))))
AND (NOT awaits_children OR NOT EXISTS (
    SELECT 1 FROM jobs_task AS part
    WHERE part.parent_id = jobs_task.id AND part.status IN ('pending', 'processing', 'retry')))
"""

# One by one, or the first of several and those of the others that may be claimed with it.
CLAIM_ONE = f"{CLAIM} AND id = %s RETURNING id, {CLAIMED}"
CLAIM_MORE = (
    f"{CLAIM} AND id IN ({{ids}}) AND (id = %s OR (attempt = 0 AND function IN ({{quick}}))) RETURNING id, {CLAIMED}"
)

FINISH = """
UPDATE jobs_task
SET status = %s, worker = '', leased_until = NULL, completed_at = %s, updated_at = %s, not_before = %s,
    retries = %s, max_retries = %s, progress = %s, current_step = %s, step = %s, total_steps = %s, steps = %s,
    error_type = %s, error_code = %s, error_field = %s, error_message = %s, kept_until = %s, content_until = %s
WHERE id = %s AND status = 'processing' AND attempt = %s AND worker = %s
"""

ATTEMPT = """
INSERT INTO jobs_attempt
    (task_id, number, worker, started_at, ended_at, outcome, error_type, error_code, error_message, log)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

RESULT = """
INSERT INTO jobs_result (task_id, output, processing_seconds, model_version, created_at) VALUES (%s, %s, %s, %s, %s)
"""


OUTCOMES = {
    Status.SUCCESS: Outcome.SUCCESS.value,
    Status.FAILURE: Outcome.FAILURE.value,
    Status.RETRY: Outcome.RETRY.value,
}


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
    output: str | None = None  # as JSON
    model_version: str = ""
    processing_seconds: float = 0.0
    artifacts: list[Artifact] = field(default_factory=list)
    parts_sent: int = 0
    log: list[Any] = field(default_factory=list)

    @property
    def status(self) -> Status:
        if self.failure is None:
            return Status.SUCCESS
        return Status.FAILURE if self.delay is None else Status.RETRY


class SomeFenced(Exception):
    """Of several attempts that were to be stored at once, one or more were not ours any more."""


def claim(ids: Sequence[UUID], *, worker: str, now: datetime, quick: Collection[str] = ()) -> list[Task]:
    """
    Return the tasks, now held by `worker` for one more attempt each; without those that are not to be run.

    quick: functions whose tasks may be claimed together with the first id, when they never ran before. What
    has once gone back, with a worker that died perhaps, is claimed alone, so that it is known what it does.
    """
    if not ids:
        return []
    database = _database()
    stored, leased_until = storing(database), now + timedelta(seconds=settings.LEASE_SECONDS)
    moment, keys = stored(now), [key_of(database, task_id) for task_id in ids]
    values = [worker, stored(leased_until), moment, moment, moment]
    with database.cursor() as cursor:
        if len(keys) == 1 or not quick:
            cursor.execute(CLAIM_ONE, [*values, keys[0]])
        else:
            cursor.execute(_claim_more(len(keys), len(quick)), [*values, *keys, keys[0], *quick])
        rows = {read_id(row[0]): row[1:] for row in cursor.fetchall()}
    return [_claimed(rows[task_id], task_id, worker, now, leased_until) for task_id in ids if task_id in rows]


@lru_cache(maxsize=64)
def _claim_more(ids: int, quick: int) -> str:
    return CLAIM_MORE.format(ids=", ".join(["%s"] * ids), quick=", ".join(["%s"] * quick))


def _claimed(row: Sequence[Any], task_id: UUID, worker: str, now: datetime, leased_until: datetime) -> Task:
    values = dict(zip(CLAIMED.split(", "), row, strict=True))
    values["inputs"] = json.loads(values["inputs"])
    values["created_at"] = read_moment(values["created_at"])
    values["parent_id"] = read_id(values["parent_id"]) if values["parent_id"] else None
    return _task(
        id=task_id,
        status=Status.PROCESSING,
        worker=worker,
        engine_id=task_id.hex,
        leased_until=leased_until,
        started_at=now,
        updated_at=now,
        steps=[],
        **values,
    )


@lru_cache(maxsize=1)
def _blank() -> dict[str, Any]:
    blank = Task()
    return {field.attname: getattr(blank, field.attname) for field in Task._meta.concrete_fields}


def _task(**values: Any) -> Task:
    # As the ORM makes a row it has read; by its keywords a task of 37 columns takes four times as long.
    row = {**_blank(), **values}
    return Task.from_db(DEFAULT_DB_ALIAS, list(row), list(row.values()))


def finish(ended: Sequence[Finish]) -> list[bool]:
    """
    Store the ends of attempts with their results and files; False for one that was not ours any more.

    Raises SomeFenced for several of which one or more were not: store them one by one then.
    """
    if not ended:
        return []
    for done in ended:
        _bring_up_to_date(done)
    database = _database()
    with database.cursor() as cursor:
        cursor.executemany(FINISH, [_finish_values(database, done.task, done.worker) for done in ended])
        if cursor.rowcount != len(ended):
            if len(ended) > 1:
                raise SomeFenced
            return [False]
        cursor.executemany(ATTEMPT, [_attempt_values(database, done) for done in ended])
        if results := [_result_values(database, done) for done in ended if done.failure is None]:
            cursor.executemany(RESULT, results)
    if files := [file for done in ended if done.failure is None for file in done.artifacts]:
        Artifact.objects.bulk_create(files)
    final = [done.task for done in ended if done.status in FINAL]
    for task in final:
        task_finished.send(Task, task=task)
    if final:
        tasks_ending.send(Task, tasks=final)
    return [True] * len(ended)


def _bring_up_to_date(done: Finish) -> None:
    task, failure, now = done.task, done.failure, done.ended_at
    final = done.status in FINAL
    task.status = done.status
    task.completed_at = now if final else None
    task.updated_at = now
    task.worker, task.leased_until = "", None
    task.not_before = now + done.delay if done.delay is not None else None
    task.retries = done.retries
    task.max_retries = done.max_retries or task.max_retries
    task.progress = 100 if done.status == Status.SUCCESS else task.progress
    task.kept_until, task.content_until = retention(task, now) if final else (None, None)
    if failure is not None:
        task.error_type, task.error_code = failure.type, failure.code
        task.error_field, task.error_message = failure.field, failure.message


def retention(task: Task, now: datetime) -> tuple[datetime, datetime | None]:
    """Return until when the row, and until when text and files, are kept; None: as long as the row."""
    spec = registry.find(task.function)
    declared = spec.retention if spec else registry.Retention()
    content = declared.chat_content_seconds if task.source in CHATS else None
    return now + timedelta(seconds=declared.row_seconds), (
        now + timedelta(seconds=content) if content is not None else None
    )


def _finish_values(database: Database, task: Task, worker: str) -> list[Any]:
    stored = storing(database)
    return [
        task.status,
        stored(task.completed_at),
        stored(task.updated_at),
        stored(task.not_before),
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
        stored(task.kept_until),
        stored(task.content_until),
        key_of(database, task.pk),
        task.attempt,
        worker,
    ]


def _attempt_values(database: Database, done: Finish) -> list[Any]:
    task, failure, stored = done.task, done.failure, storing(database)
    return [
        key_of(database, task.pk),
        task.attempt,
        done.worker,
        stored(task.started_at or done.ended_at),
        stored(done.ended_at),
        OUTCOMES[done.status],
        failure.type if failure else "",
        failure.code if failure else "",
        failure.message if failure else "",
        json.dumps(done.log),
    ]


def _result_values(database: Database, done: Finish) -> list[Any]:
    ended_at = storing(database)(done.ended_at)
    return [key_of(database, done.task.pk), done.output, done.processing_seconds, done.model_version, ended_at]


def _database() -> Database:
    # Asked for once a statement: each look through Django's proxy costs as much as a small query.
    return connections[DEFAULT_DB_ALIAS]
