"""Functions that leave a trace of every start and every effect, and functions that break their worker."""

import ctypes
import os
import resource
import time

from django.conf import settings
from pydantic import BaseModel, Field

from jobs.engines.errors import EngineUnavailable
from jobs.runtime import processes
from jobs.runtime.context import Context
from jobs.runtime.registry import function
from jobs.runtime.retry import Retry
from tests.faults import points, sink

SOON = Retry(3, first_seconds=0.2, factor=1)
# Grown in steps of this, so that the limit is met inside the interpreter and not by the machine.
STEP_BYTES = 16_000_000


class Work(BaseModel, frozen=True):
    seconds: float = Field(default=0.0, ge=0, le=60)
    fail_times: int = Field(default=0, ge=0, le=10, description="attempts that find their engine away")
    die_times: int = Field(default=0, ge=0, le=10, description="attempts that kill their worker")
    polite: bool = True
    note: str = Field(default="", max_length=40)


class Done(BaseModel, frozen=True):
    attempt: int
    model_version: str = "fault-1"


def leave(what: str, context: Context) -> None:
    sink.record(settings.HOME, what, task=str(context.task_id), attempt=context.attempt, place=processes.place())


@function("fault_effect", queue="bulk", timeout_seconds=60, retry=SOON)
def fault_effect(inputs: Work, context: Context) -> Done:
    """Start, take a while, have one effect, keep one file that says which attempt made it."""
    leave("start", context)
    until = time.monotonic() + inputs.seconds
    while (left := until - time.monotonic()) > 0:
        context.progress(int(100 * (1 - left / inputs.seconds)))
        if inputs.polite:
            context.stop_if_cancelled()
        time.sleep(min(0.05, left))
    if context.attempt <= inputs.die_times:
        os._exit(9)
    if context.attempt <= inputs.fail_times:
        raise EngineUnavailable("fault")
    points.reach(points.MID_EFFECT)
    leave("effect", context)
    context.artifact("effect.txt", "text/plain", f"{context.task_id} {context.attempt}".encode())
    return Done(attempt=context.attempt)


@function("fault_speak", queue="interactive", timeout_seconds=20, retry=SOON)
def fault_speak(inputs: Work, context: Context) -> Done:
    """Have one effect, on the interactive queue."""
    return fault_effect(inputs, context)


@function("fault_brief", queue="bulk", timeout_seconds=3, retry=Retry(1, first_seconds=0.0))
def fault_brief(inputs: Work, context: Context) -> Done:
    """Have one effect, within three seconds."""
    return fault_effect(inputs, context)


@function("fault_exit", queue="bulk", timeout_seconds=10)
def fault_exit(inputs: Work, context: Context) -> Done:
    """Leave the process without a word."""
    leave("start", context)
    os._exit(9)


@function("fault_segfault", queue="bulk", timeout_seconds=10)
def fault_segfault(inputs: Work, context: Context) -> Done:
    """Read the address 0."""
    leave("start", context)
    # The dump of a few hundred megabytes is of no use to anybody.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)
    return Done(attempt=context.attempt)


@function("fault_memory", queue="bulk", timeout_seconds=10, retry=Retry(2, first_seconds=0.0))
def fault_memory(inputs: Work, context: Context) -> Done:
    """Allocate until there is no more."""
    leave("start", context)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - a kernel file
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 4 * STEP_BYTES, hard))
    try:
        hoard = [bytearray(STEP_BYTES) for _ in range(1000)]
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    return Done(attempt=len(hoard))


@function("fault_loop", queue="bulk", timeout_seconds=1, retry=Retry(2, first_seconds=0.0))
def fault_loop(inputs: Work, context: Context) -> Done:
    """Run for ever in Python."""
    leave("start", context)
    while True:
        context.attempt  # noqa: B018 - anything


@function("fault_native_loop", queue="bulk", timeout_seconds=1, retry=Retry(2, first_seconds=0.0))
def fault_native_loop(inputs: Work, context: Context) -> Done:
    """Run for ever in C, holding the interpreter's lock: no alarm gets through."""
    leave("start", context)
    while True:
        # PyDLL keeps the lock during the call, unlike CDLL; a signal ends a sleep, hence the loop.
        ctypes.PyDLL(None).sleep(3600)


@function("fault_tick", queue="interactive", timeout_seconds=5, every_seconds=6)
def fault_tick(inputs: Work, context: Context) -> Done:
    """Be fired by the schedule."""
    leave("tick", context)
    return Done(attempt=context.attempt)


@function("fault_quick", queue="bulk", timeout_seconds=5, retry=SOON)
def fault_quick(inputs: Work, context: Context) -> Done:
    """Have one effect at once: what workers claim several at a time."""
    leave("start", context)
    leave("effect", context)
    return Done(attempt=context.attempt)
