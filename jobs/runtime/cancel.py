"""Cancel a task that waits, is delayed, or runs.

The row is `cancelled` at once, so nothing it still does can be stored or delivered; the
guard then stops the run: a polite function sees `context.cancelled()`, the others are killed.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress

from django.db import transaction

from jobs.runtime import clock, counting, parts, queue, run_log
from jobs.runtime.end import change
from jobs.runtime.errors import QueueUnreachable, TooLate
from jobs.runtime.followers import send_followers
from jobs.runtime.gate import writing
from jobs.runtime.models import Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.models.task import OPEN
from jobs.runtime.signals import task_changed

logger = logging.getLogger(__name__)


def cancel(task: Task, *, among: Sequence[str] = OPEN) -> Task:
    """
    Return the task, now cancelled. Raises TooLate when it has ended already.

    among: the states it may be in; in any other it is too late as well.
    """
    while True:
        task = Task.objects.get(pk=task.pk)
        if task.status not in among:
            raise TooLate(task.status)
        was_running = task.status == Status.PROCESSING
        said = run_log.read(task.pk, task.attempt) if was_running else []
        with writing(), transaction.atomic():
            changed = change(task, to=Status.CANCELLED, now=clock.now(), outcome=Outcome.CANCELLED, log=said)
        if changed:
            break
        # It moved between our look and our update; look again: states only go forward.
    with suppress(QueueUnreachable):
        # Without Redis the entry is dropped when it is taken, and the lease renewal finds the run.
        queue.announce_cancel(task.pk) if was_running else queue.withdraw(task)
    parts.send_end(task.pk, Status.CANCELLED)
    task_changed.send_robust(Task, task=task, position=None)
    counting.count_outside(task, outcome=Outcome.CANCELLED, was_running=was_running)
    _cancel_parts(task)
    send_followers(task)
    logger.info("task cancelled", extra={"task": str(task.pk), "was_running": was_running})
    return task


def _cancel_parts(task: Task) -> None:
    """Cancel what is still open of a batch: nobody will read it."""
    for part in task.children.filter(status__in=OPEN).order_by("id"):
        with suppress(TooLate):
            cancel(part)
