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
from typing import Annotated, Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models import Q
from pydantic import BaseModel, WithJsonSchema

from jobs.engines.errors import InputRejected
from jobs.engines.media.kinds import KINDS, Kind, sniff
from jobs.engines.media.reading import probe
from jobs.runtime import clock, registry
from jobs.runtime.errors import FieldError, InvalidInput
from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Task, Upload
from jobs.runtime.models.task import OPEN

TOO_LARGE = "file_too_large"


@dataclass(frozen=True)
class IsFile:
    """Marks a field of an input as the id of an upload."""


# In a function's input type. An API client sends the file itself, by multipart; a bot stores it and passes the id.
FileId = Annotated[UUID, IsFile(), WithJsonSchema({"type": "string", "format": "file"})]


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
    Raises InvalidInput: empty_file, file_too_large, and what probe() of engines/media raises; EngineUnavailable.
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
        file.seek(0)
        upload_id, now = new_task_id(), clock.now()
        # Two levels by the random tail, so that no folder grows without bound.
        name = default_storage.save(f"uploads/{upload_id.hex[-2:]}/{upload_id.hex}", File(file))
    try:
        return Upload.objects.create(
            id=upload_id,
            owner_id=owner.pk,
            file=name,
            bytes=size,
            content_type=kind.content_type,
            seconds=round(facts.seconds, 3),
            sha256=digest,
            created_at=now,
            expires_at=now + timedelta(seconds=settings.UPLOAD_SECONDS),
        )
    except BaseException:
        default_storage.delete(name)
        raise


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
        upload = Upload.objects.filter(pk=upload_id, owner_id=owner_id, expires_at__gt=clock.now()).first()
        if upload is None:
            raise InvalidInput([FieldError(field, "unknown_file", "there is no such file, or it has expired")])
        digests[field] = upload.sha256
    used = [upload_id for upload_id in named.values() if upload_id is not None]
    if used:
        until = clock.now() + timedelta(seconds=settings.UPLOAD_SECONDS)
        Upload.objects.filter(pk__in=used).update(expires_at=until)
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
    _delete([upload for upload in due if upload.pk not in needed])
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


def _delete(uploads: list[Upload]) -> None:
    for upload in uploads:
        default_storage.delete(str(upload.file.name))
    Upload.objects.filter(pk__in=[upload.pk for upload in uploads]).delete()
