"""What `/metrics` asks of the rooms: each registers a source, which reads Redis or the rows when somebody asks.

    register("deliveries", collect)         # in ready(); collect() -> Iterable[prometheus_client.Metric]

Nothing is counted in the memory of a process, so that restarted and forked ones neither lose nor repeat anything.
Each source is read in a thread of its own and bounded in time: one that hangs or fails is left out and named, and
the others are there. A source's labels are names of the code, never what people wrote.

Called by core/metrics.py. gauges.py holds the runtime's own.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import QuerySet

if TYPE_CHECKING:
    # Of use in the web process alone; elsewhere its 3 MB and 20 ms would be for nothing.
    from prometheus_client import Metric

logger = logging.getLogger(__name__)

# Prometheus itself gives up after 10 s, and then has nothing at all.
READ_SECONDS = 6.0
# Readings of one source that hang at the same time; more would pile up threads without telling more.
MAX_HANGING = 2
# Rows are counted up to this: an index walk of a few milliseconds. More is too much whatever the number is.
MOST_COUNTED = 10_000

Collect = Callable[[], "Iterable[Metric]"]
_sources: dict[str, Collect] = {}


def register(source: str, collect: Collect) -> None:
    """Add a source; call it in ready(). source: a word of ours, the label of koebako_scrape_errors."""
    _sources[source] = collect


def sources() -> dict[str, Collect]:
    return dict(_sources)


@dataclass
class Reading:
    """What was read. errors: source -> 1 when it could not be read, else 0; seconds: how long each took."""

    found: "list[Metric]" = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def read(*, timeout_seconds: float = READ_SECONDS) -> Reading:
    """Read all sources at the same time; return what there was after `timeout_seconds` at the latest."""
    started = time.perf_counter()
    answers: queue.SimpleQueue[tuple[str, list[Metric] | None]] = queue.SimpleQueue()
    awaited = set()
    reading = Reading(errors=dict.fromkeys(_sources, 1))
    for source, collect in _sources.items():
        if _slots(source).acquire(blocking=False):
            awaited.add(source)
            threading.Thread(
                target=_collect, args=(source, collect, answers), name=f"read {source}", daemon=True
            ).start()
    while awaited:
        left = timeout_seconds - (time.perf_counter() - started)
        try:
            source, found = answers.get(timeout=max(0.0, left))
        except queue.Empty:
            break
        awaited.discard(source)
        reading.seconds[source] = time.perf_counter() - started
        if found is not None:
            reading.errors[source] = 0
            reading.found += found
    if failed := sorted(source for source, error in reading.errors.items() if error):
        logger.info("some metrics could not be read", extra={"sources": failed})
    return reading


@cache
def _slots(_source: str) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(MAX_HANGING)


def _collect(source: str, collect: Collect, answers: "queue.SimpleQueue[tuple[str, list[Metric] | None]]") -> None:
    found: list[Metric] | None = None
    try:
        found = list(collect())
    except Exception as error:
        # The text of a driver's error may name hosts and users.
        logger.info("a source of metrics failed", extra={"source": source, "reason": type(error).__name__})
    finally:
        connections.close_all()
        _slots(source).release()
    answers.put((source, found))


def count_rows(rows: QuerySet[Any]) -> int:
    """Return how many rows there are, MOST_COUNTED at most."""
    return rows.order_by()[:MOST_COUNTED].count()
