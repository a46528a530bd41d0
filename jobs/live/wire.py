"""One event loop in a daemon thread of a process, which sends what publish.py hands it.

Started with the first message, so after any fork. Bounded: what cannot be sent in time is
given up with a log line; while too much is under way, progress is dropped, a change of state
never is. At most MAX_UNDER_WAY progress messages and the changes of SEND_SECONDS are in memory.
"""

import asyncio
import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from channels.layers import get_channel_layer
from django.conf import settings

from jobs.live.groups import MESSAGE_TYPE, Event

logger = logging.getLogger(__name__)

# Progress beyond this is dropped: Redis is away or slow, and a newer message follows anyway.
MAX_UNDER_WAY = 200
# A message that took longer than this is of no use to a live page.
SEND_SECONDS = 5.0
# What a process that ends grants to messages under way, such as the last one of a command.
EXIT_SECONDS = 0.5
# One line says that Redis is away; a line per message would fill the disk.
LOG_SECONDS = 10.0

_wires: dict[int, "Wire"] = {}
_starting = threading.Lock()


def _renew_lock() -> None:
    # A thread of the parent may have held it during the fork; the child has no such thread.
    global _starting  # noqa: PLW0603 - the only way to replace a lock nobody will release
    _starting = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


class Wire:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._idle = threading.Condition()
        self._under_way = 0
        self._failures = 0
        self._logged_at = -LOG_SECONDS
        self._thread = threading.Thread(target=self._loop.run_forever, name="live", daemon=True)
        self._thread.start()

    @classmethod
    def of_this_process(cls) -> "Wire":
        with _starting:
            wire = _wires.get(os.getpid())
            if wire is None:
                wire = _wires[os.getpid()] = cls()
                atexit.register(wire.drain, EXIT_SECONDS)
        return wire

    def post(self, audience: Sequence[str], message: Event, *, droppable: bool) -> None:
        """Send `message` to each group, soon. Returns at once; nothing is raised."""
        if not settings.REDIS_URL:
            return
        with self._idle:
            if droppable and self._under_way >= MAX_UNDER_WAY:
                return
            self._under_way += 1
        asyncio.run_coroutine_threadsafe(self._send(audience, message), self._loop)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, call)

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until nothing is under way; False when the time was up first."""
        with self._idle:
            return self._idle.wait_for(lambda: self._under_way == 0, timeout_seconds)

    def close(self) -> None:
        """Stop the thread and close its connections; for tests, a process simply ends."""
        self.drain(EXIT_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        # The channel layer closes its connections of a loop when that loop closes.
        self._loop.close()
        _wires.pop(os.getpid(), None)

    async def _send(self, audience: Sequence[str], message: Event) -> None:
        try:
            layer = get_channel_layer()
            async with asyncio.timeout(SEND_SECONDS):
                for group in audience:
                    await layer.group_send(group, {"type": MESSAGE_TYPE, "event": message})
        except Exception as error:
            self._note(error)
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def _note(self, error: Exception) -> None:
        self._failures += 1
        if time.monotonic() - self._logged_at >= LOG_SECONDS:
            self._logged_at = time.monotonic()
            logger.warning("live messages not sent", extra={"reason": type(error).__name__, "failures": self._failures})
