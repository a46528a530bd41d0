"""Decide what follows a failed attempt: when to try again, or that it is over.

Errors are classified by their type. A function's own `Retry` replaces delay and maximum,
never makes bad data retryable; a provider's `wait_seconds` beats both.
"""

import dataclasses
import errno
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from jobs.engines.errors import EngineError, EngineRefused, EngineUnavailable, InputRejected
from jobs.runtime.errors import OutOfTime, OutputTooLarge
from jobs.runtime.models.task import ErrorType
from jobs.runtime.storage.names import StorageUnreachable

# A provider may ask for more; a task that sleeps for a day hides a problem.
MAX_DELAY_SECONDS = 3600


class TimedOut(Exception):
    """The attempt ran longer than its function's `timeout_seconds`."""

    def __init__(self, timeout_seconds: int) -> None:
        self.timeout_seconds = timeout_seconds
        super().__init__(f"the function ran longer than {timeout_seconds} s")


@dataclass(frozen=True)
class Retry:
    """`maximum` retries; the first after `first_seconds`, each further one `factor` times as long."""

    maximum: int
    first_seconds: float = 60.0
    factor: float = 2.0

    def delay_seconds(self, retries_done: int) -> float:
        return min(self.first_seconds * self.factor**retries_done, MAX_DELAY_SECONDS)


NEVER = Retry(maximum=0)
TABLE: dict[ErrorType, Retry] = {
    ErrorType.NETWORK: Retry(5, first_seconds=30, factor=1),
    ErrorType.TIMEOUT: Retry(2, first_seconds=60, factor=1),
    ErrorType.DATA_VALIDATION: NEVER,
    ErrorType.RESOURCE: Retry(3, first_seconds=10, factor=4),
    ErrorType.AI_SERVICE: Retry(3, first_seconds=60, factor=1),
}

# What the operating system says when memory, disk, quota or file descriptors have run out.
EXHAUSTED = {errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}


@dataclass(frozen=True)
class Failure:
    """A failed attempt in words that can be stored: no traceback, no personal text."""

    type: ErrorType
    message: str
    code: str = ""
    field: str = ""
    retryable: bool = True
    wait_seconds: float | None = dataclasses.field(default=None, compare=False)


def classify(error: BaseException) -> Failure:
    """Return the class and wording of an error that left a function."""
    for types, describe in _WORDINGS:
        if isinstance(error, types):
            return describe(error)
    if isinstance(error, OSError) and error.errno in EXHAUSTED:
        return _exhausted(error)
    # The message of an unforeseen error may hold personal text; its type is enough here,
    # the traceback goes to the log.
    return Failure(ErrorType.AI_SERVICE, f"unexpected {type(error).__name__}", code="unexpected")


def _rejected(error: Any) -> Failure:
    return Failure(ErrorType.DATA_VALIDATION, str(error), code=error.code, field=error.field)


def _unavailable(error: Any) -> Failure:
    return Failure(ErrorType.AI_SERVICE, str(error), code="engine_unavailable", wait_seconds=error.wait_seconds)


def _refused(error: Any) -> Failure:
    return Failure(ErrorType.AI_SERVICE, str(error), code="engine_refused", retryable=False)


def _engine(error: Any) -> Failure:
    return Failure(ErrorType.AI_SERVICE, str(error), retryable=error.retryable)


def _invalid(error: Any) -> Failure:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return Failure(ErrorType.DATA_VALIDATION, first["msg"], code=first["type"], field=place)


def _timed_out(error: Any) -> Failure:
    return Failure(ErrorType.TIMEOUT, str(error), code="timed_out")


def _too_large(error: Any) -> Failure:
    return Failure(ErrorType.RESOURCE, str(error), code="output_too_large", retryable=False)


def _slow_call(_error: Any) -> Failure:
    return Failure(ErrorType.TIMEOUT, "a call inside the function took too long")


def _storage_away(error: Any) -> Failure:
    return Failure(ErrorType.NETWORK, str(error), code="storage_unreachable")


def _disconnected(error: Any) -> Failure:
    return Failure(ErrorType.NETWORK, f"the connection failed: {type(error).__name__}")


def _exhausted(error: Any) -> Failure:
    return Failure(ErrorType.RESOURCE, f"memory, disk or file handles ran out: {type(error).__name__}")


# The first that fits counts: a subclass stands before its base.
_WORDINGS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[[Any], Failure]], ...] = (
    (InputRejected, _rejected),
    (EngineUnavailable, _unavailable),
    (EngineRefused, _refused),
    (EngineError, _engine),
    (ValidationError, _invalid),
    ((TimedOut, OutOfTime), _timed_out),
    (OutputTooLarge, _too_large),
    (TimeoutError, _slow_call),
    (StorageUnreachable, _storage_away),
    (ConnectionError, _disconnected),
    (MemoryError, _exhausted),
)


def next_delay(failure: Failure, *, own: Retry | None, retries_done: int) -> timedelta | None:
    """
    Return how long to wait before the next attempt, None when there is none.

    own: the function's declared policy, or None for the table's.
    retries_done: retries already granted to this task, 0 after its first failure.
    """
    if failure.type == ErrorType.DATA_VALIDATION or not failure.retryable:
        return None
    policy = own or TABLE[failure.type]
    if retries_done >= policy.maximum:
        return None
    if failure.wait_seconds is not None:
        return timedelta(seconds=max(0.0, min(failure.wait_seconds, MAX_DELAY_SECONDS)))
    return timedelta(seconds=policy.delay_seconds(retries_done))
