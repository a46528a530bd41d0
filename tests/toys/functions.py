"""Each toy does one thing that real functions do, or should not do."""

import os
import re
import signal
import time

from pydantic import BaseModel, Field

from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.runtime.context import Context
from jobs.runtime.registry import Retention, function
from jobs.runtime.retry import Retry
from tests.benchmarks.job import mark


class Word(BaseModel, frozen=True):
    word: str = Field(default="", max_length=20)
    seconds: float = Field(default=0.0, ge=0, le=60)
    times: int = Field(default=1, ge=0, le=100)


class Said(BaseModel, frozen=True):
    word: str
    model_version: str = "toy-1"


@function("toy_echo", queue="bulk", timeout_seconds=5, steps={"thinking": "Thinking"})
def toy_echo(inputs: Word, context: Context) -> Said:
    """Give the word back, with a file and two parts."""
    context.progress(50, "thinking", step=1, total_steps=2)
    for piece in (b"one", b"two"):
        context.part(piece)
    context.artifact("word.txt", "text/plain", b"onetwo")
    return Said(word=inputs.word)


@function("toy_wait", queue="bulk", timeout_seconds=60)
def toy_wait(inputs: Word, context: Context) -> Said:
    """Take a while, politely: stop when cancelled."""
    until = time.monotonic() + inputs.seconds
    while (left := until - time.monotonic()) > 0:
        context.progress(int(100 * (1 - left / inputs.seconds)))
        context.stop_if_cancelled()
        time.sleep(min(0.05, left))
    return Said(word=inputs.word)


@function("toy_quick", queue="interactive", timeout_seconds=5)
def toy_quick(inputs: Word, context: Context) -> Said:
    """Give the word back, on the interactive queue."""
    return Said(word=inputs.word)


@function("toy_stubborn", queue="bulk", timeout_seconds=60)
def toy_stubborn(inputs: Word, context: Context) -> Said:
    """Take a while and look at nothing."""
    time.sleep(inputs.seconds)
    return Said(word=inputs.word)


@function("toy_spin", queue="bulk", timeout_seconds=1, retry=Retry(0))
def toy_spin(inputs: Word, context: Context) -> Said:
    """Run for ever in Python."""
    while True:
        context.attempt  # noqa: B018 - anything


@function("toy_native_spin", queue="bulk", timeout_seconds=1, retry=Retry(0))
def toy_native_spin(inputs: Word, context: Context) -> Said:
    """Run for ever in C, holding the interpreter's lock: no alarm gets through."""
    re.match(r"(a+)+$", "a" * 40 + "b")
    return Said(word="never")


@function("toy_die", queue="bulk", timeout_seconds=5)
def toy_die(inputs: Word, context: Context) -> Said:
    """Kill the worker, in its first `times` attempts."""
    if context.attempt <= inputs.times:
        os.kill(os.getpid(), signal.SIGKILL)
    return Said(word=inputs.word)


@function("toy_exit", queue="bulk", timeout_seconds=5, retry=Retry(0))
def toy_exit(inputs: Word, context: Context) -> Said:
    """Call sys.exit(), as a library may."""
    raise SystemExit(3)


@function("toy_flaky", queue="bulk", timeout_seconds=5, retry=Retry(2, first_seconds=0.0))
def toy_flaky(inputs: Word, context: Context) -> Said:
    """Find its engine away, in its first `times` attempts."""
    if context.attempt <= inputs.times:
        raise EngineUnavailable("toy")
    return Said(word=inputs.word)


@function("toy_bad", queue="bulk", timeout_seconds=5)
def toy_bad(inputs: Word, context: Context) -> Said:
    """Find out late that the word cannot be used."""
    raise InputRejected("word", "no_such_word", "this word does not exist")


@function("toy_secret", queue="bulk", timeout_seconds=5, retry=Retry(0))
def toy_secret(inputs: Word, context: Context) -> Said:
    """Fail with the person's word in the message."""
    raise RuntimeError(f"cannot read {inputs.word}")


@function("toy_brief", queue="bulk", timeout_seconds=5, retention=Retention(row_seconds=60, chat_content_seconds=10))
def toy_brief(inputs: Word, context: Context) -> Said:
    """Give the word back, and be forgotten soon."""
    context.artifact("word.txt", "text/plain", inputs.word.encode())
    return Said(word=inputs.word)


@function("toy_mark", queue="bulk", timeout_seconds=60)
def toy_mark(inputs: Word, context: Context) -> Said:
    """Do what the benchmarks' job does on every engine: one Redis write."""
    mark(inputs.seconds)
    return Said(word=inputs.word)
