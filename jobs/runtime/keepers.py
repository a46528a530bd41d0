"""Which keepers were heard of, and how many workers each wants: one word a second from every cluster.

Kept in Redis and worth nothing when stale. A keeper that ended is remembered for a day, so that a house in which
nobody keeps anything says since when. Written by keeper.py; read by gauges.py.
"""

import json
import math
import time
from dataclasses import dataclass
from typing import cast

from jobs.runtime.connection import client, key
from jobs.runtime.queue import reaching
from jobs.runtime.stats import SILENT_SECONDS

FORGOTTEN_SECONDS = 86_400.0
# No house has more; whoever can write to Redis could name millions.
MAX_KEEPERS = 1000
MAX_WANTED = 100_000


@dataclass(frozen=True)
class Heard:
    """wanted: workers that take every queue. silent_seconds: since its last word."""

    name: str
    wanted: int
    silent_seconds: float

    @property
    def is_live(self) -> bool:
        return self.silent_seconds <= SILENT_SECONDS


@reaching
def beat(name: str, *, wanted: int) -> None:
    """Say that this keeper lives, and how many workers it wants beside the one for interactive work alone."""
    client().hset(key("keepers"), name, json.dumps({"at": time.time(), "wanted": wanted}))


@reaching
def keepers() -> list[Heard]:
    """Return the keepers heard of within a day, by name."""
    found = cast("dict[bytes, bytes]", client().hgetall(key("keepers")))
    heard, gone = [], []
    for raw, value in sorted(found.items())[:MAX_KEEPERS]:
        keeper = _read(raw, value)
        if keeper is None:
            gone.append(raw)
        else:
            heard.append(keeper)
    if gone:
        client().hdel(key("keepers"), *gone)
    return heard


def _read(raw: bytes, value: bytes) -> Heard | None:
    """Return a keeper; None for one from long ago or from the future, and for what is none of ours."""
    try:
        facts = json.loads(value)
        silent, wanted = time.time() - float(facts["at"]), int(facts["wanted"])
        name = raw.decode()
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    if not math.isfinite(silent) or not -SILENT_SECONDS <= silent <= FORGOTTEN_SECONDS:
        return None
    return Heard(name, wanted, max(0.0, silent)) if 0 <= wanted <= MAX_WANTED else None
