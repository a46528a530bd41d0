"""Both queues of django-q2's `worker()` in one private object: no shared queue, no shared lock.

`get()` takes an id from Redis and claims its row, in the same transaction that commits the
task before; `put()` only keeps what came out. With nothing at hand to claim, the finished
task is committed at once.
"""

import logging
import time
from typing import Any, Literal
from uuid import UUID

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from jobs.runtime import clock, parts, queue, registry, run_log
from jobs.runtime.commit import Finish
from jobs.runtime.connection import client
from jobs.runtime.context import Context
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.line import Line
from jobs.runtime.link import Slot
from jobs.runtime.memory import build_wall
from jobs.runtime.models import ErrorType, Task
from jobs.runtime.queue import Held
from jobs.runtime.run_log import Tail
from jobs.runtime.signals import task_changed, task_progressed
from jobs.runtime.telling import Telling
from jobs.runtime.worker import Run, announce, begin, end, persist

logger = logging.getLogger(__name__)

# How long an idle worker sleeps when nobody wakes it: the cost of a lost wake-up.
IDLE_SECONDS = 1.0
# A database that is away is asked again, first soon, then every two seconds.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
# After this a finished task is left to its lease; the next attempt will do it again.
MAX_OUTAGE_SECONDS = 300.0
# What takes less is told of when it is done.
QUICK_SECONDS = 0.005
# In the running average of a function's seconds.
LAST_RUN_WEIGHT = 0.2
# The database sees progress at most this often; browsers see it through Redis.
PROGRESS_SECONDS = 1.0


class WorkerWire:
    """Carries an attempt's progress, parts and cancellation between the function and the house."""

    def __init__(self, task: Task, slot: Slot) -> None:
        self.task = task
        self.slot = slot
        self.written = time.monotonic()
        self.tail: Tail | None = None  # made with the first line

    def progress(self, context: Context) -> None:
        task_progressed.send_robust(Context, context=context)
        if time.monotonic() - self.written < PROGRESS_SECONDS:
            return
        self.written = time.monotonic()
        try:
            self._write(context)
        except (OperationalError, InterfaceError) as error:
            # People see the progress later; the function must not fail for it.
            logger.info("progress not written", extra={"reason": type(error).__name__})
            connection.close()

    def _write(self, context: Context) -> None:
        Task.objects.filter(pk=self.task.pk, attempt=self.task.attempt, status="processing").update(
            progress=context.percent,
            current_step=context.current_step,
            step=context.step,
            total_steps=context.total_steps,
            steps=context.steps,
            updated_at=clock.now(),
        )

    def part(self, context: Context, index: int, data: bytes) -> None:
        parts.send(context.task_id, index, data)

    def said(self, context: Context) -> None:
        if self.tail is None and context.run_log is not None:
            spec = registry.find(context.function)
            self.tail = Tail(
                context.task_id,
                context.attempt,
                context.run_log,
                timeout_seconds=spec.timeout_seconds if spec else 0,
                tell=lambda: task_progressed.send_robust(Context, context=context),
            )
        if self.tail is not None:
            self.tail.said()

    def is_cancelled(self, context: Context) -> bool:
        return self.slot.is_cancelled()


class Feed:
    """Both queues of django-q2's worker(), private to one worker process."""

    def __init__(self, slot: Slot, *, name: str, queues: tuple[str, ...]) -> None:
        self.slot = slot
        self.name = name
        self.queues = queues
        self.run: Run | None = None
        self.held: Held | None = None  # being run
        self.done: Held | None = None  # committed, not yet let go of in Redis
        self.line = Line()
        self.finished: Finish | None = None
        self.unsure = False  # an answer of Redis was lost: it may count an id as ours that we never saw
        self.seconds: dict[str, float] = {}  # a run of each function here, on average

    def get(self) -> dict[str, Any] | Literal["STOP"]:
        """Return the next task in django-q2's form; blocks until there is one, or "STOP"."""
        while True:
            taken = None if self.slot.stop else self._take()
            task = self._settle(taken)
            if task is not None:
                self.run = begin(task, WorkerWire(task, self.slot))
                self._set_memory_ceiling(task.function)
                return self._as_django_q_task(self.run)
            if self.slot.stop:
                return "STOP"
            if taken is None:
                self._sleep()

    def put(self, _result: dict[str, Any]) -> None:
        """Keep what the run came to; the next `get()`, or `close()`, commits it."""
        run, self.run = self.run, None
        if run is None:
            return
        self.slot.saving = True
        if run.failure is not None and run.failure.type == ErrorType.TIMEOUT:
            # The alarm may have torn a statement of the function's; do not build on that connection.
            connection.close()
        if run.cancelled:
            if run.context.end_log():
                run_log.forget(run.task.pk, run.task.attempt)
            self._let_go(self.held)
            return
        self.finished = end(run, worker=self.name)
        known = self.seconds.get(run.task.function, run.seconds)
        self.seconds[run.task.function] = known + (run.seconds - known) * LAST_RUN_WEIGHT

    def close(self) -> None:
        """Commit what is left after django-q2 ended the loop by itself (recycled, timed out)."""
        self._settle(None)
        if self.done is not None:
            self._drop(self.done)

    def _set_memory_ceiling(self, function: str) -> None:
        spec = registry.find(function)
        ceiling = (spec and spec.max_memory_megabytes) or settings.TASK_MAX_MEMORY_MEGABYTES
        if ceiling != self.slot.memory_ceiling:
            self.slot.memory_ceiling = ceiling
            build_wall(ceiling)

    def _take(self) -> Held | None:
        try:
            if self.unsure:
                # Whatever is running or committed among them is refused by its row when it is taken again.
                queue.give_back(self.name)
                self.unsure = False
            taken = queue.take(self.name, self.queues, done=self.done, run=self.line.run)
        except QueueUnreachable:
            self.unsure = True
            return None
        self.done = None
        return taken

    def _settle(self, taken: Held | None) -> Task | None:
        """Commit the finished task and claim the next one, in one transaction when there are both."""
        if self.finished is None and taken is None:
            return None
        finished, self.finished = self.finished, None
        self.slot.saving = True
        stored, task = self._persist(finished, taken.task_id if taken else None)
        telling = Telling()
        if finished is not None:
            self.done = self.held
            announce(finished, telling, stored=stored)
        if task is None:
            self._let_go(taken)
        else:
            self.held = taken
            self.slot.run(task.pk)
            self.slot.saving = False
            self._announce_claim(task, telling)
        telling.send(self.line.run)
        return task

    def _announce_claim(self, task: Task, telling: Telling) -> None:
        """Tell watchers that a task runs, but for one that will be over before they could look."""
        if self.seconds.get(task.function, 1.0) < QUICK_SECONDS:
            # Should it take longer this time, the keeper tells them.
            self.slot.unannounced_since = time.monotonic()
            return
        self.slot.unannounced_since = 0.0
        task_changed.send_robust(Task, task=task, position=None, outbox=telling.outbox)

    def _persist(self, finished: Finish | None, next_id: UUID | None) -> tuple[bool, Task | None]:
        """Write until the database answers: what was computed is not thrown away for an outage."""
        pause, waited = FIRST_PAUSE_SECONDS, 0.0
        while True:
            try:
                return persist(finished, next_id, worker=self.name)
            except (OperationalError, InterfaceError) as error:
                connection.close()
                if waited > MAX_OUTAGE_SECONDS:
                    raise
                logger.warning("the database did not answer", extra={"reason": type(error).__name__})
            time.sleep(pause)
            waited += pause
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            if next_id is not None and finished is None and self.slot.stop:
                return False, None

    def _let_go(self, held: Held | None) -> None:
        self.slot.run(None)
        self.slot.saving = False
        if held is not None:
            self._drop(held)

    def _drop(self, held: Held) -> None:
        try:
            queue.drop(self.name, held)
        except QueueUnreachable:
            self.unsure = True
            logger.info("held id given back later", extra={"task": str(held.task_id)})

    def _sleep(self) -> None:
        try:
            queue.wait(self.queues, seconds=IDLE_SECONDS, connection=client())
        except QueueUnreachable:
            time.sleep(IDLE_SECONDS)

    def _as_django_q_task(self, run: Run) -> dict[str, Any]:
        spec = registry.find(run.task.function)
        return {
            "id": run.task.engine_id,
            "name": str(run.task.pk),
            "func": run,
            "args": (),
            "kwargs": {},
            "timeout": spec.timeout_seconds if spec else 1,
        }


def wait_for_redis() -> None:
    """Make the first connection of a process, so that its first task does not pay for it."""
    try:
        client().ping()
    except (redis.RedisError, QueueUnreachable):
        logger.warning("redis does not answer yet")
