"""Draw a job in this process, when there is no queue or none is wanted: the mode `sync`.

One job at a time, in a thread of the web process, and IMAGE_SYNC_MAX_ITEMS dishes at most: there are pages to serve as
well. Its tasks are claimed and leased as by any worker (jobs/runtime/local.py), so a queue that comes back runs none of
them again, and takes them over when this process dies. A job that finds no place waits for the queue.

Called by api/images.py.
"""

import logging
import threading
import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from jobs.images.models import ImageJob, Mode
from jobs.runtime import clock
from jobs.runtime.context import Context, Silent
from jobs.runtime.local import run_batch_here
from jobs.runtime.models import Status, Task
from jobs.runtime.models.task import OPEN

logger = logging.getLogger(__name__)

# How often a running job looks whether it was cancelled.
LOOK_SECONDS = 1.0
# Between two rounds of a job whose chunk is to be tried again later.
PAUSE_SECONDS = 1.0

_place = threading.Lock()


class RowWire(Silent):
    """A wire without Redis: the row says whether the task was cancelled."""

    def __init__(self) -> None:
        self._looked_at = 0.0
        self._cancelled = False

    def is_cancelled(self, context: Context) -> bool:
        now = time.monotonic()
        if not self._cancelled and now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._cancelled = not Task.objects.filter(
                pk=context.task_id, status=Status.PROCESSING, attempt=context.attempt
            ).exists()
        return self._cancelled


def start(job: ImageJob) -> bool:
    """Draw a job in a thread of this process; False when another one is being drawn, or it is too long."""
    if job.total_items > settings.IMAGE_SYNC_MAX_ITEMS or not _place.acquire(blocking=False):
        return False
    try:
        ImageJob.objects.filter(pk=job.pk).update(mode=Mode.SYNC)
        job.mode = Mode.SYNC
        # A daemon: what a stopping process leaves is taken over when its lease is over.
        threading.Thread(target=_run, args=(job.pk,), name="pictures", daemon=True).start()
    except BaseException:
        _place.release()
        raise
    return True


def _run(job_id: UUID) -> None:
    try:
        draw(job_id)
    except (OperationalError, InterfaceError) as error:
        logger.warning("a job is left to the queue", extra={"task": str(job_id), "reason": type(error).__name__})
    except Exception:
        logger.exception("a job could not be drawn in this process")
    finally:
        _place.release()
        connection.close()


def draw(job_id: UUID) -> None:
    """Draw all that waits of a job, chunk by chunk, with the pauses that failed chunks take; then end it."""
    give_up_at = clock.now() + timedelta(seconds=settings.IMAGE_JOB_TIMEOUT)
    while clock.now() < give_up_at:
        run_batch_here(job_id, wire=RowWire())
        if not _waits_for_us(job_id):
            return
        time.sleep(PAUSE_SECONDS)


def _waits_for_us(job_id: UUID) -> bool:
    """Return whether a chunk is to be tried again; what a worker runs meanwhile is the queue's."""
    is_open = Task.objects.filter(pk=job_id, status__in=OPEN).exists()
    return is_open and Task.objects.filter(parent=job_id, status=Status.RETRY).exists()
