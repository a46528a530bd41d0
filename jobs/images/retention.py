"""Erase pictures after PICTURE_SECONDS: the objects in the storage first, then the rows.

Registered before the runtime's cleaner of tasks, which would take the rows away and leave the objects behind; the task
itself stays an hour longer for the same reason. Called by the function `cleanup` and by `forget`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from jobs.images.models import ImageJob, MenuImage
from jobs.runtime.retention import register_cleaner, register_eraser

DAY_SECONDS = 86_400
PICTURE_SECONDS = 30 * DAY_SECONDS
# Of the task beside it: long enough for a clean-up that was late.
HOUR_SECONDS = 3600
TASK_SECONDS = PICTURE_SECONDS + HOUR_SECONDS


def delete_expired(now: datetime, limit: int) -> int:
    """Delete the jobs whose time is over, with their pictures; return how many."""
    until = now + timedelta(seconds=HOUR_SECONDS)
    due = list(ImageJob.objects.filter(task__kept_until__lte=until).order_by().values_list("pk", flat=True)[:limit])
    erase(due)
    return len(due)


def erase(task_ids: Iterable[UUID]) -> None:
    """Delete jobs, the names of their dishes and their pictures; the tasks stay."""
    ids = list(task_ids)
    for name in MenuImage.objects.filter(job__in=ids).exclude(file="").order_by().values_list("file", flat=True):
        default_storage.delete(name)
    with transaction.atomic():
        ImageJob.objects.filter(pk__in=ids).delete()


def listen() -> None:
    register_cleaner("pictures", delete_expired, first=True)
    register_eraser(erase)
