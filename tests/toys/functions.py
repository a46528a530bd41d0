"""Each toy does one thing that real functions do, or should not do."""

import os
import re
import signal
import time

from pydantic import BaseModel, Field

from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.runtime.batch import parts_of
from jobs.runtime.context import Context
from jobs.runtime.errors import OutOfTime
from jobs.runtime.providers import Provider, Providers, Served
from jobs.runtime.registry import Rate, Retention, function
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


@function("toy_few", queue="bulk", timeout_seconds=60, max_running=2)
def toy_few(inputs: Word, context: Context) -> Said:
    """Take a while; only two of its kind may run at once."""
    return toy_wait(inputs, context)


@function("toy_one_each", queue="bulk", timeout_seconds=60, max_running_per_key=1)
def toy_one_each(inputs: Word, context: Context) -> Said:
    """Take a while; only one for each order key."""
    return toy_wait(inputs, context)


@function("toy_rare", queue="bulk", timeout_seconds=5, rate=Rate(2, per_seconds=3600))
def toy_rare(inputs: Word, context: Context) -> Said:
    """Give the word back, twice an hour."""
    return Said(word=inputs.word)


@function("toy_gather", queue="bulk", timeout_seconds=5)
def toy_gather(inputs: Word, context: Context) -> Said:
    """End a batch: the words of its parts in their order, a dash for one that failed."""
    return Said(word=" ".join(part.output["word"] if part.output else "-" for part in parts_of(context.task_id)))


@function("toy_hoard", queue="bulk", timeout_seconds=30, max_memory_megabytes=300)
def toy_hoard(inputs: Word, context: Context) -> Said:
    """Take more memory than it may, a little at a time."""
    hoard = []
    while True:
        hoard.append(bytearray(os.urandom(1_000_000)))


@function("toy_grab", queue="bulk", timeout_seconds=30, max_memory_megabytes=300, retry=Retry(0))
def toy_grab(inputs: Word, context: Context) -> Said:
    """Take far more memory than it may, at once."""
    return Said(word=str(len(bytearray(2_000_000_000))))


@function("toy_big", queue="bulk", timeout_seconds=5, max_output_bytes=1000)
def toy_big(inputs: Word, context: Context) -> Said:
    """Give back more than it may."""
    context.artifact("word.txt", "text/plain", b"x" * 1001)
    return Said(word=inputs.word)


@function("toy_late", queue="bulk", timeout_seconds=30, soft_timeout_seconds=1)
def toy_late(inputs: Word, context: Context) -> Said:
    """Work until the soft time limit, then give back what there is."""
    try:
        while True:
            context.attempt  # noqa: B018 - anything
    except OutOfTime:
        return Said(word="so far")


@function("toy_talk", queue="bulk", timeout_seconds=60)
def toy_talk(inputs: Word, context: Context) -> Said:
    """Say so many lines, and take `seconds` for all of them."""
    for number in range(1, inputs.times + 1):
        context.log.info("line %d", number)
        context.log.debug("for the staff", extra={"number": number})
        context.stop_if_cancelled()
        time.sleep(inputs.seconds / inputs.times)
    return Said(word=inputs.word)


class Painted(BaseModel, frozen=True):
    word: str
    served: Served


def _paint_far_away(word: str) -> str:
    if word == "storm":
        raise EngineUnavailable("far")
    return f"{word} from far away"


PAINTERS = Providers(
    "toy_paint",
    [Provider("far", _paint_far_away), Provider("near", lambda word: f"{word} from here", is_local=True)],
)


@function("toy_paint", queue="bulk", timeout_seconds=5)
def toy_paint(inputs: Word, context: Context) -> Painted:
    """Have somebody far away paint a word; a storm keeps them from it."""
    answer = PAINTERS.call(lambda paint: paint(inputs.word))
    return Painted(word=answer.value, served=answer.served)
