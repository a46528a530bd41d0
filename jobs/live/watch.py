"""Follow one task, or one group of tasks, until there is nothing more to say.

A subscriber listens first and reads the row second, so nothing falls between; older messages
are dropped by their version. Messages may be lost (Redis restarts, a worker dies before it
speaks), so the row is read again now and then: the end of a task is never missed, only late.

Called by consumers.py (WebSocket) and events.py (server-sent events).
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from jobs.live import groups
from jobs.live.describe import event
from jobs.live.groups import Event
from jobs.runtime import queue
from jobs.runtime.models import Task
from jobs.runtime.models.task import FINAL, WAITING

logger = logging.getLogger(__name__)

# Tasks whose newest message waits for one slow reader of a group; the oldest give way.
MAX_WAITING_TASKS = 500
# With Pauses.batch_seconds: at most 100 messages, some 35 kB, a second to one reader of a group.
BATCH_TASKS = 25
# Of one process, all its watchers together: a look takes some 8 ms, so 500 watchers who look every 3 s would want more
# than the one thread that looks. With more watchers than this allows each looks less often; changes are told at once.
LOOKS_PER_SECOND = 25

MaySee = Callable[[Task], bool]


@dataclass(frozen=True)
class Pauses:
    """
    When to look for oneself.

    running_seconds: between two looks at the row, the net under lost messages; also how often
    a watcher's right to watch is checked again.
    waiting_seconds: the same while a task waits: nobody tells it that others ahead are done.
    batch_seconds: between two batches of a group.
    """

    running_seconds: float = 10.0
    waiting_seconds: float = 3.0
    batch_seconds: float = 0.25


class Gone(Exception):
    """The task does not exist any more, or its watcher may not see it any more."""


class Inbox:
    """What arrived since one last looked: of each task only the newest message."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, Event] = OrderedDict()
        self._arrived = asyncio.Event()

    def put(self, message: Event) -> None:
        known = self._newest.pop(message["task_id"], None)
        if known is not None and known["version"] > message["version"]:
            message = known
        self._newest[message["task_id"]] = message
        if len(self._newest) > MAX_WAITING_TASKS:
            self._newest.popitem(last=False)
        self._arrived.set()

    async def wait(self, seconds: float) -> bool:
        """Return True as soon as there is something, False after `seconds` without."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        return bool(self._newest)

    def take(self, limit: int) -> list[Event]:
        taken = [self._newest.popitem(last=False)[1] for _ in range(min(limit, len(self._newest)))]
        if not self._newest:
            self._arrived.clear()
        return taken


# Of this process.
_watchers: set[Inbox] = set()


def shared_pause(own_seconds: float) -> float:
    """Return how long one watcher waits with its next look: as long as it would, longer when there are many."""
    return max(own_seconds, len(_watchers) / LOOKS_PER_SECOND)


@asynccontextmanager
async def listening(group: str) -> AsyncIterator[Inbox]:
    """Hear what is sent to `group` from now on. Without Redis the inbox stays empty, with a log line."""
    inbox = Inbox()
    layer = get_channel_layer()
    _watchers.add(inbox)
    try:
        channel = await _join(layer, group) if settings.REDIS_URL else None
        if channel is None:
            yield inbox
        else:
            async with _pumped(layer, group, channel, inbox):
                yield inbox
    finally:
        _watchers.discard(inbox)


@asynccontextmanager
async def _pumped(layer: Any, group: str, channel: str, inbox: Inbox) -> AsyncIterator[None]:
    # Always reading, so that nothing piles up in the channel layer behind a slow reader.
    pump = asyncio.create_task(_pump(layer, channel, inbox))
    try:
        yield
    finally:
        with suppress(redis.RedisError, OSError):
            await layer.group_discard(group, channel)
        pump.cancel()
        with suppress(asyncio.CancelledError):
            await pump


async def _join(layer: Any, group: str) -> str | None:
    try:
        channel: str = await layer.new_channel()
        await layer.group_add(group, channel)
    except (redis.RedisError, OSError) as error:
        logger.warning("no live messages, rows are read instead", extra={"reason": type(error).__name__})
        return None
    return channel


async def _pump(layer: Any, channel: str, inbox: Inbox) -> None:
    while True:
        try:
            message = await layer.receive(channel)
        except (redis.RedisError, OSError):
            raise
        except Exception as error:
            # Somebody else wrote there, and not in our words.
            logger.warning("a foreign message was dropped", extra={"reason": type(error).__name__})
            continue
        if (event := groups.event_in(message)) is not None:
            inbox.put(event)


async def watch(task_id: UUID, *, may_see: MaySee, pauses: Pauses = Pauses()) -> AsyncGenerator[Event | None, None]:
    """
    Yield the task's state now, then each change, and return after its final state.

    None is yielded when a look at the row found nothing new: a sign of life for the reader.
    may_see: asked at every look at the row, in a thread, with queries allowed.

    Raises Gone.
    """
    clock = asyncio.get_running_loop().time
    async with listening(groups.of_task(task_id)) as inbox:
        last = await _look(task_id, may_see)
        yield last
        while last["status"] not in FINAL:
            own = pauses.waiting_seconds if last["status"] in WAITING else pauses.running_seconds
            look_at = clock() + shared_pause(own)
            while last["status"] not in FINAL and await inbox.wait(look_at - clock()):
                for message in inbox.take(limit=1):
                    if _is_news(message, last):
                        last = message
                        yield message
            if last["status"] not in FINAL:
                row = await _look(task_id, may_see)
                news = row["version"] > last["version"] or _moved(row, last)
                last = row if news else last
                yield row if news else None


async def follow(
    group: str, *, may_follow: Callable[[], bool], pauses: Pauses = Pauses()
) -> AsyncGenerator[list[Event], None]:
    """
    Yield nothing, once it listens; then what is sent to `group`, in small batches. Endless.

    A batch is a list of messages, the newest of each task; the first one is empty.

    may_follow: asked now and then, in a thread, with queries allowed. Raises Gone.
    """
    clock = asyncio.get_running_loop().time
    if not await database_sync_to_async(may_follow)():
        raise Gone
    look_at = clock() + pauses.running_seconds
    async with listening(group) as inbox:
        yield []
        while True:
            if clock() >= look_at:
                if not await database_sync_to_async(may_follow)():
                    raise Gone
                look_at = clock() + shared_pause(pauses.running_seconds)
            if await inbox.wait(look_at - clock()):
                yield inbox.take(limit=BATCH_TASKS)
                await asyncio.sleep(pauses.batch_seconds)


def _is_news(message: Event, last: Event) -> bool:
    if message["version"] != last["version"]:
        return bool(message["version"] > last["version"])
    return {**message, "timestamp": ""} != {**last, "timestamp": ""}


def _moved(row: Event, last: Event) -> bool:
    # At the same version a row may lag behind the messages of a running attempt in all but its place.
    return bool(row["version"] == last["version"] and row["queue_position"] != last["queue_position"])


async def _look(task_id: UUID, may_see: MaySee) -> Event:
    current: Event = await database_sync_to_async(_read)(task_id, may_see)
    return current


def read_end(task_id: UUID, may_see: MaySee) -> Event | None:
    """
    Return the state of a task that has ended, None of any other; for who would listen for nothing.

    After a restart of the house or of a router in front of it most who come back, all of them at once, come for an end.
    In a thread, with queries allowed. Raises Gone.
    """
    task = Task.objects.filter(pk=task_id, status__in=FINAL).first()
    if task is None:
        return None
    if not may_see(task):
        raise Gone
    return event(task)


def _read(task_id: UUID, may_see: MaySee) -> Event:
    task = Task.objects.filter(pk=task_id).first()
    if task is None or not may_see(task):
        raise Gone
    return event(task, queue.position_or_none(task))
