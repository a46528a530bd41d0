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
from django.db import InterfaceError, OperationalError, connection

from jobs.runtime import clock, parts, queue, registry
from jobs.runtime.commit import Finish
from jobs.runtime.connection import client
from jobs.runtime.context import Context
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.link import Slot
from jobs.runtime.models import ErrorType, Task
from jobs.runtime.signals import task_changed, task_progressed
from jobs.runtime.worker import Run, announce, begin, end, persist

logger = logging.getLogger(__name__)

# How long an idle worker sleeps when nobody wakes it: the cost of a lost wake-up.
IDLE_SECONDS = 1.0
# A database that is away is asked again, first soon, then every two seconds.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
# After this a finished task is left to its lease; the next attempt will do it again.
MAX_OUTAGE_SECONDS = 300.0
# The database sees progress at most this often; browsers see it through Redis.
PROGRESS_SECONDS = 1.0


class WorkerWire:
    """Carries an attempt's progress, parts and cancellation between the function and the house."""

    def __init__(self, task: Task, slot: Slot) -> None:
        self.task = task
        self.slot = slot
        self.written = time.monotonic()

    def progress(self, context: Context) -> None:
        task_progressed.send_robust(Context, context=context)
        if time.monotonic() - self.written < PROGRESS_SECONDS:
            return
        self.written = time.monotonic()
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

    def is_cancelled(self, context: Context) -> bool:
        return self.slot.is_cancelled()


class Feed:
    """Both queues of django-q2's worker(), private to one worker process."""

    def __init__(self, slot: Slot, *, name: str, queues: tuple[str, ...]) -> None:
        self.slot = slot
        self.name = name
        self.queues = queues
        self.run: Run | None = None
        self.done: UUID | None = None  # committed, not yet let go of in Redis
        self.finished: Finish | None = None

    def get(self) -> dict[str, Any] | Literal["STOP"]:
        """Return the next task in django-q2's form; blocks until there is one, or "STOP"."""
        while True:
            next_id = None if self.slot.stop else self._take()
            task = self._settle(next_id)
            if task is not None:
                self.run = begin(task, WorkerWire(task, self.slot))
                return self._as_django_q_task(self.run)
            if self.slot.stop:
                return "STOP"
            if next_id is None:
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
            self._let_go(run.task.pk)
            return
        self.finished = end(run, worker=self.name)

    def close(self) -> None:
        """Commit what is left after django-q2 ended the loop by itself (recycled, timed out)."""
        self._settle(None)
        if self.done is not None:
            self._drop(self.done)

    def _take(self) -> UUID | None:
        try:
            taken = queue.take(self.name, self.queues, done=self.done, connection=client())
        except QueueUnreachable:
            return None
        self.done = None
        return taken

    def _settle(self, next_id: UUID | None) -> Task | None:
        """Commit the finished task and claim the next one, in one transaction when there are both."""
        if self.finished is None and next_id is None:
            return None
        finished, self.finished = self.finished, None
        self.slot.saving = True
        stored, task = self._persist(finished, next_id)
        if finished is not None:
            self.done = finished.task.pk
            announce(finished, stored=stored)
        if task is None:
            self._let_go(next_id)
            return None
        self.slot.run(task.pk)
        self.slot.saving = False
        task_changed.send_robust(Task, task=task, position=None)
        return task

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

    def _let_go(self, task_id: UUID | None) -> None:
        self.slot.run(None)
        self.slot.saving = False
        if task_id is not None:
            self._drop(task_id)

    def _drop(self, task_id: UUID) -> None:
        try:
            queue.drop(self.name, task_id)
        except QueueUnreachable:
            logger.info("held id kept for the sweep", extra={"task": str(task_id)})

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
