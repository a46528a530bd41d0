"""MAX_IMAGE_WORKERS: how many calls to services may be in flight in the whole house.

A call holds a slot, a lease in Redis that its process renews (`renew_in_time()`), so that the slots of a process that
was killed come free after SLOT_SECONDS. Without Redis each process counts for itself.

Called by drawing.py: a Turn by each thread that draws, the rest by the one that waits for them.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from typing import Self

import redis
from django.conf import settings

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.queue import run_script

logger = logging.getLogger(__name__)

# A slot whose holder says nothing for so long is free: five renewals may be lost.
SLOT_SECONDS = 10.0
RENEW_SECONDS = 2.0
# A waiter that nobody wakes looks again after this: the price of a lost wake-up.
LOOK_SECONDS = 0.5
# A Redis that does not answer is asked again after this: each try may cost REDIS_TIMEOUT_SECONDS.
REST_SECONDS = 5.0

# KEYS: holders (sorted set, score = end in ms). ARGV: token, slots, lease in ms. Returns 1 when the slot is ours.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3] * 2)
return 1
"""

# KEYS: holders. ARGV: lease in ms, tokens.
RENEW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1] * 2)
"""

# KEYS: holders, wake-ups (a list). ARGV: token, slots, lease in ms.
RELEASE = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('LPUSH', KEYS[2], '1')
redis.call('LTRIM', KEYS[2], 0, ARGV[2] - 1)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
"""


class Slot:
    """The right to one call. Thread-safe; releasing it twice does no harm."""

    def __init__(self, slots: "Slots", token: str) -> None:
        self._slots = slots
        self._token = token
        self._over = threading.Lock()

    def release(self) -> None:
        if self._over.acquire(blocking=False):
            self._slots.release(self._token)


class Turn:
    """A thread's own slot, while it has one; given back when the block ends."""

    def __init__(self, *, give_up: Callable[[], bool]) -> None:
        self._give_up = give_up
        self._slot: Slot | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self) -> None:
        """Wait for a slot, unless there is one already; without one when `give_up()` is true."""
        if self._slot is None:
            self._slot = house().take(give_up=self._give_up)

    def release(self) -> None:
        if self._slot is not None:
            self._slot.release()
            self._slot = None


class Slots:
    """The slots of the house, as one process sees them."""

    def __init__(self, most: int) -> None:
        self.most = most
        # Before Redis is asked: it holds when there is none, and keeps waiters of one process from asking in vain.
        self._here = threading.BoundedSemaphore(most)
        self._held: set[str] = set()
        self._guard = threading.Lock()
        self._renewed_at = 0.0
        self._resting_until = 0.0
        self._keys = [key("image", "slots"), key("image", "wake")]

    def take(self, *, give_up: Callable[[], bool]) -> Slot | None:
        """Wait for a slot; return None once `give_up()` is true, which is asked about twice a second."""
        while not self._here.acquire(timeout=LOOK_SECONDS):
            if give_up():
                return None
        token = secrets.token_hex(8)
        try:
            while not self._take(token):
                if give_up():
                    self._here.release()
                    return None
                self._wait()
        except BaseException:
            self._here.release()
            raise
        with self._guard:
            self._held.add(token)
        return Slot(self, token)

    def release(self, token: str) -> None:
        with self._guard:
            self._held.discard(token)
        self._here.release()
        self._run(RELEASE, self._keys, [token, self.most, _LEASE_MILLISECONDS])

    def renew_in_time(self) -> None:
        """Extend what this process holds when it is time to. Call it often while threads draw."""
        with self._guard:
            now = time.monotonic()
            if now - self._renewed_at < RENEW_SECONDS:
                return
            self._renewed_at = now
            held = sorted(self._held)
        if held:
            self._run(RENEW, self._keys[:1], [_LEASE_MILLISECONDS, *held])

    def _take(self, token: str) -> bool:
        answer = self._run(TAKE, self._keys[:1], [token, self.most, _LEASE_MILLISECONDS])
        # None: without Redis the semaphore of this process is all there is.
        return answer is None or bool(answer)

    def _wait(self) -> None:
        try:
            client().blpop([self._keys[1]], timeout=LOOK_SECONDS)
        except (redis.RedisError, QueueUnreachable):
            # The next look at Redis says how to go on.
            time.sleep(LOOK_SECONDS / 10)

    def _run(self, source: str, keys: list[str], args: list[object]) -> object:
        """Return the script's answer, None when Redis is away."""
        if time.monotonic() < self._resting_until:
            return None
        try:
            return run_script(source, keys=keys, args=args)
        except (redis.RedisError, QueueUnreachable) as error:
            self._resting_until = time.monotonic() + REST_SECONDS
            logger.warning("slots are counted by each process alone", extra={"reason": type(error).__name__})
            return None


_LEASE_MILLISECONDS = int(SLOT_SECONDS * 1000)
_of_process: dict[tuple[int, int], Slots] = {}


def house() -> Slots:
    """Return this process's view of the house's slots. A forked child has its own: its parent holds none for it."""
    name = (os.getpid(), settings.MAX_IMAGE_WORKERS)
    return _of_process.get(name) or _of_process.setdefault(name, Slots(settings.MAX_IMAGE_WORKERS))
