"""What a running attempt says, on its way to the house: progress, parts, lines; and the word that it was cancelled."""

import logging
import time

from django.db import InterfaceError, OperationalError, connection

from jobs.runtime import clock, parts, registry
from jobs.runtime.context import Context
from jobs.runtime.link import Slot
from jobs.runtime.models import Task
from jobs.runtime.run_log import Tail
from jobs.runtime.signals import task_progressed

logger = logging.getLogger(__name__)

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
