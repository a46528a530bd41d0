"""Take recordings in, keep them encrypted in Django's storage, and hand them out to who may hear them.

What "end to end" means here. On the way in and out a recording is protected by TLS, which the operator's proxy ends;
from then on it lies encrypted (sealing.py) wherever the storage is, and its backups with it. The house itself holds
the keys, because its workers must listen: who has both the storage and SECRET_KEY or RECORDINGS_KEY can hear it, and
who has only the storage, the database or a backup of either cannot. It is not what a messenger calls end to end.

In plain a recording exists while it comes in (the request's body, in a file without a name that goes with the request),
in the memory of the worker that analyses it and of the process that decodes it for it (engines/media), and in the
memory of the web process that plays a piece of it. No file on disk has it under a name.

The object is stored before its record, and goes once its record's change is committed: a rollback keeps both. Whoever
dies in between, or meets a storage that does not answer, leaves a file that no record names; left_over.py takes it.

Called by the routes, the function `analysis`, the admin and retention.py.
"""

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Sum

from jobs.engines.errors import InputRejected
from jobs.engines.media.kinds import KINDS, Kind, sniff
from jobs.engines.media.reading import SAMPLE_RATE_HZ, decode
from jobs.engines.pronunciation import readiness
from jobs.engines.pronunciation.port import Language
from jobs.practice import keys, sealing
from jobs.practice.errors import RecordingGone
from jobs.practice.models import PracticeRecord, PracticeSession
from jobs.runtime import clock, storage, uploads
from jobs.runtime.errors import FieldError, InvalidInput
from jobs.runtime.gate import writing
from jobs.runtime.identity import new_task_id

logger = logging.getLogger(__name__)

FIELD = "recording"
FOLDER = "recordings"
_COPY_BYTES = 1 << 18


@dataclass(frozen=True)
class Sound:
    """What is known of a file that has been taken in. seconds: of its decoded sound."""

    kind: Kind
    bytes: int
    seconds: float
    sha256: str


def take_in(session: PracticeSession, chunks: Iterable[bytes], *, sentence: str, language: str) -> PracticeRecord:
    """
    Store a recording of a sentence, and return its record. Call it outside of a transaction.

    Raises InvalidInput naming `recording`: empty_file, file_too_large, not_audio, no_sound, codec_not_taken, too_long,
    too_many_files, no_room_for_file and the like; EngineUnavailable; StorageUnreachable.
    """
    with _memory() as plain:
        sound = _looked_at(plain, chunks)
        limits_of(session, sound.bytes)
        record = PracticeRecord(
            id=new_task_id(),
            session=session,
            sentence=sentence,
            language=language,
            bytes=sound.bytes,
            content_type=sound.kind.content_type,
            seconds=round(sound.seconds, 3),
            sha256=sound.sha256,
            created_at=clock.now(),
        )
        _store(record, plain)
    try:
        with writing(), transaction.atomic():
            # It may have been deleted while the file came.
            PracticeSession.objects.select_for_update().get(pk=session.pk)
            limits_of(session, sound.bytes)
            record.save(force_insert=True)
    except BaseException:
        delete_files([record.pk])
        raise
    # It will be analysed soon: the workers of this machine may get ready for it.
    readiness.note_use(settings.PRACTICE_MARKS, cast("Language", language))
    return record


def _looked_at(plain: BinaryIO, chunks: Iterable[bytes]) -> Sound:
    """Write the file down, and decode it: packets may lie about a length, samples cannot."""
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        if size > settings.UPLOAD_MAX_BYTES:
            raise _refused(uploads.TOO_LARGE, f"the file has more than {settings.UPLOAD_MAX_BYTES} bytes")
        digest.update(chunk)
        plain.write(chunk)
    if not size:
        raise _refused("empty_file", "the file is empty")
    plain.flush()
    kind = sniff(plain)
    if kind is None:
        raise _refused("not_audio", "this is no recording of a kind that is taken here")
    try:
        samples = decode(plain, kind, field=FIELD, max_seconds=settings.PRACTICE_MAX_SECONDS)
    except InputRejected as error:
        raise _refused(error.code, error.message) from None
    return Sound(kind, size, len(samples) / SAMPLE_RATE_HZ, digest.hexdigest())


def limits_of(session: PracticeSession, more_bytes: int = 0) -> None:
    """Raise InvalidInput when the session is full, or its owner has no room for so many bytes more."""
    if PracticeRecord.objects.filter(session=session).count() >= settings.PRACTICE_SESSION_RECORDS:
        most = f"a session has at most {settings.PRACTICE_SESSION_RECORDS} records; begin another"
        raise _refused(uploads.TOO_MANY, most)
    kept = PracticeRecord.objects.filter(session__owner_id=session.owner_id).exclude(recording="")
    if (kept.aggregate(bytes=Sum("bytes"))["bytes"] or 0) + more_bytes > settings.PRACTICE_OWNER_BYTES:
        most = f"your recordings may have {settings.PRACTICE_OWNER_BYTES} bytes together; delete some"
        raise _refused(uploads.NO_ROOM, most)


def _refused(code: str, message: str) -> InvalidInput:
    return InvalidInput([FieldError(FIELD, code, message)])


# Reading


def opened(record: PracticeRecord) -> BinaryIO:
    """
    Return the recording as it was sent; only what is read is decrypted.

    Raises RecordingGone, RecordingDamaged, KeyMissing, StorageUnreachable.
    """
    if not record.recording:
        raise RecordingGone
    try:
        file = default_storage.open(str(record.recording.name), "rb")
    except FileNotFoundError:
        raise RecordingGone from None
    try:
        reader = sealing.Opened(cast("BinaryIO", file), subject=record.pk.bytes)
    except BaseException:
        file.close()
        raise
    return io.BufferedReader(reader, sealing.PIECE_BYTES)


@contextmanager
def in_plain(record: PracticeRecord) -> Iterator[tuple[BinaryIO, Kind]]:
    """Hand the recording over as a real file for the decoding process: in memory, without a name, gone afterwards."""
    with opened(record) as reader, _memory() as plain:
        while piece := reader.read(_COPY_BYTES):
            plain.write(piece)
        plain.flush()
        plain.seek(0)
        yield plain, KINDS[record.content_type]


@contextmanager
def _memory() -> Iterator[BinaryIO]:
    """Yield a file that has a descriptor and no place on disk; where there is no such thing, one without a name."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("recording"), "w+b") as file:
            yield cast("BinaryIO", file)
    else:
        with tempfile.TemporaryFile() as file:
            yield cast("BinaryIO", file)


# Writing


def folder_of(record_id: UUID) -> str:
    # Two levels by the random tail, so that no folder grows without bound.
    return f"{FOLDER}/{record_id.hex[-2:]}/{record_id.hex}"


def _store(record: PracticeRecord, plain: BinaryIO) -> None:
    key = keys.newest()
    plain.flush()
    plain.seek(0)
    # Encrypted, so it may lie on disk: its length is known only when it is whole, and a bucket asks for that first.
    with tempfile.TemporaryFile() as sealed:
        for piece in sealing.seal(_pieces(plain), key=key, subject=record.pk.bytes):
            sealed.write(piece)
        sealed.seek(0)
        wanted = f"{folder_of(record.pk)}/{key.id}"
        record.recording = default_storage.save(wanted, File(cast("Any", sealed)))
        record.key_id = key.id


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_COPY_BYTES):
        yield piece


def reencrypt(record: PracticeRecord) -> bool:
    """
    Encrypt a recording with the newest key; False when that was not to be done any more.

    The new file is stored before the row names it, and the old one goes last: whoever dies in between leaves a file
    in the record's folder, which goes with the record.
    """
    before, key_id = str(record.recording.name), record.key_id
    with opened(record) as reader:
        _store(record, reader)
    rows = PracticeRecord.objects.filter(pk=record.pk, recording=before, key_id=key_id)
    if not rows.update(recording=record.recording.name, key_id=record.key_id):
        # Erased or encrypted by another meanwhile.
        default_storage.delete(str(record.recording.name))
        return False
    default_storage.delete(before)
    return True


# Erasing


def erase(records: Iterable[PracticeRecord]) -> int:
    """Erase the recordings and keep the records; return how many had one. One transaction."""
    with writing(), transaction.atomic():
        gone = [record.pk for record in records if _forget_recording(record)]
        transaction.on_commit(partial(delete_files, gone))
    return len(gone)


def _forget_recording(record: PracticeRecord) -> bool:
    rows = PracticeRecord.objects.filter(pk=record.pk).exclude(recording="")
    return bool(rows.update(recording="", key_id=""))


def delete_row(record: PracticeRecord) -> None:
    """Delete the record and what it was given; its recording goes by `delete_files`, after the commit."""
    with writing(), transaction.atomic():
        PracticeRecord.objects.filter(pk=record.pk).delete()


def delete_files(record_ids: Iterable[UUID]) -> None:
    """
    Delete the files of records that name none any more: the recording, and what a re-encryption that died left behind.

    Call it after the commit, by `on_commit`. A storage that does not answer is not asked for the rest, each of which
    would wait as long; left_over.py takes what stays.
    """
    for record_id in record_ids:
        try:
            storage.delete_folder(folder_of(record_id))
        except OSError as error:
            logger.warning("recordings are left to the clean-up", extra={"reason": type(error).__name__})
            return
