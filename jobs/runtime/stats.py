"""What the recent past says: how long a function takes, which workers live.

Kept in Redis, because it is worth nothing when stale; all of it may be lost at any time.
"""

import json
import statistics
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, cast

from jobs.runtime import clock
from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Status, Task
from jobs.runtime.queue import reaching

# An estimate follows a change of hardware or texts within this many runs.
RUNS_REMEMBERED = 50
# A worker silent for longer is shown no more; its cluster speaks for it every second.
SILENT_SECONDS = 10.0


def record(function: str, seconds: float, *, success: bool) -> None:
    """Remember how long a successful run took."""
    if not success:
        return
    with suppress(QueueUnreachable):
        _record(function, seconds)


@reaching
def _record(function: str, seconds: float) -> None:
    pipeline = client().pipeline(transaction=False)
    pipeline.lpush(key("seconds", function), f"{seconds:.4f}")
    pipeline.ltrim(key("seconds", function), 0, RUNS_REMEMBERED - 1)
    pipeline.execute()


@reaching
def _recent(function: str) -> tuple[list[float], int]:
    """Return the seconds of the last runs and how many workers there are."""
    pipeline = client().pipeline(transaction=False)
    pipeline.lrange(key("seconds", function), 0, -1)
    pipeline.hlen(key("workers"))
    seconds, workers = pipeline.execute()
    return [float(value) for value in seconds], int(workers)


def completion_estimate(task: Task, position: int | None) -> datetime | None:
    """
    Return when `task` will probably be done: the median of the last runs, times its turns to wait.

    position: tasks before it in its queue, None when it does not wait there. None while nothing is known.
    """
    if task.is_final():
        return None
    try:
        seconds, workers = _recent(task.function)
    except QueueUnreachable:
        return None
    if not seconds or not workers:
        return None
    typical = timedelta(seconds=statistics.median(seconds))
    if task.status == Status.PROCESSING and task.started_at is not None:
        return max(task.started_at + typical, clock.now())
    if position is None:
        return None
    return clock.now() + typical * (position // workers + 1)


@reaching
def beat(workers: dict[str, dict[str, Any]]) -> None:
    """Say that these workers live, and what each of them runs."""
    if not workers:
        return
    now = time.time()
    client().hset(key("workers"), mapping={name: json.dumps({**facts, "at": now}) for name, facts in workers.items()})


@reaching
def bury(name: str) -> None:
    client().hdel(key("workers"), name)


@reaching
def live_workers() -> list[dict[str, Any]]:
    """Return the workers heard of lately: name, host, pid, lane, task (id or None), seen_seconds."""
    found = cast("dict[bytes, bytes]", client().hgetall(key("workers")))
    now, live, silent = time.time(), [], []
    for name, raw in found.items():
        try:
            facts = json.loads(raw)
            seen_seconds = max(0.0, now - float(facts.pop("at")))
        except (ValueError, KeyError, TypeError, AttributeError):
            silent.append(name)
            continue
        if seen_seconds > SILENT_SECONDS:
            silent.append(name)
        else:
            live.append({"name": name.decode("utf-8", "replace"), **facts, "seen_seconds": round(seen_seconds, 1)})
    if silent:
        client().hdel(key("workers"), *silent)
    return sorted(live, key=lambda facts: facts["name"])
