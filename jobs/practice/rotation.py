"""Bring recordings to the newest key, one by one, so that it can be stopped and begun again anywhere.

Called by the command `reencrypt_recordings`.
"""

import logging

from django.db.models import QuerySet

from jobs.practice import keys, recordings
from jobs.practice.errors import RecordingError, RecordingGone
from jobs.practice.models import PracticeRecord

logger = logging.getLogger(__name__)

# Ids in one look: the table is walked by its index of keys.
BATCH = 200


def reencrypt_all() -> tuple[int, int]:
    """Return how many were encrypted again, and how many could not be read."""
    done, unreadable = 0, 0
    last = None
    while True:
        rows = _older() if last is None else _older().filter(pk__gt=last)
        due = list(rows.order_by("pk")[:BATCH])
        if not due:
            return done, unreadable
        for record in due:
            last = record.pk
            try:
                done += recordings.reencrypt(record)
            except RecordingGone:
                continue
            except RecordingError as error:
                unreadable += 1
                logger.warning("a recording stays as it is", extra={"record": str(last), "reason": str(error)})


def _older() -> QuerySet[PracticeRecord]:
    return PracticeRecord.objects.exclude(recording="").exclude(key_id=keys.newest().id)
