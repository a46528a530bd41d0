"""Files that functions work on: taken in, checked by their content, handed to the function, and gone in time.

    recording: FileId                                          # a field of a function's input
    upload = store(owner, chunks, field="recording")           # an API route, a bot
    with opened(inputs.recording) as (file, kind, row): ...    # the function

A file is streamed to disk, never held in memory; its kind is told by its first bytes and its length counted by a
process of its own (engines/media), so that what cannot be a recording is refused before anything waits in a queue.
Nobody but its owner can name it in an input. It expires; one that an open task still needs is kept until that ends.

Called by the API, the bots, invoke.py and the functions.
"""

import hashlib
import shutil
import tempfile
import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Q, Sum
from pydantic import BaseModel, WithJsonSchema

from jobs.engines.errors import InputRejected
from jobs.engines.media.kinds import KINDS, Kind, sniff
from jobs.engines.media.reading import probe
from jobs.runtime import clock, registry
from jobs.runtime.errors import FieldError, InvalidInput
from jobs.runtime.gate import writing
from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Task, Upload
from jobs.runtime.models.task import OPEN

TOO_LARGE = "file_too_large"
# Of one owner, all together.
TOO_MANY, NO_ROOM = "too_many_files", "no_room_for_file"


@dataclass(frozen=True)
class IsFile:
    """Marks a field of an input as the id of an upload."""


# In a function's input type. An API client sends the file itself, by multipart; a bot stores it and passes the id.
FileId = Annotated[UUID, IsFile(), WithJsonSchema({"type": "string", "format": "file"})]


@cache
def file_fields(input_type: type[BaseModel]) -> list[str]:
    """Return the names of the fields that hold an upload's id."""
    return [
        name
        for name, info in input_type.model_fields.items()
        if any(isinstance(part, IsFile) for part in (*info.metadata, *_marks(info.annotation)))
    ]


def _marks(annotation: Any) -> Iterator[Any]:
    """Yield what marks the alternatives of an optional field."""
    for kind in typing.get_args(annotation):
        yield from getattr(kind, "__metadata__", ())


def store(owner: AbstractBaseUser, chunks: Iterable[bytes], *, field: str, max_bytes: int | None = None) -> Upload:
    """
    Take a file in, and return its row; call it outside of a transaction, or a rollback leaves the bytes behind.

    field: the input's field it is meant for, which errors name. max_bytes: None for UPLOAD_MAX_BYTES.
    Raises InvalidInput: empty_file, file_too_large, too_many_files, no_room_for_file, and what probe() of engines/media
    raises; EngineUnavailable.
    """
    most = settings.UPLOAD_MAX_BYTES if max_bytes is None else max_bytes
    # Without a name on disk: it is gone with this process, however that ends.
    with tempfile.TemporaryFile() as file:
        size, digest = _write(file, chunks, field=field, most=most)
        try:
            kind = _known(sniff(file), field)
            facts = probe(file, kind, field=field, max_seconds=settings.TRANSCRIPTION_MAX_SECONDS)
        except InputRejected as error:
            raise InvalidInput([FieldError(error.field, error.code, error.message)]) from None
        upload_id, now = new_task_id(), clock.now()
        upload = Upload(
            id=upload_id,
            owner_id=owner.pk,
            # Two levels by the random tail, so that no folder grows without bound.
            file=f"uploads/{upload_id.hex[-2:]}/{upload_id.hex}",
            bytes=size,
            content_type=kind.content_type,
            seconds=round(facts.seconds, 3),
            sha256=digest,
            created_at=now,
            expires_at=now + timedelta(seconds=settings.UPLOAD_SECONDS),
        )
        # The row first: whoever dies before the file is whole leaves something that expires, and is looked for.
        _enter(upload, field)
        try:
            file.seek(0)
            _keep_name(upload, default_storage.save(str(upload.file.name), File(file)))
        except BaseException:
            discard(upload)
            raise
    return upload


def _enter(upload: Upload, field: str) -> None:
    """Store the row of a file that its owner has room for. Raises InvalidInput (too_many_files, no_room_for_file)."""
    with writing(), transaction.atomic():
        # Two files of one owner are not counted at the same moment, or both would find the last room.
        get_user_model()._default_manager.select_for_update().get(pk=upload.owner_id)
        held = Upload.objects.filter(owner_id=upload.owner_id).aggregate(files=Count("pk"), bytes=Sum("bytes"))
        if held["files"] >= settings.UPLOAD_OWNER_FILES:
            most = f"you have {settings.UPLOAD_OWNER_FILES} files here, as many as are kept for one; they go in time"
            raise InvalidInput([FieldError(field, TOO_MANY, most)])
        if (held["bytes"] or 0) + upload.bytes > settings.UPLOAD_OWNER_BYTES:
            most = f"your files here may have {settings.UPLOAD_OWNER_BYTES} bytes together; they go in time"
            raise InvalidInput([FieldError(field, NO_ROOM, most)])
        upload.save(force_insert=True)


def _keep_name(upload: Upload, name: str) -> None:
    if name != upload.file.name:
        Upload.objects.filter(pk=upload.pk).update(file=name)
        upload.file.name = name


def _known(kind: Kind | None, field: str) -> Kind:
    if kind is None:
        raise InputRejected(field, "not_audio", "this is no recording of a kind that is taken here")
    return kind


def _write(file: BinaryIO, chunks: Iterable[bytes], *, field: str, most: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise InvalidInput([FieldError(field, TOO_LARGE, f"the file has more than {most} bytes")])
        digest.update(chunk)
        file.write(chunk)
    if not size:
        raise InvalidInput([FieldError(field, "empty_file", "the file is empty")])
    file.flush()
    return size, digest.hexdigest()


def discard(upload: Upload) -> None:
    """Delete an upload that no task was made for."""
    _delete([upload])


def claim(input_type: type[BaseModel], inputs: Mapping[str, Any], *, owner_id: int) -> dict[str, str]:
    """
    Return the digest of each file that an accepted input names, and keep those for as long as a new one.

    inputs: JSON-ready. Raises InvalidInput (unknown_file) for one that is not there, has expired or is another's: the
    three cannot be told apart.
    """
    named = {field: inputs.get(field) for field in file_fields(input_type)}
    digests: dict[str, str] = {}
    for field, upload_id in named.items():
        if upload_id is None:
            continue
        unknown = InvalidInput([FieldError(field, "unknown_file", "there is no such file, or it has expired")])
        upload = Upload.objects.filter(pk=upload_id, owner_id=owner_id, expires_at__gt=clock.now()).first()
        if upload is None:
            raise unknown
        until = clock.now() + timedelta(seconds=settings.UPLOAD_SECONDS)
        # It may have been deleted since it was read.
        if not Upload.objects.filter(pk=upload_id).update(expires_at=until):
            raise unknown
        digests[field] = upload.sha256
    return digests


@contextmanager
def opened(upload_id: UUID, *, field: str) -> Iterator[tuple[BinaryIO, Kind, Upload]]:
    """
    Hand the file of an upload to a function: a real one on disk, its kind, its row.

    Raises InputRejected (file_gone) when it was deleted meanwhile.
    """
    gone = InputRejected(field, "file_gone", "the file is not kept any more; send it again")
    upload = Upload.objects.filter(pk=upload_id).first()
    if upload is None:
        raise gone
    try:
        stored = upload.file.open("rb")
    except FileNotFoundError:
        raise gone from None
    with stored:
        try:
            stored.fileno()
        except (AttributeError, OSError):
            # From an object store: a descriptor is needed, which only a file here has.
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(stored, copy)
                copy.flush()
                yield copy, KINDS[upload.content_type], upload
        else:
            yield cast("BinaryIO", stored), KINDS[upload.content_type], upload


def kept_until(task: Task) -> datetime | None:
    """Return when the first of a task's files goes; a moment that is over when one has gone, None when it has none."""
    spec = registry.find(task.function)
    fields = file_fields(spec.input_type) if spec is not None and isinstance(task.inputs, dict) else []
    ids = [task.inputs[field] for field in fields if task.inputs.get(field)]
    if not ids:
        return None
    ends = list(Upload.objects.filter(pk__in=ids).values_list("expires_at", flat=True))
    return min(ends) if len(ends) == len(ids) else task.created_at


# Clean-up


def delete_expired(now: datetime, limit: int) -> int:
    """Delete uploads that have expired; one that an open task needs is put off, and counts as one that was handled."""
    due = list(Upload.objects.filter(expires_at__lte=now).order_by("expires_at")[:limit])
    needed = _needed(due)
    if needed:
        until = now + timedelta(seconds=settings.UPLOAD_SECONDS)
        Upload.objects.filter(pk__in=needed).update(expires_at=until)
    _delete([upload for upload in due if upload.pk not in needed], expired_at=now)
    return len(due)


def delete_of(tasks: Iterable[tuple[str, Any]]) -> None:
    """
    Delete the uploads of tasks whose content is erased, but for those that another task still needs.

    tasks: function and inputs of each, all of them ended.
    """
    ids = [
        inputs[field]
        for function, inputs in tasks
        if (spec := registry.find(function)) is not None and isinstance(inputs, dict)
        for field in file_fields(spec.input_type)
        if inputs.get(field)
    ]
    if not ids:
        return
    uploads = list(Upload.objects.filter(pk__in=ids))
    needed = _needed(uploads)
    _delete([upload for upload in uploads if upload.pk not in needed])


def _needed(uploads: list[Upload]) -> set[UUID]:
    """Return the ids of those that an open task of their owner names."""
    taking = {spec.name: file_fields(spec.input_type) for spec in registry.every() if file_fields(spec.input_type)}
    if not uploads or not taking:
        return set()
    names = {field for fields in taking.values() for field in fields}
    ids = [str(upload.pk) for upload in uploads]
    open_tasks = Task.objects.filter(
        Q(*[(f"inputs__{name}__in", ids) for name in sorted(names)], _connector=Q.OR),
        function__in=taking,
        status__in=OPEN,
    )
    named = {str(inputs.get(name)) for inputs in open_tasks.values_list("inputs", flat=True) for name in names}
    return {upload.pk for upload in uploads if str(upload.pk) in named}


def _delete(uploads: list[Upload], *, expired_at: datetime | None = None) -> None:
    """
    Delete files with their rows.

    expired_at: leaves those that a task was made for meanwhile. A row goes only with its file: whoever dies between
    the two leaves the row, and the next clean-up finds it.
    """
    for upload in uploads:
        rows = Upload.objects.filter(pk=upload.pk)
        if expired_at is not None:
            rows = rows.filter(expires_at__lte=expired_at)
        with writing(), transaction.atomic():
            if rows.delete()[0]:
                default_storage.delete(str(upload.file.name))
