"""Erase recordings that no record names: somebody's voice that nobody can reach any more, and nobody asked to keep.

A recording is stored before its record and deleted after it, so a process that dies in between leaves one, as does a
storage that was away, and whoever deletes an account in the admin. The clean-up runs once a minute and looks through
one of the FOLDERS each time, all of them in four and a half hours: a bucket is asked for one listing a minute.

Left alone is what came within the last hour, since its record may be on the way, and what no key of this house opens:
a house that is started by mistake with an empty database on the storage of another takes nothing away from it.

Called by retention.py.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.core.files.storage import default_storage

from jobs.practice import keys, recordings
from jobs.practice.models import PracticeRecord
from jobs.runtime import storage

logger = logging.getLogger(__name__)

# By the last two digits of a record's id.
FOLDERS = 256
TURN_SECONDS = 60
# A recording is in the storage some seconds before its record is committed; clocks may differ a little more.
YOUNG_SECONDS = 3600
ROWS_AT_ONCE = 500


def erase(now: datetime, limit: int) -> int:
    """A cleaner: erase up to `limit` such recordings of the folder whose turn it is; return how many it erased."""
    erased = 0
    try:
        for record_id in _without_record(int(now.timestamp() // TURN_SECONDS) % FOLDERS, now):
            erased += _delete(record_id)
            if erased == limit:
                break
    except OSError as error:
        # The other cleaners need no storage; this folder has another turn.
        logger.warning("the storage cannot be looked through", extra={"reason": type(error).__name__})
    return erased


def _without_record(number: int, now: datetime) -> Iterator[UUID]:
    folder = f"{recordings.FOLDER}/{number:02x}"
    try:
        names, _files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    found = [_id_of(f"{folder}/{name}") for name in names]
    # An id of version 7 tells when it was made.
    old = [each for each in found if each and now.timestamp() - (each.int >> 80) / 1000 > YOUNG_SECONDS]
    for start in range(0, len(old), ROWS_AT_ONCE):
        some = old[start : start + ROWS_AT_ONCE]
        rows = PracticeRecord.objects.filter(pk__in=some).exclude(recording="")
        named = set(rows.values_list("pk", flat=True))
        yield from (each for each in some if each not in named)


def _id_of(folder: str) -> UUID | None:
    """Return the id of the record that a folder was made for; None when it is none of ours."""
    try:
        found = UUID(hex=folder.rpartition("/")[2])
    except ValueError:
        return None
    return found if found.version == 7 and recordings.folder_of(found) == folder else None


def _delete(record_id: UUID) -> bool:
    folder = recordings.folder_of(record_id)
    _folders, files = default_storage.listdir(folder)
    # A file is called by the key that it is encrypted with, and a number where that was taken (storage/names.py).
    if not {name.partition("_")[0] for name in files} <= keys.readable().keys():
        return False
    storage.delete_folder(folder)
    return True
