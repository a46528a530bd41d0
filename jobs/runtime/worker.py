"""One task on one worker: run the function, tell its errors apart, store what came of it.

Called by feed.py, which decides when, and by local.py. The function runs under an alarm;
nothing here that writes to the database does, because an alarm could tear a commit.
"""

import logging
import time
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, transaction
from pydantic import BaseModel
from structlog.contextvars import bound_contextvars

from jobs.runtime import clock, commit, queue, registry, run_log, tracing
from jobs.runtime.commit import Finish
from jobs.runtime.context import Context, Wire
from jobs.runtime.end import change
from jobs.runtime.errors import Cancelled, OutputTooLarge, QueueUnreachable
from jobs.runtime.followers import send_followers
from jobs.runtime.gate import writing
from jobs.runtime.models import Artifact, ErrorType, Status, Task
from jobs.runtime.models.artifact import folder_of
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.retry import TABLE, Failure, TimedOut, classify, next_delay
from jobs.runtime.signals import task_changed
from jobs.runtime.telling import Telling
from jobs.runtime.time_limit import soft_limit
from jobs.runtime.whereabouts import whereabouts

logger = logging.getLogger(__name__)


@dataclass
class Run:
    """A claimed task with its context, and what came of it."""

    task: Task
    context: Context
    output: BaseModel | None = None
    failure: Failure | None = None
    cancelled: bool = False
    seconds: float = 0.0

    def __call__(self) -> None:
        """Call the function. Lets only the alarm of its time limit out: the process must be replaced after it."""
        task = self.task
        # Whatever is logged meanwhile, by engines too, says for which attempt.
        with (
            self._measured() as span,
            bound_contextvars(task=str(task.pk), function=task.function, attempt=task.attempt, **span.log_words()),
        ):
            try:
                self._call()
            finally:
                span.tell(cancelled=self.cancelled)
                if self.failure is not None:
                    span.failed(self.failure.code or self.failure.type)

    def _measured(self) -> AbstractContextManager[tracing.Nothing]:
        task = self.task
        waited = (task.started_at - task.created_at).total_seconds() if task.started_at else None
        return tracing.span(
            f"run {task.function}",
            "consumer",
            parent=task.traceparent,
            function=task.function,
            task_id=str(task.pk),
            attempt=task.attempt,
            queue=task.queue,
            waited_seconds=waited,
        )

    def _call(self) -> None:
        started = time.monotonic()
        spec = registry.find(self.task.function)
        try:
            if spec is None:
                # Perhaps the house is being upgraded, and the next worker knows it: tried again for some minutes.
                self.failure = Failure(
                    ErrorType.RESOURCE, "this function is not part of the running version", code="no_function"
                )
                return
            inputs = spec.input_type.model_validate(self.task.inputs)
            with soft_limit(spec.soft_timeout_seconds):
                self.output = spec.output_type.model_validate(spec.call(inputs, self.context))
        except Cancelled as error:
            # Only a cancelled row may be left without an end.
            self.cancelled = self.context.cancelled()
            if not self.cancelled:
                self._failed(error, 0)
        except BaseException as error:
            self._failed(error, spec.timeout_seconds if spec else 0)
            if _is_alarm(error):
                raise
        finally:
            self.seconds = time.monotonic() - started

    def _failed(self, error: BaseException, timeout_seconds: int) -> None:
        self.failure = classify(TimedOut(timeout_seconds) if _is_alarm(error) else error)
        if self.failure.code == "unexpected":
            # Someone must change code. Lines only: an error's message may hold the person's words.
            self.context.log.error("the function failed in a way it does not know", extra=whereabouts(error))
        else:
            self.context.log.info("attempt failed", extra={"error_type": self.failure.type, "code": self.failure.code})


def _is_alarm(error: BaseException) -> bool:
    from django_q.exceptions import TimeoutException

    return isinstance(error, TimeoutException)


def begin(task: Task, wire: Wire) -> Run:
    """Return a run of a task that has just been claimed."""
    context = Context(
        task_id=task.pk,
        function=task.function,
        attempt=task.attempt,
        owner_id=task.owner_id,
        source=task.source,
        wire=wire,
    )
    return Run(task, context)


def end(run: Run, *, worker: str) -> Finish:
    """Return how a run ended, with its files already stored under names of ours."""
    task, context = run.task, run.context
    now = clock.now()
    task.progress, task.current_step = context.percent, context.current_step
    task.step, task.total_steps = context.step, context.total_steps
    task.steps = [list(step) for step in context.steps]
    done = Finish(task, worker, now, failure=run.failure, processing_seconds=run.seconds, log=context.end_log())
    if run.failure is None and run.output is not None:
        done.output = run.output.model_dump_json()
        done.model_version = str(getattr(run.output, "model_version", ""))
        try:
            _refuse_too_much(task.function, len(done.output) + sum(len(file.data) for file in context.files))
            done.artifacts = [_store(task, file, now) for file in context.files]
        except Exception as error:
            done.failure = classify(error)
            logger.warning("files not stored", extra={"task": str(task.pk), "reason": type(error).__name__})
        done.parts_sent = context.parts_sent
    if done.failure is not None:
        spec = registry.find(task.function)
        own = spec.retry if spec else None
        done.delay = next_delay(done.failure, own=own, retries_done=task.retries)
        done.max_retries = (own or TABLE[done.failure.type]).maximum
    done.retries = task.retries + (done.delay is not None)
    return done


def _refuse_too_much(function: str, size_bytes: int) -> None:
    spec = registry.find(function)
    most = (spec and spec.max_output_bytes) or settings.TASK_MAX_OUTPUT_BYTES
    if size_bytes > most:
        raise OutputTooLarge(size_bytes, most)


def _store(task: Task, file: Any, now: Any) -> Artifact:
    # The attempt is part of the name: a stale attempt cannot overwrite its successor's file.
    name = default_storage.save(f"{folder_of(task.pk)}/{task.attempt}-{file.name}", ContentFile(file.data))
    return Artifact(
        task=task, name=file.name, content_type=file.content_type, bytes=len(file.data), file=name, created_at=now
    )


def persist(
    ended: Sequence[Finish], next_ids: Sequence[UUID], *, worker: str, quick: Collection[str] = ()
) -> tuple[list[bool], list[Task]]:
    """Store what has ended and claim what comes next, in one transaction; return (stored, claimed tasks)."""
    try:
        with writing(), transaction.atomic():
            stored = commit.finish(ended)
            return stored, commit.claim(next_ids, worker=worker, now=clock.now(), quick=quick)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not ended:
            raise
        if next_ids or len(ended) > 1:
            # Whichever of them it was, the others must not pay for it; the sweep sends again what was to be claimed.
            return [each for done in ended for each in persist([done], [], worker=worker)[0]], []
        # A receiver of task_finished, or the row itself, refused: the attempt is a failure,
        # told without the receivers' consent, or the task would be stuck.
        logger.exception("a finished task could not be stored")
        return [_persist_as_failure(ended[0], error, worker=worker)], []


def _persist_as_failure(finished: Finish, error: Exception, *, worker: str) -> bool:
    task = Task.objects.filter(pk=finished.task.pk, worker=worker, attempt=finished.task.attempt).first()
    if task is None:
        return False
    failure = Failure(
        ErrorType.AI_SERVICE, f"the result could not be stored: {type(error).__name__}", code="not_stored"
    )
    # What is announced afterwards must be this end, not the one that was undone.
    finished.task, finished.failure, finished.delay = task, failure, None
    with writing(), transaction.atomic():
        return change(
            task, to=Status.FAILURE, now=clock.now(), outcome=Outcome.FAILURE, failure=failure, log=finished.log
        )


def announce(finished: Finish, telling: Telling, *, stored: bool) -> None:
    """After the commit: wake readers and watchers, send a retry on its way; or clear away a fenced attempt's files."""
    task = finished.task
    if not stored:
        logger.info("a late attempt changed nothing", extra={"task": str(task.pk), "attempt": task.attempt})
        for artifact in finished.artifacts:
            try:
                default_storage.delete(str(artifact.file.name))
            except OSError as error:
                # It goes with the task's folder in the end.
                logger.warning("a late file stays", extra={"task": str(task.pk), "reason": type(error).__name__})
        return
    failed_as = finished.failure.type if finished.failure else ""
    telling.sums.attempt(task, error_type=failed_as, seconds=finished.processing_seconds)
    if task.is_final():
        if finished.failure is None:
            telling.run(task.function, finished.processing_seconds)
        if finished.failure is not None or finished.parts_sent or finished.artifacts:
            # Of a task with neither pieces nor files there is nothing to read.
            telling.end_of_parts(task.pk, task.status, count=finished.parts_sent)
        send_followers(task)
    else:
        try:
            queue.send(task)
        except QueueUnreachable:
            logger.info("retry left to the sweep", extra={"task": str(task.pk)})
    if finished.log:
        run_log.forget(task.pk, task.attempt)
    task_changed.send_robust(Task, task=task, position=None, outbox=telling.outbox)
