"""End a task from outside its run: cancelled by a person, or taken from a dead worker.

Each is one conditional UPDATE on the state and the attempt that were read; who loses the
race changes nothing. Used by cancel.py and lease.py.
"""

import logging
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from jobs.runtime.commit import retention
from jobs.runtime.models import Attempt, Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.models.task import FINAL
from jobs.runtime.retry import Failure
from jobs.runtime.signals import task_finished

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
) -> bool:
    """
    Move `task`, as it was read, to another state; False when it has moved meanwhile.

    A running attempt gets its Attempt row. Call inside `transaction.atomic()`.
    """
    was_running = task.status == Status.PROCESSING
    final = to in FINAL
    kept_until, content_until = retention(task, now) if final else (None, None)
    values = {
        "status": to,
        "worker": "",
        "leased_until": None,
        "updated_at": now,
        "completed_at": now if final else None,
        "not_before": not_before,
        "deaths": task.deaths + deaths,
        "retries": task.retries + retries,
        "kept_until": kept_until,
        "content_until": content_until,
    }
    if failure is not None:
        values |= {
            "error_type": failure.type,
            "error_code": failure.code,
            "error_field": failure.field,
            "error_message": failure.message,
        }
    changed = Task.objects.filter(pk=task.pk, status=task.status, attempt=task.attempt, worker=task.worker).update(
        **values
    )
    if not changed:
        return False
    if was_running:
        Attempt.objects.create(
            task=task,
            number=task.attempt,
            worker=task.worker,
            started_at=task.started_at or now,
            ended_at=now,
            outcome=outcome,
            error_type=failure.type if failure else "",
            error_code=failure.code if failure else "",
            error_message=failure.message if failure else "",
        )
    for name, value in values.items():
        setattr(task, name, value)
    if final:
        _tell_receivers(task)
    return True


def _tell_receivers(task: Task) -> None:
    """Send task_finished; a receiver's error is undone and logged, since the task must end all the same."""
    try:
        with transaction.atomic():
            task_finished.send(Task, task=task)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("a receiver of task_finished failed", extra={"task": str(task.pk)})
