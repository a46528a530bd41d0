"""The deliveries as a source of metrics: what waits and since when, what will not arrive, how attempts ended.

Attempts are counted by the senders in Redis: their rows are deleted in time, and a counter must not fall. Each worker
adds up its own and hands them over now and then (rq_worker.py); what a killed one had not handed over is not counted.
"""

import logging
import threading
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import connection

from jobs.delivery import kinds
from jobs.delivery.models import Attempt, Delivery, Receiver, State
from jobs.runtime import clock
from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.identity import age_seconds
from jobs.runtime.metrics import count_rows
from jobs.runtime.queue import reaching

if TYPE_CHECKING:
    from prometheus_client import Metric

logger = logging.getLogger(__name__)

KEY = key("delivery_attempts")
FIRST_DUE = "SELECT id, next_at FROM delivery_delivery {hint} WHERE state = 'waiting' ORDER BY next_at LIMIT 1"
# SQLite would find all that wait by another index, and sort them. It reads that they are those of this one only where
# the state is a word and no parameter.
HINTS = {"sqlite": "INDEXED BY delivery_due"}
# Those that are still ahead, and those that will not arrive; what has arrived is counted by its attempts.
SHOWN = (State.WAITING, State.SENDING, State.DEAD)


class Ends:
    """How the attempts of this process ended, until they are handed over."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, kind: str, outcome: str) -> None:
        with self._lock:
            self._counts[f"{kind}|{outcome}"] += 1

    def hand_over(self) -> None:
        """Add them to what Redis knows. Without Redis they wait for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            _add(counts)
        except QueueUnreachable:
            with self._lock:
                self._counts.update(counts)


# Of this process.
ENDS = Ends()


@reaching
def _add(counts: "Counter[str]") -> None:
    if not counts:
        return
    pipeline = client().pipeline(transaction=False)
    for name, amount in counts.items():
        pipeline.hincrby(KEY, name, amount)
    # What others put in the way is moved aside by the sweep; until then it is not counted.
    pipeline.execute(raise_on_error=False)


def collect() -> "Iterable[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    rows = GaugeMetricFamily(
        "koebako_deliveries", "Deliveries by state; counted up to 10,000 of each.", labels=["state"]
    )
    for state in SHOWN:
        rows.add_metric([state.value], count_rows(Delivery.objects.filter(state=state)))
    yield rows
    waiting = Delivery.objects.filter(state=State.WAITING)
    first = waiting.order_by("id").values_list("pk", flat=True).first()
    yield GaugeMetricFamily(
        "koebako_delivery_oldest_seconds",
        "Age of the oldest delivery that still waits to be sent; 0 without one.",
        value=age_seconds(first) if first else 0.0,
    )
    due = [each.next_at for each in Delivery.objects.raw(FIRST_DUE.format(hint=HINTS.get(connection.vendor, "")))]
    late = max(0.0, (clock.now() - due[0]).total_seconds()) if due else 0.0
    yield GaugeMetricFamily(
        "koebako_delivery_late_seconds",
        "How long the most overdue delivery could have been tried, but for a pause of its receiver; 0 for none.",
        value=late,
    )
    silent = count_rows(Receiver.objects.filter(resume_at__gt=clock.now()))
    yield GaugeMetricFamily("koebako_delivery_paused_receivers", "Receivers that are left alone for now.", value=silent)


def attempts() -> "Iterable[Metric]":
    from prometheus_client.core import CounterMetricFamily

    counts = _counts()
    family = CounterMetricFamily(
        "koebako_delivery_attempts",
        "Attempts to deliver, by how they ended: sent, failed (tried again), dead (given up).",
        labels=["kind", "outcome"],
    )
    for kind in kinds.names():
        for outcome in (Attempt.Outcome.SENT, Attempt.Outcome.FAILED, Attempt.Outcome.DEAD):
            family.add_metric([kind, outcome.value], counts.get(f"{kind}|{outcome.value}", 0))
    yield family


@reaching
def _counts() -> dict[str, int]:
    pipeline = client().pipeline(transaction=False)
    pipeline.hgetall(KEY)
    [found] = pipeline.execute(raise_on_error=False)
    pairs: dict[bytes, Any] = found if isinstance(found, dict) else {}
    return {
        name.decode("utf-8", "replace"): int(value)
        for name, value in pairs.items()
        if value.isdigit() and len(value) <= 16
    }
