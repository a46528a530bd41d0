"""Cancel a task that waits, is delayed, or runs.

The row is `cancelled` at once, so nothing it still does can be stored or delivered; the
guard then stops the run: a polite function sees `context.cancelled()`, the others are killed.
"""

import logging
from contextlib import suppress

from django.db import transaction

from jobs.runtime import clock, parts, queue
from jobs.runtime.end import change
from jobs.runtime.errors import QueueUnreachable, TooLate
from jobs.runtime.gate import writing
from jobs.runtime.models import Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.signals import task_changed

logger = logging.getLogger(__name__)


def cancel(task: Task) -> Task:
    """Return the task, now cancelled. Raises TooLate when it has ended already."""
    while True:
        task = Task.objects.get(pk=task.pk)
        if task.is_final():
            raise TooLate(task.status)
        was_running = task.status == Status.PROCESSING
        with writing(), transaction.atomic():
            changed = change(task, to=Status.CANCELLED, now=clock.now(), outcome=Outcome.CANCELLED)
        if changed:
            break
        # It moved between our look and our update; look again: states only go forward.
    with suppress(QueueUnreachable):
        # Without Redis the entry is dropped when it is taken, and the lease renewal finds the run.
        queue.announce_cancel(task.pk) if was_running else queue.withdraw(task)
    parts.send_end(task.pk, Status.CANCELLED)
    task_changed.send_robust(Task, task=task, position=None)
    logger.info("task cancelled", extra={"task": str(task.pk), "was_running": was_running})
    return task
