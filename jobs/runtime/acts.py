"""Cancel tasks and run them again for somebody at work, one by one, and count what came of it.

Permissions are asked by whoever calls: the admin for rows that were chosen, and the function
`act_on_tasks` for all that match a filter. Each act on each task is told by the signal `acted`;
the access room writes it into the audit book.
"""

from collections import Counter
from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Q

from jobs.runtime.cancel import cancel
from jobs.runtime.errors import InvalidInput, NotFinished, TooLate, UnknownFunction
from jobs.runtime.invoke import invoke_again
from jobs.runtime.models import Source, Task
from jobs.runtime.models.task import FINAL, OPEN
from jobs.runtime.signals import CANCELLED, RETRIED, acted

# What acts on all tasks that match; registered by the room of the functions.
FUNCTION = "act_on_tasks"
# Act -> the permission it needs beside jobs.view_task, and the tasks it can be done to.
PERMISSIONS = {"cancel": "jobs.cancel_task", "run_again": "jobs.retry_task"}
ABLE = {"cancel": Q(status__in=OPEN), "run_again": Q(status__in=FINAL)}
# To read what people sent and were given, beside jobs.view_task.
READ = "jobs.view_content"


def cancel_tasks(tasks: Iterable[Task], *, actor: User | AnonymousUser) -> Counter[str]:
    """Cancel what has not ended; return the numbers of `cancelled` and `late`."""
    outcome: Counter[str] = Counter()
    for task in tasks:
        before = task.status
        try:
            cancelled = cancel(task)
        except TooLate:
            outcome["late"] += 1
            continue
        acted.send(Task, actor=actor, action=CANCELLED, about=cancelled, details={"status": before})
        outcome["cancelled"] += 1
    return outcome


def run_again(tasks: Iterable[Task], *, actor: User | AnonymousUser, once: str = "") -> tuple[list[Task], Counter[str]]:
    """
    Run each ended task's input again; return the new tasks, and the numbers of `open`, `gone` and `unsent`.

    once: a name for this round; a task that it has run again already is not run again a second time.
    """
    started, outcome = [], Counter[str]()
    for task in tasks:
        try:
            with transaction.atomic():
                key = f"again:{once}:{task.pk}" if once else None
                again = invoke_again(task, source=Source.ADMIN, idempotency_key=key)
                if not again.replayed:
                    acted.send(Task, actor=actor, action=RETRIED, about=task, details={"again": str(again.task.pk)})
        except NotFinished:
            outcome["open"] += 1
        except (InvalidInput, UnknownFunction):
            # Its input was erased by the clean-up, or the function has left the code or changed.
            outcome["gone"] += 1
        else:
            started.append(again.task)
            outcome["unsent"] += not again.queued
    return started, outcome
