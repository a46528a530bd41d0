"""Erase recordings after RECORDINGS_DAYS, and whatever somebody wants gone: a record, a session, all of a person's.

Called by the function `cleanup`, the routes, and `forget`.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from jobs.practice import left_over, recordings
from jobs.practice.models import IN_ANALYSIS, PracticeRecord, PracticeSession, RecordStatus
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import TooLate
from jobs.runtime.models.task import FINAL
from jobs.runtime.retention import register_cleaner


def delete_record(record: PracticeRecord) -> None:
    """Delete a record with its recording and its results; an analysis that has not ended is cancelled."""
    _delete_row(record)
    transaction.on_commit(partial(recordings.delete_files, [record.pk]))


def delete_session(session: PracticeSession) -> int:
    """Delete a session with its records; return how many those were."""
    gone = _delete_rows(session)
    transaction.on_commit(partial(recordings.delete_files, gone))
    return len(gone)


def erase_of(owner: AbstractBaseUser) -> int:
    """Delete all that a person practised, for `forget`; return how many rows."""
    erased, gone = 0, list[UUID]()
    for session in PracticeSession.objects.filter(owner_id=owner.pk):
        gone += _delete_rows(session)
        erased += 1
    transaction.on_commit(partial(recordings.delete_files, gone))
    return erased + len(gone)


def _delete_rows(session: PracticeSession) -> list[UUID]:
    """Delete a session and its records; return whose files are to follow."""
    gone = []
    # One that comes in meanwhile is found by the next look.
    while record := session.records.select_related("task").first():
        _delete_row(record)
        gone.append(record.pk)
    session.delete()
    return gone


def _delete_row(record: PracticeRecord) -> None:
    if record.task is not None and not record.task.is_final():
        with suppress(TooLate):
            cancel(record.task)
    recordings.delete_row(record)


def erase_old(now: datetime, limit: int) -> int:
    """Erase recordings whose time is over, but for those that are being analysed; their scores stay."""
    until = now - timedelta(days=settings.RECORDINGS_DAYS)
    old = PracticeRecord.objects.filter(created_at__lte=until).exclude(recording="").exclude(status__in=IN_ANALYSIS)
    due = list(old.order_by("created_at")[:limit])
    recordings.erase(due)
    return len(due)


def free_stranded(_now: datetime, limit: int) -> int:
    """Give back records whose task has ended without telling them: its end was stored without its receivers."""
    ended = Q(task__status__in=FINAL) | Q(task__isnull=True)
    stranded = PracticeRecord.objects.filter(ended, status__in=IN_ANALYSIS).order_by("pk")
    due = list(stranded.values_list("pk", flat=True)[:limit])
    rows = PracticeRecord.objects.filter(pk__in=due).filter(ended, status__in=IN_ANALYSIS)
    return rows.update(status=RecordStatus.RECORDED)


def listen() -> None:
    register_cleaner("recordings", erase_old)
    register_cleaner("recordings without a record", left_over.erase)
    register_cleaner("stranded records", free_stranded)
