"""The packets of one clip, read from its task's parts while they are made; and its end when nobody wants it.

Called by play_queue.py, cancel_task() through rooms.py.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from uuid import UUID

from django.db import Error as DatabaseError

from bots.database import in_thread
from jobs.engines.speech.packets import OpusPackets
from jobs.runtime import cancel, parts
from jobs.runtime.errors import QueueUnreachable, TooLate
from jobs.runtime.models import Task

logger = logging.getLogger(__name__)

# Before the parts are read again from the start, when the database was away.
AGAIN_SECONDS = 0.5

ReadParts = Callable[..., AsyncIterator[bytes]]


class Sound:
    """failed: the reason when there will be no (more) packets."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []
        self._news = asyncio.Event()
        self.is_complete = False
        self.failed = ""

    def add(self, packets: list[bytes]) -> None:
        self._packets += packets
        if packets:
            self._news.set()

    def end(self, failed: str = "") -> None:
        self.is_complete, self.failed = True, failed
        self._news.set()

    def take(self) -> list[bytes]:
        taken, self._packets = self._packets, []
        if not self.is_complete:
            self._news.clear()
        return taken

    def has_packets(self) -> bool:
        return bool(self._packets)

    async def news(self) -> None:
        """Return when there are packets to take, or there will be none."""
        await self._news.wait()


async def listen(task_id: UUID, sound: Sound, *, read: ReadParts = parts.read) -> None:
    """Put the task's packets into `sound` as they come, for as long as it takes."""
    known = 0
    while True:
        packets, passed = OpusPackets(), 0
        try:
            async for piece in read(task_id, is_new=True):
                fresh = packets.feed(piece)
                new = fresh[max(known - passed, 0) :]
                passed += len(fresh)
                known += len(new)
                sound.add(new)
        except DatabaseError:
            await asyncio.sleep(AGAIN_SECONDS)
        except (parts.TaskEnded, QueueUnreachable, ValueError, OSError) as error:
            logger.info("no sound", extra={"task": str(task_id), "reason": str(error)})
            sound.end("failed")
            return
        else:
            sound.end()
            return


async def cancel_task(task_id: UUID) -> None:
    """Cancel the sound of what is not said any more; one that is made already stays."""

    def end() -> None:
        task = Task.objects.filter(pk=task_id).first()
        if task is not None:
            with suppress(TooLate):
                cancel.cancel(task)

    try:
        await in_thread(end)
    except DatabaseError as error:
        logger.warning("task not cancelled", extra={"task": str(task_id), "reason": type(error).__name__})
