"""What the recent past says: how long a function takes, which workers live.

Kept in Redis, because it is worth nothing when stale; all of it may be lost at any time.
"""

import json
import time
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, cast

from jobs.runtime.connection import client, key
from jobs.runtime.queue import reaching

# An estimate follows a change of hardware or texts within this many runs.
RUNS_REMEMBERED = 50
LONGEST_RUN_SECONDS = 86_400.0
# A worker silent for longer is shown no more; its cluster speaks for it every second.
SILENT_SECONDS = 10.0
# A wish that no keeper has heard by then, because its worker was gone, is forgotten.
WISH_KEPT_SECONDS = 3600


class Stop(StrEnum):
    """How a worker is to end: after its task, or now, and its task goes back."""

    GENTLY = "gently"
    AT_ONCE = "at_once"


# Anything else is nobody's of ours.
_STOPS = {stop.encode() for stop in Stop}


@reaching
def recent_seconds(functions: Iterable[str]) -> dict[str, list[float]]:
    """Return how long the last successful runs of each function took, the newest first."""
    names = list(functions)
    pipeline = client().pipeline(transaction=False)
    for name in names:
        pipeline.lrange(key("seconds", name), 0, RUNS_REMEMBERED - 1)
    answers = pipeline.execute()
    return {
        name: [value for value in map(_seconds, answer) if value is not None]
        for name, answer in zip(names, answers, strict=True)
    }


def _seconds(raw: bytes) -> float | None:
    """Return a run's time; None for what nobody of ours wrote: no run takes a day."""
    try:
        value = float(raw)
    except ValueError:
        return None
    return value if 0 <= value < LONGEST_RUN_SECONDS else None


@reaching
def beat(workers: dict[str, dict[str, Any]]) -> dict[str, Stop]:
    """Say that these workers live, and what each of them runs; return those of them that are to end."""
    if not workers:
        return {}
    now, names = time.time(), list(workers)
    pipeline = client().pipeline(transaction=False)
    pipeline.hset(key("workers"), mapping={name: json.dumps({**facts, "at": now}) for name, facts in workers.items()})
    pipeline.hmget(key("stops"), names)
    wishes = zip(names, pipeline.execute()[1], strict=True)
    return {name: Stop(wish.decode()) for name, wish in wishes if wish in _STOPS}


@reaching
def ask_to_stop(name: str, how: Stop) -> None:
    """Ask the keeper of a worker's cluster to let it end; it hears that at its next heartbeat."""
    pipeline = client().pipeline(transaction=False)
    pipeline.hset(key("stops"), name, how.value)
    pipeline.expire(key("stops"), WISH_KEPT_SECONDS)
    pipeline.execute()


@reaching
def bury(name: str) -> None:
    pipeline = client().pipeline(transaction=False)
    pipeline.hdel(key("workers"), name)
    pipeline.hdel(key("stops"), name)
    pipeline.execute()


@reaching
def live_workers() -> list[dict[str, Any]]:
    """
    Return the workers heard of lately: name, host, pid, lane, task (id or None), seen_seconds, and in a cluster of
    now: born (Unix seconds), megabytes, stop (how it is about to end, or None), guard (pid), restarts (of its cluster).
    """
    found = cast("dict[bytes, bytes]", client().hgetall(key("workers")))
    now, live, silent = time.time(), [], []
    for name, raw in found.items():
        try:
            facts = json.loads(raw)
            seen_seconds = now - float(facts.pop("at"))
            own = {"name": name.decode(), "seen_seconds": round(max(0.0, seen_seconds), 1)}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            silent.append(name)
            continue
        # Neither from long ago, nor from a future in which it would live for ever; NaN is neither.
        if abs(seen_seconds) <= SILENT_SECONDS:
            live.append({**facts, **own})
        else:
            silent.append(name)
    if silent:
        client().hdel(key("workers"), *silent)
    return sorted(live, key=lambda facts: facts["name"])
