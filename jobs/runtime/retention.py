"""Erase what has been kept long enough. Each room registers what of its own may go.

A cleaner erases up to `limit` things that are due and returns how many it erased; it is
called again until it returns 0, so each call is one short transaction, and a clean-up that
dies half-way is simply continued by the next.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from jobs.runtime import parts, storage, uploads
from jobs.runtime.models import Artifact, Attempt, Result, Task
from jobs.runtime.models.artifact import folder_of

logger = logging.getLogger(__name__)

Cleaner = Callable[[datetime, int], int]
_cleaners: dict[str, Cleaner] = {}

# What stands in the place of an erased input or output.
ERASED = {"erased": True}


# What rooms above keep of a task beside its rows, erased with its content.
Eraser = Callable[[list[UUID]], object]
_erasers: list[Eraser] = []


def register_cleaner(name: str, cleaner: Cleaner, *, first: bool = False) -> None:
    """first: before all that are known, for what would lose its rows to one of them."""
    if first:
        known = {**_cleaners}
        _cleaners.clear()
        _cleaners.update({name: cleaner, **known})
    else:
        _cleaners[name] = cleaner


def register_eraser(eraser: Eraser) -> None:
    """Have `eraser` called with the ids of finished tasks whose content is erased, before their rows change."""
    if eraser not in _erasers:
        _erasers.append(eraser)


def cleaners() -> dict[str, Cleaner]:
    return dict(_cleaners)


def erase_content(now: datetime, limit: int) -> int:
    """Blank the texts and delete the files of finished tasks whose content has expired."""
    # Only finished tasks have the two dates. Naming the states as well would lead SQLite away
    # from the index of the date: 2.5 s instead of 3 ms among a million rows.
    due = list(Task.objects.filter(content_until__lte=now).order_by().values_list("pk", flat=True)[:limit])
    erase(due)
    return len(due)


def erase(due: list[UUID]) -> None:
    """Blank the texts and delete the files of these finished tasks, whatever was declared."""
    for task_id in due:
        _delete_files(task_id)
    for eraser in _erasers:
        eraser(due)
    uploads.delete_of(Task.objects.filter(pk__in=due).values_list("function", "inputs"))
    with transaction.atomic():
        Artifact.objects.filter(task__in=due).delete()
        Attempt.objects.filter(task__in=due).update(error_message="", log=[])
        Result.objects.filter(task__in=due).update(output=ERASED)
        Task.objects.filter(pk__in=due).update(inputs=ERASED, content_until=None, error_message="")


def delete_tasks(now: datetime, limit: int) -> int:
    """Delete finished tasks that were kept long enough, with attempts, results and files."""
    due = list(
        Task.objects.filter(kept_until__lte=now)
        .order_by()
        # A parent goes with its last child, or the children would be deleted before their time.
        .exclude(children__kept_until__gt=now)
        .exclude(children__kept_until=None, children__isnull=False)
        .values_list("pk", flat=True)[:limit]
    )
    for task_id in due:
        _delete_files(task_id)
    with transaction.atomic():
        Task.objects.filter(pk__in=due).delete()
    return len(due)


def _delete_files(task_id: UUID) -> None:
    """Delete every file in the task's folder: those of its artifacts, and those of attempts that died on the way."""
    parts.blank(task_id)
    storage.delete_folder(folder_of(task_id))


register_cleaner("content", erase_content)
register_cleaner("tasks", delete_tasks)
register_cleaner("uploads", uploads.delete_expired)
register_cleaner("unfinished files", storage.erase_unfinished)
