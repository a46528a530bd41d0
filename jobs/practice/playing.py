"""A recording as the file that a player asks for: decrypted piece by piece, whole or in part.

Each playing goes into the audit book: who, and which bytes. Called by the API's route.
"""

from typing import Any, BinaryIO

from jobs.access import audit
from jobs.access.models import Action
from jobs.practice import recordings
from jobs.practice.errors import RecordingGone
from jobs.practice.models import PracticeRecord


class Playable:
    """What jobs/api/serving.py opens: the recording as it was sent."""

    def __init__(self, record: PracticeRecord) -> None:
        self._record = record
        self.name = str(record.recording.name)
        self.storage: Any = record.recording.storage

    def open(self, mode: str = "rb") -> BinaryIO:
        """Raises FileNotFoundError when it is gone, RecordingDamaged, KeyMissing."""
        try:
            return recordings.opened(self._record)
        except RecordingGone as error:
            raise FileNotFoundError(self.name) from error


def note(record: PracticeRecord, *, user_id: int, part: str) -> None:
    """Write into the audit book that somebody was given the recording. part: the Range header; empty for all of it."""
    from django.contrib.auth.models import User

    audit.record(
        Action.RECORDING_PLAYED,
        actor=User.objects.filter(pk=user_id).first(),
        about=record,
        part=part[:40],
        own=record.session.owner_id == user_id,
    )
