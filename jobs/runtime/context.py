"""What a function is handed: who it works for, and how to tell the world about it.

One context belongs to one attempt. Nothing a function does through it is visible as a
result before the attempt is committed; parts and progress go out at once.
"""

import logging
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from jobs.runtime.errors import Cancelled

logger = logging.getLogger("jobs.function")

# A step list is for people; more than this is a loop that should report progress instead.
MAX_STEPS = 50


class Wire(Protocol):
    """Where an attempt's signs of life go: the queue's processes, or a test."""

    def progress(self, context: "Context") -> None: ...

    def part(self, context: "Context", index: int, data: bytes) -> None: ...

    def is_cancelled(self, context: "Context") -> bool: ...


class Silent:
    """A wire that leads nowhere, for runs in this process without a queue."""

    def progress(self, context: "Context") -> None:
        return

    def part(self, context: "Context", index: int, data: bytes) -> None:
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

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose lines carry the task, the function and the attempt. Never log personal text."""
        return _Fields(logger, {"task": str(self.task_id), "function": self.function, "attempt": self.attempt})

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


class _Fields(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **kwargs.get("extra", {})}
        return msg, kwargs
