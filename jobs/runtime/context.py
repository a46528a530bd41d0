"""What a function is handed: who it works for, and how to tell the world about it.

One context belongs to one attempt. Nothing a function does through it is visible as a
result before the attempt is committed; parts, progress and log lines go out at once.
"""

import logging
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from jobs.runtime.errors import Cancelled
from jobs.runtime.run_log import Line, RunLog

logger = logging.getLogger("jobs.function")

# A step list is for people; more than this is a loop that should report progress instead.
MAX_STEPS = 50


class Wire(Protocol):
    """Where an attempt's signs of life go: the queue's processes, or a test."""

    def progress(self, context: "Context") -> None: ...

    def part(self, context: "Context", index: int, data: bytes) -> None: ...

    def said(self, context: "Context") -> None: ...

    def is_cancelled(self, context: "Context") -> bool: ...


class Silent:
    """A wire that leads nowhere, for runs in this process without a queue."""

    def progress(self, context: "Context") -> None:
        return

    def part(self, context: "Context", index: int, data: bytes) -> None:
        return

    def said(self, context: "Context") -> None:
        return

    def is_cancelled(self, context: "Context") -> bool:
        return False


@dataclass(frozen=True)
class NewFile:
    """A file made by an attempt, not yet stored."""

    name: str
    content_type: str
    data: bytes


@dataclass
class Context:
    task_id: UUID
    function: str
    attempt: int
    owner_id: int
    source: str
    wire: Wire = field(default_factory=Silent)
    clock: Callable[[], float] = time.monotonic

    percent: int = 0
    current_step: str = ""
    step: int = 0
    total_steps: int = 0
    steps: list[tuple[str, float]] = field(default_factory=list)
    files: list[NewFile] = field(default_factory=list)
    parts_sent: int = 0
    run_log: RunLog | None = None  # made with the first line: who says nothing pays nothing

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """
        A logger whose lines carry the task, the function and the attempt, and are kept with the attempt.

        Never log personal text: who may see the task reads its lines from `info` on, staff all of them.
        How many are kept is bounded (run_log.py); a loop should report progress instead.
        """
        return _Lines(self)

    @property
    def log_lines(self) -> list[Line]:
        """What was said so far, as it is kept with the attempt."""
        return self.run_log.lines() if self.run_log else []

    def end_log(self) -> list[Line]:
        """Return what was said, and take in no more: the attempt is over."""
        return self.run_log.close() if self.run_log else []

    def keep_line(self, level: int, sentence: str, fields: Mapping[str, Any]) -> None:
        if self.run_log is None:
            self.run_log = RunLog()
        self.run_log.add(self.clock() - self._started, level, sentence, fields)
        self.wire.said(self)

    def progress(self, percent: int, current_step: str = "", *, step: int = 0, total_steps: int = 0) -> None:
        """
        Say how far the attempt is. As often as you like: what goes out is bounded by the runtime.

        percent: 0..100; it never goes back within an attempt.
        current_step: a key of the function's declared `steps`; empty keeps the last one.
        """
        self.percent = max(self.percent, min(100, max(0, int(percent))))
        if current_step and current_step != self.current_step and len(self.steps) < MAX_STEPS:
            self.steps.append((current_step, round(self.clock() - self._started, 3)))
        self.current_step = current_step or self.current_step
        self.step = step or self.step
        self.total_steps = total_steps or self.total_steps
        self.wire.progress(self)

    def cancelled(self) -> bool:
        """Return True once the task was cancelled; a polite function stops then. Others are killed."""
        return self.wire.is_cancelled(self)

    def stop_if_cancelled(self) -> None:
        """Raise Cancelled when the task was cancelled."""
        if self.cancelled():
            raise Cancelled

    def part(self, data: bytes) -> None:
        """
        Hand out the next piece of the result before the whole is made.

        The pieces in order must be the bytes of the artifact, and a second attempt must send
        the same ones: readers skip what they have.
        """
        self.wire.part(self, self.parts_sent, data)
        self.parts_sent += 1

    def artifact(self, name: str, content_type: str, data: bytes) -> None:
        """Keep a file. `name` is ours, never a user's text; it is stored when the attempt is committed."""
        self.files.append(NewFile(name, content_type, data))


class _Lines(logging.LoggerAdapter[logging.Logger]):
    """Writes to the process log, as any logger, and beside it into what is kept of the run."""

    def __init__(self, context: Context) -> None:
        fields = {"task": str(context.task_id), "function": context.function, "attempt": context.attempt}
        super().__init__(logger, fields)
        self._context = context

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        self._context.keep_line(level, _worded(msg, args), _told(kwargs))
        # One frame more between the caller and the logger.
        super().log(level, msg, *args, **{**kwargs, "stacklevel": kwargs.get("stacklevel", 1) + 1})

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def _worded(msg: object, args: tuple[object, ...]) -> str:
    """Return the sentence; one that does not fit its arguments as it stands, since logging never raises."""
    try:
        # As logging does: a single mapping is for named places.
        places = args[0] if len(args) == 1 and args[0] and isinstance(args[0], Mapping) else args
        return str(msg) % places if args else str(msg)
    except Exception:
        return str(msg)


def _told(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a line; of an exception only its type, since its message may hold a person's words."""
    fields: Mapping[str, Any] = kwargs.get("extra") or {}
    raised = kwargs.get("exc_info")
    kind = type(raised) if isinstance(raised, BaseException) else sys.exc_info()[0] if raised else None
    return {**fields, "error": kind.__name__} if kind is not None else fields
