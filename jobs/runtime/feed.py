"""Both queues of django-q2's `worker()` in one private object: no shared queue, no shared lock.

`get()` takes ids from Redis and claims their rows, in the same transaction that commits what
was run before; `put()` only keeps what came out. With nothing at hand to claim, what has
ended is committed at once. One task at a time, but for those known to take a millisecond:
several of them are claimed together, run one after the other, and stored together. Should
one of those take long after all, a thread stores what the others came to and hands back
those not begun (`unburden`).
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from jobs.runtime import clock, lease, queue, registry, run_log
from jobs.runtime.commit import Finish
from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.haste import Haste
from jobs.runtime.line import Line
from jobs.runtime.link import Slot
from jobs.runtime.memory import build_wall
from jobs.runtime.models import ErrorType, Task
from jobs.runtime.queue import Held
from jobs.runtime.signals import task_changed
from jobs.runtime.telling import Telling
from jobs.runtime.wire import WorkerWire
from jobs.runtime.worker import Run, announce, begin, end, persist

logger = logging.getLogger(__name__)

# How long an idle worker sleeps when nobody wakes it: the cost of a lost wake-up.
IDLE_SECONDS = 1.0
# A database that is away is asked again, first soon, then every two seconds.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
# After this a finished task is left to its lease; the next attempt will do it again.
MAX_OUTAGE_SECONDS = 300.0
# A run of several that takes longer is not what was expected of it.
SURPRISE_SECONDS = 0.1


class Feed:
    """Both queues of django-q2's worker(), private to one worker process."""

    def __init__(self, slot: Slot, *, name: str, queues: tuple[str, ...]) -> None:
        self.slot = slot
        self.name = name
        self.queues = queues
        self.wakes = [key("wake", queue_name) for queue_name in queues]
        # Less than what a call may take, or a quiet second would be taken for a Redis that hangs.
        self.idle_seconds = min(IDLE_SECONDS, settings.REDIS_TIMEOUT_SECONDS / 2)
        self.line = Line()
        self.haste = Haste()
        self.run: Run | None = None
        self.held: Held | None = None  # being run
        self.claimed: deque[tuple[Held, Task]] = deque()  # claimed, not begun
        self.ended: list[tuple[Held, Finish]] = []  # run, not committed
        self.done: list[Held] = []  # committed, not yet let go of in Redis
        self.unsure = False  # an answer of Redis was lost: it may count an id as ours that we never saw
        # Held by whoever changes `claimed` and `ended`: this thread between two runs, the other during one.
        self.lock = threading.Lock()
        self.begun_at = 0.0  # of the running one, by the monotonic clock; 0 between two
        self.minder: threading.Thread | None = None

    def get(self) -> dict[str, Any] | Literal["STOP"]:
        """Return the next task in django-q2's form; blocks until there is one, or "STOP"."""
        while True:
            with self.lock:
                if self.claimed:
                    return self._begin(*self.claimed.popleft())
                taken = [] if self.slot.stop else self._take()
                self._settle(taken)
            if self.claimed:
                continue
            if self.slot.stop:
                return "STOP"
            if not taken:
                self._sleep()

    def put(self, _result: dict[str, Any]) -> None:
        """Keep what the run came to; a later `get()`, or `close()`, commits it."""
        run, self.run = self.run, None
        if run is None:
            return
        with self.lock:
            self.begun_at = 0.0
            self.slot.saving = True
            if run.failure is not None and run.failure.type == ErrorType.TIMEOUT:
                # The alarm may have torn a statement of the function's; do not build on that connection.
                connection.close()
            assert self.held is not None  # noqa: S101 - begun before it is put
            if run.cancelled:
                if run.context.end_log():
                    run_log.forget(run.task.pk, run.task.attempt)
                self._let_go(self.held)
                return
            self.ended.append((self.held, end(run, worker=self.name)))
            self.haste.note(run.task.function, run.seconds)

    def close(self) -> None:
        """Commit and hand back what is left after django-q2 ended the loop by itself (recycled, timed out)."""
        with self.lock:
            self._hand_back()
            self._settle([])
        for held in self.done:
            self._drop(held)

    def _begin(self, held: Held, task: Task) -> dict[str, Any]:
        self.held = held
        self.slot.run(task.pk)
        self.slot.saving = False
        self.run = begin(task, WorkerWire(task, self.slot))
        spec = registry.find(task.function)
        ceiling = (spec and spec.max_memory_megabytes) or settings.TASK_MAX_MEMORY_MEGABYTES
        if ceiling != self.slot.memory_ceiling:
            self.slot.memory_ceiling = ceiling
            build_wall(ceiling)
        self.begun_at = time.monotonic()
        # Announced when it was claimed, or by the keeper, should it take long.
        self.slot.unannounced_since = self.begun_at if self.haste.is_quick(task.function) else 0.0
        return {
            "id": task.engine_id,
            "name": str(task.pk),
            "func": self.run,
            "args": (),
            "kwargs": {},
            "timeout": spec.timeout_seconds if spec else 1,
        }

    def _take(self) -> list[Held]:
        most = self.haste.at_once()
        if most > 1 and self.minder is None:
            self.minder = threading.Thread(target=self._mind, name="minder", daemon=True)
            self.minder.start()
        try:
            if self.unsure:
                # Whatever is committed among them is refused by its row when it is taken again.
                queue.give_back(self.name)
                self.unsure = False
            taken = queue.take(self.name, self.queues, done=self.done, most=most, run=self.line.run)
        except QueueUnreachable:
            self.unsure = True
            return []
        self.done = []
        return taken

    def _settle(self, taken: Sequence[Held]) -> None:
        """Commit what has ended and claim what was taken, in one transaction when there are both."""
        if not self.ended and not taken:
            return
        ended, self.ended = self.ended, []
        self.slot.saving = True
        stored, tasks = self._persist([finish for _held, finish in ended], [held.task_id for held in taken])
        telling = Telling()
        for (held, finish), is_stored in zip(ended, stored, strict=True):
            self.done.append(held)
            announce(finish, telling, stored=is_stored)
        held_by_id = {held.task_id: held for held in taken}
        for task in tasks:
            self.claimed.append((held_by_id.pop(task.pk), task))
            if not self.haste.is_quick(task.function):
                task_changed.send_robust(Task, task=task, position=None, outbox=telling.outbox)
        self._refuse(list(held_by_id.values()), first=taken[0] if taken else None)
        if not self.claimed:
            self.slot.run(None)
            self.slot.saving = False
        telling.send(self.line.run)

    def _refuse(self, unclaimed: Sequence[Held], *, first: Held | None) -> None:
        """Let go of an id whose row needs no run, and put back those that were only not taken along."""
        for held in unclaimed:
            if held is first:
                self._drop(held)
            else:
                self._put_back(held)

    def _persist(self, ended: Sequence[Finish], next_ids: Sequence[UUID]) -> tuple[list[bool], list[Task]]:
        """Write until the database answers: what was computed is not thrown away for an outage."""
        pause, waited = FIRST_PAUSE_SECONDS, 0.0
        quick = self.haste.quick() if len(next_ids) > 1 else ()
        while True:
            try:
                return persist(ended, next_ids, worker=self.name, quick=quick)
            except (OperationalError, InterfaceError) as error:
                connection.close()
                if waited > MAX_OUTAGE_SECONDS:
                    raise
                logger.warning("the database did not answer", extra={"reason": type(error).__name__})
            time.sleep(pause)
            waited += pause
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            if next_ids and not ended and self.slot.stop:
                return [], []

    # What a surprise needs

    def _mind(self) -> None:
        """Watch over batches, in a thread of its own, from the first batch on."""
        while True:
            time.sleep(SURPRISE_SECONDS)
            if 0 < self.begun_at < time.monotonic() - SURPRISE_SECONDS and (self.ended or self.claimed):
                self.unburden()

    def unburden(self) -> None:
        """Store and hand back what waits for a run that takes unexpectedly long. For another thread than the run's."""
        with self.lock:
            if not self.begun_at:
                return
            try:
                self._hand_back()
                ended = list(self.ended)
                stored, _none = persist([finish for _held, finish in ended], [], worker=self.name)
            except (OperationalError, InterfaceError):
                # Tried again soon; the connection is this thread's own.
                connection.close()
                return
            self.ended = []
            telling = Telling()
            for (held, finish), is_stored in zip(ended, stored, strict=True):
                announce(finish, telling, stored=is_stored)
                self._drop(held)
            telling.send()

    def _hand_back(self) -> None:
        while self.claimed:
            held, task = self.claimed[0]
            lease.hand_back(task, now=clock.now())
            self.claimed.popleft()
            self._put_back(held)

    # What Redis holds for us

    def _let_go(self, held: Held) -> None:
        self.slot.run(None)
        self.slot.saving = False
        self._drop(held)

    def _drop(self, held: Held) -> None:
        try:
            queue.drop(self.name, held)
        except QueueUnreachable:
            self.unsure = True
            logger.info("held id given back later", extra={"task": str(held.task_id)})

    def _put_back(self, held: Held) -> None:
        try:
            queue.put_back(self.name, held)
        except QueueUnreachable:
            self.unsure = True
            logger.info("held id given back later", extra={"task": str(held.task_id)})

    def _sleep(self) -> None:
        try:
            if not self.line.wait(self.wakes, seconds=self.idle_seconds):
                rest()
        except QueueUnreachable:
            time.sleep(IDLE_SECONDS)


def rest() -> None:
    """Let functions get ready for what may come. Nothing they do may end a worker."""
    for spec in registry.every():
        if spec.at_rest is not None:
            try:
                spec.at_rest()
            except Exception:
                logger.exception("a function could not get ready", extra={"function": spec.name})


def wait_for_redis() -> None:
    """Make the first connection of a process, so that its first task does not pay for it."""
    try:
        client().ping()
    except (redis.RedisError, QueueUnreachable):
        logger.warning("redis does not answer yet")
