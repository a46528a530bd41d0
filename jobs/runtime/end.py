"""End a task from outside its run: cancelled by a person, or taken from a dead worker.

Each is one conditional UPDATE on the state and the attempt that were read; who loses the
race changes nothing. Used by cancel.py and lease.py.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from jobs.runtime.commit import retention
from jobs.runtime.models import Attempt, Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.models.task import FINAL
from jobs.runtime.retry import Failure
from jobs.runtime.run_log import Line
from jobs.runtime.signals import task_finished, tasks_ending

logger = logging.getLogger(__name__)


def change(
    task: Task,
    *,
    to: Status,
    now: datetime,
    outcome: Outcome,
    failure: Failure | None = None,
    not_before: datetime | None = None,
    deaths: int = 0,
    retries: int = 0,
    log: Sequence[Line] = (),
) -> bool:
    """
    Move `task`, as it was read, to another state; False when it has moved meanwhile.

    A running attempt gets its Attempt row. Call inside `transaction.atomic()`.

    log: what a running attempt had said; ask Redis for it before the transaction, not inside.
    """
    was_running, worker = task.status == Status.PROCESSING, task.worker
    values: dict[str, Any] = {
        "not_before": not_before,
        "deaths": task.deaths + deaths,
        "retries": task.retries + retries,
        **_end_values(task, to=to, now=now),
        **_error_values(failure),
    }
    changed = Task.objects.filter(pk=task.pk, status=task.status, attempt=task.attempt, worker=worker).update(**values)
    if not changed:
        return False
    if was_running:
        Attempt.record(task, worker=worker, ended_at=now, outcome=outcome, error=failure, log=log)
    for name, value in values.items():
        setattr(task, name, value)
    if to in FINAL:
        _tell_receivers(task)
    return True


def _end_values(task: Task, *, to: Status, now: datetime) -> dict[str, Any]:
    final = to in FINAL
    kept_until, content_until = retention(task, now) if final else (None, None)
    return {
        "status": to,
        "worker": "",
        "leased_until": None,
        "updated_at": now,
        "completed_at": now if final else None,
        "kept_until": kept_until,
        "content_until": content_until,
    }


def _error_values(failure: Failure | None) -> dict[str, Any]:
    """Return the columns of an error; none to change when there is none, as for a task handed back."""
    if failure is None:
        return {}
    return {
        "error_type": failure.type,
        "error_code": failure.code,
        "error_field": failure.field,
        "error_message": failure.message,
    }


def _tell_receivers(task: Task) -> None:
    """Send task_finished; a receiver's error is undone and logged, since the task must end all the same."""
    try:
        with transaction.atomic():
            task_finished.send(Task, task=task)
            tasks_ending.send(Task, tasks=[task])
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("a receiver of task_finished failed", extra={"task": str(task.pk)})
