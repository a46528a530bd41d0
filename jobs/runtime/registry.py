"""What can be run: one declaration per function gives the API route, the admin, the command and the labels.

    @function("speech", queue="interactive", timeout_seconds=30, retry=Retry(3, first_seconds=1))
    def speech(inputs: SpeechInput, context: Context) -> SpeechOutput: ...

The input and output types are read from the annotations; both are pydantic models.
"""

import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ValidationError

from jobs.engines.errors import InputRejected
from jobs.runtime.context import Context
from jobs.runtime.errors import FieldError, InvalidInput, UnknownFunction
from jobs.runtime.retry import Retry

if TYPE_CHECKING:
    from jobs.runtime.models import Task

Queue = Literal["interactive", "bulk"]
QUEUES: tuple[Queue, ...] = ("interactive", "bulk")

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Retention:
    """How long a finished task stays.

    row_seconds: until the row goes, with everything that belongs to it.
    chat_content_seconds: for tasks from a chat, until text and files are erased; None keeps them with the row.
    """

    row_seconds: int = 7 * DAY_SECONDS
    chat_content_seconds: int | None = None


@dataclass(frozen=True)
class Rate:
    """At most `count` starts within `per_seconds`: all at once after a rest, evenly spread under load."""

    count: int
    per_seconds: float


@dataclass(frozen=True)
class FanOut:
    """
    The parts of a task that is a batch from whichever door it was asked for; its own run follows when they have ended.

    function: of the parts; inputs: of each. at_once: how many may run at the same time; None for no limit of its own.
    """

    function: str
    inputs: Sequence[Mapping[str, Any] | BaseModel]
    at_once: int | None = None


@dataclass(frozen=True)
class Function:
    """A registered function and all that was declared with it."""

    name: str
    call: Callable[[Any, Context], BaseModel]
    input_type: type[BaseModel]
    output_type: type[BaseModel]
    queue: Queue
    timeout_seconds: int
    retry: Retry | None
    retention: Retention
    summary: str
    title: Any  # a lazy translation
    staff_only: bool
    every_seconds: int | None
    soft_timeout_seconds: int | None = None
    max_memory_megabytes: int | None = None
    max_output_bytes: int | None = None
    max_running: int | None = None
    max_running_per_key: int | None = None
    rate: Rate | None = None
    steps: Mapping[str, Any] = field(default_factory=dict)  # step -> lazy translation
    check: Callable[[Any], None] | None = None
    warm: Callable[[], None] | None = None
    at_rest: Callable[[], None] | None = None
    queue_for: Callable[[Any], Queue] | None = None
    house_only: bool = False
    fan_out: "Callable[[Any, Task], FanOut] | None" = None
    on_accept: "Callable[[Any, Task], object] | None" = None

    def queue_of(self, accepted: Mapping[str, Any]) -> Queue:
        """Return the queue for one accepted input, JSON-ready."""
        return self.queue if self.queue_for is None else self.queue_for(self.input_type.model_validate(accepted))

    def accept(self, raw: Mapping[str, Any] | BaseModel) -> BaseModel:
        """Return `raw` as this function's input type, or raise InvalidInput naming each field."""
        if isinstance(raw, BaseModel):
            raw = raw.model_dump(mode="json")
        try:
            inputs = self.input_type.model_validate(raw, extra="forbid")
        except ValidationError as error:
            raise InvalidInput([_field_error(detail) for detail in error.errors(include_url=False)]) from None
        if self.check is not None:
            try:
                self.check(inputs)
            except InputRejected as error:
                raise InvalidInput([FieldError(error.field, error.code, error.message)]) from None
        return inputs


def _field_error(detail: Any) -> FieldError:
    place = ".".join(str(part) for part in detail["loc"]) or "input"
    return FieldError(place, detail["type"], detail["msg"])


_functions: dict[str, Function] = {}


def function(
    name: str,
    *,
    queue: Queue,
    timeout_seconds: int,
    title: Any = "",
    retry: Retry | None = None,
    retention: Retention = Retention(),
    staff_only: bool = False,
    every_seconds: int | None = None,
    soft_timeout_seconds: int | None = None,
    max_memory_megabytes: int | None = None,
    max_output_bytes: int | None = None,
    max_running: int | None = None,
    max_running_per_key: int | None = None,
    rate: Rate | None = None,
    steps: Mapping[str, Any] | None = None,
    check: Callable[[Any], None] | None = None,
    warm: Callable[[], None] | None = None,
    at_rest: Callable[[], None] | None = None,
    queue_for: Callable[[Any], Queue] | None = None,
    house_only: bool = False,
    fan_out: "Callable[[Any, Task], FanOut] | None" = None,
    on_accept: "Callable[[Any, Task], object] | None" = None,
) -> Callable[[Callable[[Any, Context], Any]], Callable[[Any, Context], Any]]:
    """
    Register the decorated callable as the function `name`.

    timeout_seconds: of one attempt, at least 1; the worker is interrupted then and killed 3 s later.
    retry: replaces the delay and maximum of the error table; None keeps the table.
    every_seconds: runs it on a schedule of its own, once per period in the whole house.
    soft_timeout_seconds: OutOfTime is raised in the function then, which may still tidy up or give back what it has.
    max_memory_megabytes: a worker that grows beyond it is killed; None takes TASK_MAX_MEMORY_MEGABYTES.
    max_output_bytes: of output and files together; None takes TASK_MAX_OUTPUT_BYTES.
    max_running: how many may run at once in the whole house; max_running_per_key: per order key.
    rate: how many may start in a time, in the whole house.
    steps: the words people read for each step that `context.progress` names.
    check: looks at an input when it is invoked; raises InputRejected naming the field. Must be quick.
    warm: loads what every worker shares, once, before workers are forked.
    at_rest: called each second in a worker that has nothing to do; it must return at once.
    queue_for: chooses the queue by the accepted input, for work that may be short or long; `queue` is what is told.
    house_only: runs as a part of another task alone; no door offers it, and to every door it is unknown.
    fan_out: makes each task of it a batch: called with input and task in the transaction that accepts the task, it
        stores what rows the function keeps of it and returns the parts.
    on_accept: called with input and task in the transaction that stores the task, whichever door it came through; it
        changes what rows of its room the task is for. Raises InputRejected for what the task's owner may not name.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
        raise ValueError(f"{name!r} is no function name: lower case letters, digits and _, 64 at most")
    if queue not in QUEUES or timeout_seconds < 1:
        raise ValueError(f"{name}: the queue must be one of {QUEUES}, the timeout at least 1 s")
    starts = rate.count if rate is not None else None
    for most in (max_running, max_running_per_key, max_memory_megabytes, max_output_bytes, starts):
        if most is not None and most < 1:
            raise ValueError(f"{name}: a limit below 1 would let nothing run")
    if soft_timeout_seconds is not None and not 1 <= soft_timeout_seconds < timeout_seconds:
        raise ValueError(f"{name}: the soft timeout must be at least 1 s and less than the timeout")

    def register(call: Callable[[Any, Context], Any]) -> Callable[[Any, Context], Any]:
        hints = typing.get_type_hints(call)
        parameters = list(inspect.signature(call).parameters)
        input_type, output_type = hints.get(parameters[0]), hints.get("return")
        for hint in (input_type, output_type):
            if not (isinstance(hint, type) and issubclass(hint, BaseModel)):
                raise TypeError(f"{name}: input and output must be annotated with pydantic models")
        if name in _functions and _functions[name].call is not call:
            raise ValueError(f"two functions are named {name!r}")
        _functions[name] = Function(
            name=name,
            call=call,
            input_type=typing.cast("type[BaseModel]", input_type),
            output_type=typing.cast("type[BaseModel]", output_type),
            queue=queue,
            timeout_seconds=timeout_seconds,
            retry=retry,
            retention=retention,
            summary=(inspect.getdoc(call) or "").partition("\n")[0],
            title=title or name,
            staff_only=staff_only,
            every_seconds=every_seconds,
            soft_timeout_seconds=soft_timeout_seconds,
            max_memory_megabytes=max_memory_megabytes,
            max_output_bytes=max_output_bytes,
            max_running=max_running,
            max_running_per_key=max_running_per_key,
            rate=rate,
            steps=dict(steps or {}),
            check=check,
            warm=warm,
            at_rest=at_rest,
            queue_for=queue_for,
            house_only=house_only,
            fan_out=fan_out,
            on_accept=on_accept,
        )
        return call

    return register


def get(name: str) -> Function:
    """Return the function of that name, or raise UnknownFunction."""
    try:
        return _functions[name]
    except KeyError:
        raise UnknownFunction(name) from None


def find(name: str) -> Function | None:
    """Return the function of that name; None for a task whose function has left the code."""
    return _functions.get(name)


def every() -> list[Function]:
    """Return all functions, by name."""
    return [_functions[name] for name in sorted(_functions)]


def offered() -> list[Function]:
    """Return the functions that may be asked for, by name: all but the house's own parts."""
    return [spec for spec in every() if not spec.house_only]


def forget(name: str) -> None:
    """Take a function out again; for tests that register their own."""
    _functions.pop(name, None)
