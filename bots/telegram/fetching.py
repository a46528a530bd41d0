"""Bring a recording from Telegram into the house, and have it heard.

The recording is streamed through a file without a name, checked like any upload, and named to the
transcription function. Safe to begin again: a message that has its part is left alone.

Called by desk.py and watch.py.
"""

import asyncio
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO, ParamSpec, TypeVar

import httpx
import telegram
from django.conf import settings
from django.db import connection, transaction

from bots.telegram import ending, orders, wire
from bots.telegram.errors import Blocked, Rejected, TooLarge, Unreachable
from bots.telegram.models import OPEN, Kind, Message
from bots.telegram.orders import CannotOrder
from jobs.engines.errors import EngineUnavailable
from jobs.engines.media import reading
from jobs.engines.trusted import authorities
from jobs.runtime import uploads
from jobs.runtime.errors import InvalidInput
from jobs.runtime.gate import writing

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

CHUNK_BYTES = 65_536
# Between two chunks of a download.
SILENCE_SECONDS = 15.0
# The whole of it: 20 MB on a slow line.
DOWNLOAD_SECONDS = 120.0


async def fetch(bot: telegram.Bot, message: Message) -> None:
    """Have a message's recording heard, or end the message with the reason. Raises Flooded, Unreachable, Unknown."""
    try:
        with tempfile.TemporaryFile() as file:
            await asyncio.gather(_download(bot, message.file_id, file), asyncio.to_thread(_open_reader))
            await _apart(_store, message, file)
    except TooLarge:
        await _apart(ending.end, message, code="file_too_large")
    except (Rejected, Blocked):
        await _apart(ending.end, message, code="file_gone")
    except EngineUnavailable as error:
        raise Unreachable(type(error).__name__) from error


async def _download(bot: telegram.Bot, file_id: str, file: BinaryIO) -> None:
    with wire.translated():
        found = await bot.get_file(file_id)
    if found.file_path is None:
        raise Rejected("no path")
    try:
        async with (
            asyncio.timeout(DOWNLOAD_SECONDS),
            httpx.AsyncClient(timeout=SILENCE_SECONDS, verify=authorities()) as client,
            client.stream("GET", found.file_path) as answer,
        ):
            if answer.status_code != 200:
                if answer.status_code in (400, 404):
                    raise Rejected("no such file")
                raise Unreachable(f"file: {answer.status_code}")
            size = 0
            async for chunk in answer.aiter_bytes(CHUNK_BYTES):
                size += len(chunk)
                if size > settings.TELEGRAM_MAX_FILE_BYTES:
                    raise TooLarge
                file.write(chunk)
    except (httpx.HTTPError, TimeoutError) as error:
        # Its own words hold the address, and with it the token.
        raise Unreachable(type(error).__name__) from None


def _open_reader() -> None:
    """Have what looks into recordings started while the first one is on its way."""
    with suppress(EngineUnavailable):  # it is started again when it is needed, and then it says so
        reading.SERVER.start()


def _store(message: Message, file: BinaryIO) -> None:
    file.seek(0)
    try:
        upload = uploads.store(
            message.account.user,
            _chunks(file),
            field="recording",
            max_bytes=settings.TELEGRAM_MAX_FILE_BYTES,
        )
    except InvalidInput as error:
        ending.end(message, code=error.errors[0].code)
        return
    try:
        with writing(), transaction.atomic():
            open_still = Message.objects.filter(pk=message.pk, run=message.run, status__in=OPEN).exists()
            ordered = open_still and not message.parts.filter(run=message.run).exists()
            if ordered:
                orders.hear(message, upload.pk)
    except CannotOrder as error:
        ordered = False
        ending.end(message, code=error.code)
    if not ordered:
        uploads.discard(upload)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


async def _apart(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run what may take seconds in a thread of its own, and close the connection it opened."""

    def alone() -> R:
        try:
            return call(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.to_thread(alone)


def to_fetch(without: set[int]) -> list[Message]:
    """Return open messages whose recording is not on its way to be heard yet."""
    waiting = Message.objects.filter(status__in=OPEN, text="", parts=None).exclude(kind=Kind.TEXT)
    again = Message.objects.filter(status__in=OPEN, text="", run__gt=0).exclude(kind=Kind.TEXT)
    found = {row.pk: row for row in waiting.select_related("account__user")[:100]}
    for row in again.select_related("account__user")[:100]:
        if not row.parts.filter(run=row.run).exists():
            found[row.pk] = row
    return [row for key, row in found.items() if key not in without]
