"""Ask for a job of pictures where somebody waits for them, and draw it here when there is no queue.

Called by api/images.py and the pages, which serve people and their programs; other doors invoke the function `image` as
any other, and their jobs wait for the queue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _

from jobs.images import in_process
from jobs.images.models import ImageJob, Mode
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.models import Priority, Source

FUNCTION = "image"


@dataclass(frozen=True)
class Asked:
    """A job that was accepted. message: a sentence for people, empty when all is as usual."""

    invocation: Invocation
    job: ImageJob
    message: str = ""


def ask(
    inputs: Mapping[str, Any],
    *,
    owner: AbstractBaseUser,
    source: Source,
    priority: Priority = Priority.NORMAL,
    idempotency_key: str | None = None,
    asked_beside: str = "",
) -> Invocation:
    """Accept one job; call `settle()` with it once the transaction is over. Raises InvalidInput, KeyReused."""
    return invoke(
        FUNCTION,
        inputs,
        owner=owner,
        source=source,
        priority=priority,
        idempotency_key=idempotency_key,
        asked_beside=asked_beside,
        send=settings.ASYNC_IMAGE_ENABLED,
    )


def settle(invocation: Invocation) -> Asked:
    """Return the job of an accepted invocation, drawn in this process from now on when there is no queue."""
    job = ImageJob.objects.get(pk=invocation.task.pk)
    wants_place = not settings.ASYNC_IMAGE_ENABLED or not invocation.queued
    if invocation.replayed or not wants_place:
        return Asked(invocation, job)
    if in_process.start(job):
        return Asked(invocation, job, _("The queue is not used: the pictures are drawn in the web process."))
    # The sweep sends it.
    return Asked(invocation, job, _why_it_waits(job))


def _why_it_waits(job: ImageJob) -> str:
    assert job.mode == Mode.QUEUE  # noqa: S101 - it found no place
    if job.total_items > settings.IMAGE_SYNC_MAX_ITEMS:
        return _("The job waits for the queue: the web process draws at most %(count)d dishes.") % {
            "count": settings.IMAGE_SYNC_MAX_ITEMS
        }
    return _("The job waits for the queue: the web process is drawing another one.")
