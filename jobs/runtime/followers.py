"""What may start because a task has ended: the next of its ordered group, and the task it is a part of.

Neither is in Redis while it may not start; the claim (commit.py) asks the same question of
the rows, so a message too many starts nothing, and the sweep sends a message that was lost.

    ordered group   tasks with one `sequence_key` run one after the other, in the order of
                    acceptance; one that waits for its retry holds up those behind it
    batch           a task that `awaits_children` runs once none of them is open
"""

import logging

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from jobs.runtime import clock, queue
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Status, Task
from jobs.runtime.models.task import FINAL, OPEN, WAITING
from jobs.runtime.signals import task_changed

logger = logging.getLogger(__name__)


def startable() -> QuerySet[Task]:
    """Return the waiting tasks that wait for no other task."""
    ahead = Task.objects.filter(sequence_key=OuterRef("sequence_key")).filter(
        Q(status__in=[Status.PROCESSING, Status.RETRY]) | Q(status=Status.PENDING, pk__lt=OuterRef("pk"))
    )
    parts = Task.objects.filter(parent=OuterRef("pk"), status__in=OPEN)
    return Task.objects.filter(
        Q(sequence_key=None) | Q(status=Status.RETRY) | ~Exists(ahead),
        Q(awaits_children=False) | ~Exists(parts),
        status__in=WAITING,
    )


def may_start(task: Task) -> bool:
    """Return whether a task that has just been accepted waits for no other."""
    if not task.sequence_key and not task.awaits_children:
        return True
    return startable().filter(pk=task.pk).exists()


def send_followers(task: Task) -> None:
    """Send what waited for `task`, which has ended. Call after the commit."""
    try:
        if task.sequence_key:
            _send_next(task.sequence_key)
        if task.parent_id is not None:
            _tell_parent(task)
    except QueueUnreachable:
        logger.info("followers left to the sweep", extra={"task": str(task.pk)})


def _send_next(sequence_key: str) -> None:
    following = startable().filter(sequence_key=sequence_key).order_by("id").first()
    if following is not None:
        queue.send(following)


def _tell_parent(task: Task) -> None:
    """Bring the parent's progress up to date, and send it once its last part has ended."""
    parent = Task.objects.filter(children=task, awaits_children=True, status=Status.PENDING).first()
    if parent is None:
        return
    parts = Task.objects.filter(parent=parent).aggregate(all=Count("pk"), ended=Count("pk", filter=Q(status__in=FINAL)))
    # Its own run is the last step, so it is not done with its last part.
    progress = 99 * parts["ended"] // max(1, parts["all"])
    counted = {"step": parts["ended"], "total_steps": parts["all"], "progress": progress, "updated_at": clock.now()}
    # Two parts that end together may count at once; the figure never goes back.
    Task.objects.filter(pk=parent.pk, status=Status.PENDING, progress__lte=progress).update(**counted)
    for name, value in counted.items():
        setattr(parent, name, value)
    if parts["ended"] == parts["all"]:
        queue.send(parent)
    task_changed.send_robust(Task, task=parent, position=None)
