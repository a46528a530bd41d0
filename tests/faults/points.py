"""Named places in a task's life where a test can kill or stop the process that comes by.

A test arms a point (`arm`); the next process that reaches it takes the arming away and dies
or stops there, so exactly one is hit. Installed by the test app alone: it wraps the
runtime's functions at start and fails loudly when one of them has gone.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings

ROW_INSERTED = "F1-row-inserted"
COMMITTED = "F2-committed-not-pushed"
PUSHED = "F3-pushed"
POPPED = "F4-popped-not-claimed"
CLAIMED = "F5-claimed"
MID_EFFECT = "F6-mid-effect"
EFFECT_DONE = "F7-effect-done-not-committed"
STORED = "F8-committed-not-acknowledged"
ACKNOWLEDGED = "F9-acknowledged"
IN_WEB = (ROW_INSERTED, COMMITTED, PUSHED)
IN_WORKER = (POPPED, CLAIMED, MID_EFFECT, EFFECT_DONE, STORED, ACKNOWLEDGED)

# What runs by itself must not take the blow that a test meant for its own task.
SCHEDULED = ("fault_tick", "cleanup")

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def folder_of(home: Path) -> Path:
    return home / "points"


def arm(home: Path, point: str, action: str = "kill") -> None:
    """Let the next process that comes by be killed or stopped there."""
    folder_of(home).mkdir(exist_ok=True)
    draft = folder_of(home) / f"draft-{os.getpid()}"
    draft.write_text(action)
    draft.rename(folder_of(home) / point)


def hit(home: Path, point: str) -> int | None:
    """Return the pid of the process that was hit there, None while it is still armed or never was; forgets it."""
    for place in folder_of(home).glob(f"{point}.hit-*"):
        place.unlink()
        return int(place.name.rpartition("-")[2])
    return None


def disarm(home: Path) -> None:
    for place in folder_of(home).glob("*"):
        place.unlink(missing_ok=True)


def set_clock(home: Path, jump: timedelta) -> None:
    """Move the clock that every process of this home reads: what setting the database's clock would do."""
    folder_of(home).mkdir(exist_ok=True)
    draft = folder_of(home) / f"draft-{os.getpid()}"
    draft.write_text(str(jump.total_seconds()))
    draft.rename(folder_of(home) / "clock")


def reach(point: str) -> None:
    """Suffer what is armed for this point, if anything is."""
    place = folder_of(settings.HOME) / point
    taken = place.with_name(f"{point}.hit-{os.getpid()}")
    try:
        # Only one process can rename it.
        place.rename(taken)
    except FileNotFoundError:
        return
    os.kill(os.getpid(), SIGNALS[taken.read_text()])


def install() -> None:
    """Wrap what the points stand at."""
    from jobs.runtime import clock, feed, invoke, queue

    if "qcluster" in sys.argv:
        _wrap(queue, "take", after=_took)
        _wrap(feed, "begin", before=_before_begin)
        _wrap(feed, "persist", before=_before_persist, after=_after_persist)
    else:
        _wrap(invoke, "insert_many", after=lambda *_args, **_kwargs: reach(ROW_INSERTED))
        _wrap(
            queue,
            "send",
            before=lambda *_args, **_kwargs: reach(COMMITTED),
            after=lambda *_args, **_kwargs: reach(PUSHED),
        )
    real_read = clock.read
    clock.read = lambda: _jumped(real_read())


def _took(taken: Any, *_args: Any, done: Any = None, **_kwargs: Any) -> None:
    if done:
        reach(ACKNOWLEDGED)
    if taken:
        reach(POPPED)


def _before_begin(task: Any, *_args: Any, **_kwargs: Any) -> None:
    if task.function not in SCHEDULED:
        reach(CLAIMED)


def _before_persist(ended: Any, *_args: Any, **_kwargs: Any) -> None:
    if any(done.task.function not in SCHEDULED for done in ended):
        reach(EFFECT_DONE)


def _after_persist(_answer: Any, ended: Any, *_args: Any, **_kwargs: Any) -> None:
    if any(done.task.function not in SCHEDULED for done in ended):
        reach(STORED)


def _jumped(moment: datetime) -> datetime:
    with suppress(FileNotFoundError):
        return moment + timedelta(seconds=float((folder_of(settings.HOME) / "clock").read_text()))
    return moment


def _wrap(
    module: ModuleType,
    name: str,
    *,
    before: Callable[..., None] | None = None,
    after: Callable[..., None] | None = None,
) -> None:
    call = getattr(module, name)

    @wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before is not None:
            before(*args, **kwargs)
        answer = call(*args, **kwargs)
        if after is not None:
            after(answer, *args, **kwargs)
        return answer

    setattr(module, name, wrapped)
