"""Pieces of a result, handed out while the rest is made, through a Redis stream per task.

The one way to read a task's bytes early: HTTP streaming and the bots use `read()`. Pieces
in order are the bytes of the artifact. A second attempt sends the same ones, so a reader
skips what it has; a reader whose stream is gone reads the artifact from where it stood.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
from asgiref.sync import sync_to_async

from jobs.runtime.connection import client, key, leave_if_cancelled, waiting_client
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Artifact, Status, Task
from jobs.runtime.models.task import FINAL

logger = logging.getLogger(__name__)

# The stream outlives its last piece by this; then readers use the artifact.
STREAM_SECONDS = 300
# How long a reader waits for a piece before it looks at the row: a lost message costs this.
LOOK_MILLISECONDS = 1000
CHUNK_BYTES = 65_536


class TaskEnded(Exception):
    """The task ended without a result, so there is nothing (more) to read."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"the task ended as {status}")


def send(task_id: UUID, index: int, data: bytes) -> None:
    """Append piece `index`. Without Redis the pieces are lost, the artifact is not."""
    _append(task_id, {"i": index, "d": data})


def send_end(task_id: UUID, status: str, *, count: int = 0) -> None:
    """Tell readers that the task ended; `count` pieces make the whole."""
    _append(task_id, {"e": status, "n": count})


def _append(task_id: UUID, fields: dict[str, bytes | str | int]) -> None:
    name = key("parts", task_id.hex)
    try:
        pipeline = client().pipeline(transaction=False)
        pipeline.xadd(name, fields)  # type: ignore[arg-type]
        pipeline.expire(name, STREAM_SECONDS)
        pipeline.execute()
    except (redis.RedisError, QueueUnreachable) as error:
        logger.warning("piece not handed out", extra={"task": str(task_id), "reason": type(error).__name__})


def blank(task_id: UUID) -> None:
    """Erase the pieces of a task whose content has expired."""
    client().delete(key("parts", task_id.hex))


class _Progress:
    """How far one reader is in a task's stream."""

    def __init__(self) -> None:
        self.last: bytes = b"0"
        self.pieces = 0
        self.bytes = 0
        self.ended = False  # the stream says so; `complete` when we have all its pieces
        self.complete = False

    def take(self, answer: Any) -> list[bytes]:
        """Return the pieces in an XREAD answer that are new to this reader. Raises TaskEnded."""
        fresh = []
        for self.last, fields in _entries(answer):
            status, index, count = fields.get(b"e", b"").decode("ascii", "replace"), _number(fields, b"i"), None
            if status in FINAL:
                if status != Status.SUCCESS:
                    raise TaskEnded(status)
                count = _number(fields, b"n")
                self.ended, self.complete = True, self.pieces == count
            elif index == self.pieces and b"d" in fields:
                self.pieces += 1
                self.bytes += len(fields[b"d"])
                fresh.append(fields[b"d"])
        return fresh


def _number(fields: dict[bytes, bytes], name: bytes) -> int | None:
    """Return a whole number of an entry, None when it has none: anybody may write into the stream."""
    text = fields.get(name, b"")
    return int(text) if text.isdigit() and len(text) < 10 else None


async def read(task_id: UUID, *, is_new: bool = False, over: redis.asyncio.Redis | None = None) -> AsyncIterator[bytes]:
    """
    Yield the pieces in order, as they are made; return when the task has succeeded.

    Waits as long as the task takes. Raises TaskEnded when the task ends otherwise.
    is_new: it was accepted a moment ago, so the row need not be asked at once whether it is over.
    over: a waiting_client() that the caller keeps, who reads many at a time; None: a line of its own.
    """
    progress = _Progress()
    connection = over if over is not None else waiting_client()
    # The first look does not wait: the task may be long over.
    patience: int | None = LOOK_MILLISECONDS if is_new else None
    try:
        while not progress.ended:
            try:
                answer = await connection.xread({key("parts", task_id.hex): progress.last}, count=64, block=patience)
            except redis.RedisError:
                answer = None
                await asyncio.sleep(LOOK_MILLISECONDS / 1000)
            leave_if_cancelled()
            fresh = progress.take(answer)
            for piece in fresh:
                yield piece
            if not fresh and not progress.ended and await _is_over(task_id):
                break
            patience = LOOK_MILLISECONDS
    finally:
        if over is None:
            await connection.aclose()
    if not progress.complete:
        async for data in _rest_of_artifact(task_id, progress.bytes):
            yield data


def _entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return the entries of one stream from an XREAD answer, which redis-py gives as a list or, by RESP3, as a dict."""
    if not answer:
        return []
    if isinstance(answer, dict):
        (batches,) = answer.values()
        return [entry for batch in batches for entry in batch]
    ((_name, entries),) = answer
    return list(entries)


async def _is_over(task_id: UUID) -> bool:
    """Return True for a success, False for a task under way; raise TaskEnded for other ends."""
    status = await Task.objects.filter(pk=task_id).values_list("status", flat=True).afirst()
    if status is None or (status in FINAL and status != Status.SUCCESS):
        raise TaskEnded(status or "gone")
    return status == Status.SUCCESS


async def _rest_of_artifact(task_id: UUID, offset: int) -> AsyncIterator[bytes]:
    artifact = await Artifact.objects.filter(task_id=task_id).afirst()
    if artifact is None:
        return
    file = await sync_to_async(artifact.file.open)("rb")
    try:
        await sync_to_async(file.seek)(offset)
        while data := await sync_to_async(file.read)(CHUNK_BYTES):
            yield data
    finally:
        await sync_to_async(file.close)()
