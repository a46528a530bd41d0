"""Cancel tasks and run them again, for staff who may, and say honestly what came of it.

Permissions are asked by the admin before it comes here. Each act on each task is told by
the signal `acted`; the access room writes it into the audit book.
"""

from collections import Counter
from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.runtime.cancel import cancel
from jobs.runtime.errors import InvalidInput, NotFinished, TooLate, UnknownFunction
from jobs.runtime.invoke import invoke_again
from jobs.runtime.models import Source, Task
from jobs.runtime.signals import CANCELLED, RETRIED, acted

# One request must end in seconds; each cancellation is a transaction of its own.
MAX_AT_ONCE = 200


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


def run_again(tasks: Iterable[Task], *, actor: User | AnonymousUser) -> tuple[list[Task], Counter[str]]:
    """Run each ended task's input again; return the new tasks, and the numbers of `open`, `gone` and `unsent`."""
    started, outcome = [], Counter[str]()
    for task in tasks:
        try:
            with transaction.atomic():
                again = invoke_again(task, source=Source.ADMIN)
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


def say_cancelled(request: HttpRequest, outcome: Counter[str]) -> None:
    if count := outcome["cancelled"]:
        words = ngettext("%(count)d task was cancelled.", "%(count)d tasks were cancelled.", count)
        messages.success(request, words % {"count": count})
    if count := outcome["late"]:
        words = ngettext(
            "%(count)d task had ended already; nothing was changed.",
            "%(count)d tasks had ended already; nothing was changed.",
            count,
        )
        messages.warning(request, words % {"count": count})


def say_started(request: HttpRequest, started: list[Task], outcome: Counter[str]) -> None:
    if count := len(started):
        words = ngettext("%(count)d task runs again, as a new one.", "%(count)d tasks run again, as new ones.", count)
        messages.success(request, words % {"count": count})
    if count := outcome["open"]:
        words = ngettext(
            "%(count)d task has not ended yet; only ended ones can run again.",
            "%(count)d tasks have not ended yet; only ended ones can run again.",
            count,
        )
        messages.warning(request, words % {"count": count})
    if count := outcome["gone"]:
        words = ngettext(
            "%(count)d task cannot run again: its input is not there any more, or does not fit the function any more.",
            "%(count)d tasks cannot run again: their input is not there any more, "
            "or does not fit the function any more.",
            count,
        )
        messages.warning(request, words % {"count": count})
    if outcome["unsent"]:
        messages.warning(request, _("The queue does not answer; what was kept is sent when it does."))


def refuse_too_many(request: HttpRequest) -> None:
    words = _("Nothing was done: an action is for at most %(count)d tasks at once.") % {"count": MAX_AT_ONCE}
    messages.error(request, words)
