"""The runtime's own sources of metrics: what was counted, what waits, who works, which providers are left alone.

Each function is one source (metrics.py): it raises what Redis or the database raises, and is left out then. What
strangers wrote into Redis is passed over. Registered by apps.py.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError
from django.db.models import Min, QuerySet
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from jobs.runtime import breaker, clock, keepers, provider_calls, registry, stats, tally
from jobs.runtime.connection import client, key
from jobs.runtime.identity import age_seconds
from jobs.runtime.metrics import count_rows
from jobs.runtime.models import Schedule, Status, Task
from jobs.runtime.models.schedule import PAUSED
from jobs.runtime.models.task import FINAL, WAITING
from jobs.runtime.queue import id_of, member_of, reaching
from jobs.runtime.registry import QUEUES
from jobs.runtime.tally import BUCKETS_SECONDS, Counted, Histogram

# Of what waits longest, so many are looked for in the queues, of each state; the first of a queue is among them, or is
# younger.
LOOKED_AT = 200
# Of a delayed task; the keepers look five times a second.
OVERDUE_SECONDS = 5.0
LANES = ("any", "interactive")


# --- Counted (tally.py) --------------------------------------------------------


def counted() -> Iterable[Metric]:
    found = tally.total()
    # A counter that appears with its first failure has no rise that an alert could see.
    functions = {spec.name: found.get(spec.name, Counted()) for spec in registry.every()} | found
    yield from _ends(functions)
    runs = HistogramMetricFamily(
        "koebako_task_duration_seconds", "How long successful attempts ran, in seconds.", labels=["function"]
    )
    waits = HistogramMetricFamily(
        "koebako_task_wait_seconds",
        "How long tasks waited from their acceptance to their first start, in seconds.",
        labels=["function"],
    )
    for name, each in functions.items():
        _add_histogram(runs, name, each.runs)
        _add_histogram(waits, name, each.waits)
    yield runs
    yield waits


def _ends(functions: Mapping[str, Counted]) -> Iterator[Metric]:
    tasks = CounterMetricFamily(
        "koebako_tasks", "Tasks that have ended, by their final status.", labels=["function", "status"]
    )
    errors = CounterMetricFamily(
        "koebako_task_errors",
        "Failed attempts by error type; those that were tried again too.",
        labels=["function", "error_type"],
    )
    retries = CounterMetricFamily(
        "koebako_task_retries", "Attempts that failed and were followed by another.", labels=["function"]
    )
    deaths = CounterMetricFamily(
        "koebako_task_deaths", "Attempts that ended with their worker process.", labels=["function"]
    )
    returned = CounterMetricFamily(
        "koebako_task_handbacks", "Claimed tasks that a stopping worker gave back unharmed.", labels=["function"]
    )
    for name, each in functions.items():
        for status in FINAL:
            tasks.add_metric([name, status.value], each.ended.get(status.value, 0))
        for error_type, count in each.errors.items():
            errors.add_metric([name, error_type], count)
        retries.add_metric([name], each.retried)
        deaths.add_metric([name], each.died)
        returned.add_metric([name], each.stopped)
    yield from (tasks, errors, retries, deaths, returned)


def _add_histogram(family: HistogramMetricFamily, name: str, histogram: Histogram) -> None:
    ends = [*map(floatToGoString, BUCKETS_SECONDS), "+Inf"]
    family.add_metric([name], list(zip(ends, accumulate(histogram.counts), strict=True)), histogram.sum_seconds)


# --- Waiting -------------------------------------------------------------------


def queued() -> Iterable[Metric]:
    size = GaugeMetricFamily("koebako_queue_size", "Tasks that may run now and wait in a queue.", labels=["queue"])
    oldest = GaugeMetricFamily(
        "koebako_queue_oldest_seconds", "Age of the oldest task that waits in a queue; 0 without one.", labels=["queue"]
    )
    paused = GaugeMetricFamily("koebako_queue_paused", "1 for a queue that staff have paused.", labels=["queue"])
    sizes, first, halted, scalars = _look()
    for name in QUEUES:
        size.add_metric([name], sizes[name])
        oldest.add_metric([name], first[name])
        paused.add_metric([name], name in halted)
    yield from (size, oldest, paused)
    helps = {
        "koebako_delayed_tasks": "Tasks that wait for the end of a retry's delay.",
        "koebako_overdue_tasks": "Of those, tasks whose delay is over and that nobody has queued again.",
        "koebako_limited_tasks": "Tasks that wait for a limit of their function: running at once, or per time.",
    }
    for metric, words in helps.items():
        yield GaugeMetricFamily(metric, words, value=scalars[metric])
    yield CounterMetricFamily(
        "koebako_foreign_entries", "Entries of the queues that were none of ours and set aside.", scalars["aside"]
    )


@reaching
def _look() -> tuple[dict[str, int], dict[str, float], set[str], dict[str, float]]:
    """Return sizes and ages by queue, the paused ones, and single figures."""
    pipeline = client().pipeline(transaction=False)
    for name in QUEUES:
        pipeline.zcard(key("ready", name))
        pipeline.zrange(key("ready", name), 0, 0)
    pipeline.smembers(key("paused"))
    pipeline.zcard(key("delayed"))
    pipeline.zcount(key("delayed"), "-inf", (time.time() - OVERDUE_SECONDS) * 1000)
    pipeline.get(key("aside_total"))
    pipeline.smembers(key("blocked"))
    answers = pipeline.execute(raise_on_error=False)
    sizes: dict[str, int] = {name: _number(answers[2 * n]) for n, name in enumerate(QUEUES)}
    first: dict[str, float] = {name: _age(answers[2 * n + 1]) for n, name in enumerate(QUEUES)}
    halted, delayed, overdue, aside, blocked = answers[2 * len(QUEUES) :]
    limited = _blocked(blocked)
    for waiting, age in _oldest().items():
        first[waiting] = max(first[waiting], age)
    scalars: dict[str, float] = {
        "koebako_delayed_tasks": _number(delayed),
        "koebako_overdue_tasks": _number(overdue),
        "koebako_limited_tasks": limited,
        "aside": _number(aside),
    }
    names = {raw.decode("utf-8", "replace") for raw in halted} if isinstance(halted, set) else set()
    return sizes, first, names, scalars


def _blocked(limits: Any) -> int:
    if not isinstance(limits, set) or not limits:
        return 0
    pipeline = client().pipeline(transaction=False)
    for raw in sorted(limits)[:500]:
        pipeline.zcard(key("blocked", raw.decode("utf-8", "replace")))
    return sum(map(_number, pipeline.execute(raise_on_error=False)))


def _age(members: Any) -> float:
    """Return the age of the next in a queue, 0 when there is none of ours."""
    ids = [id_of(member) for member in members] if isinstance(members, list) else []
    return age_seconds(ids[0]) if ids and ids[0] else 0.0


def _oldest() -> dict[str, float]:
    """
    Return the age of the oldest of each queue that has one among those that wait longest.

    What runs next is not what is oldest: a later task of somebody who has waited for nothing comes before the
    hundredth of somebody else. The rows know the oldest, Redis which of them may run now. Without the rows the next
    of each queue stands for the oldest.
    """
    try:
        # State by state, which task_status has in this order; for both at once SQLite would sort all that wait.
        rows = sorted(row for status in WAITING for row in _first(status) if row[1] in QUEUES)
    except (DatabaseError, InterfaceError):
        return {}
    pipeline = client().pipeline(transaction=False)
    for pk, name in rows:
        pipeline.zscore(key("ready", name), member_of(pk))
    ages: dict[str, float] = {}
    for (pk, name), score in zip(rows, pipeline.execute(raise_on_error=False), strict=True):
        if isinstance(score, float):
            ages.setdefault(name, age_seconds(pk))
    return ages


def _first(status: Status) -> "QuerySet[Task, tuple[UUID, str]]":
    return Task.objects.filter(status=status).order_by("id").values_list("pk", "queue")[:LOOKED_AT]


def _number(answer: Any) -> int:
    """Return a number of Redis; 0 for what others put in its place."""
    if isinstance(answer, int):
        return answer
    return int(answer) if isinstance(answer, bytes) and len(answer) <= 16 and answer.isdigit() else 0


# --- Working -------------------------------------------------------------------


def workers() -> Iterable[Metric]:
    live, known = stats.live_workers(), keepers.keepers()
    yield GaugeMetricFamily("koebako_workers", "Worker processes heard of in the last 10 seconds.", value=len(live))
    lanes = GaugeMetricFamily(
        "koebako_lane_workers",
        "Live workers by lane: those for interactive work alone, and the others.",
        labels=["lane"],
    )
    wanted = GaugeMetricFamily("koebako_lane_workers_wanted", "Workers that there should be.", labels=["lane"])
    heard = [each for each in known if each.is_live]
    goals = {"any": sum(each.wanted for each in heard), "interactive": len(heard)}
    for lane in LANES:
        lanes.add_metric([lane], sum(facts.get("lane") == lane for facts in live))
        wanted.add_metric([lane], goals[lane])
    yield from (lanes, wanted)
    busy = sum(bool(facts.get("task")) for facts in live)
    yield GaugeMetricFamily("koebako_workers_busy", "Workers that run a task.", value=busy)
    yield GaugeMetricFamily(
        "koebako_in_flight_tasks", "Ids that live workers have taken from a queue.", value=_held(live)
    )
    yield GaugeMetricFamily("koebako_keepers", "Keepers, one for each cluster, heard of lately.", value=len(heard))
    if known:
        silent = min(each.silent_seconds for each in known)
        yield GaugeMetricFamily("koebako_keeper_silent_seconds", "Seconds since any keeper was heard of.", value=silent)


@reaching
def _held(live: list[dict[str, Any]]) -> int:
    pipeline = client().pipeline(transaction=False)
    for facts in live:
        pipeline.hlen(key("held", facts["name"]))
    return sum(map(_number, pipeline.execute(raise_on_error=False)))


def active() -> Iterable[Metric]:
    running = count_rows(Task.objects.filter(status=Status.PROCESSING))
    yield GaugeMetricFamily("koebako_active_tasks", "Tasks that are being processed.", value=running)


def schedules() -> Iterable[Metric]:
    on = Schedule.objects.exclude(repeats=PAUSED).filter(next_run__isnull=False)
    first = on.aggregate(first=Min("next_run"))["first"]
    late = max(0.0, (clock.now() - first).total_seconds()) if first else 0.0
    yield GaugeMetricFamily(
        "koebako_schedule_late_seconds", "How long the most overdue schedule is overdue; 0 for none.", value=late
    )
    yield GaugeMetricFamily("koebako_schedules", "Schedules that are not paused.", value=count_rows(on))


# --- Providers -----------------------------------------------------------------


def circuits() -> Iterable[Metric]:
    names = ["port", "provider"]
    calls = CounterMetricFamily("koebako_provider_calls", "Calls to a provider outside the house.", labels=names)
    failures = CounterMetricFamily(
        "koebako_provider_failures", "Calls that it did not answer, or answered by asking for a pause.", labels=names
    )
    state = GaugeMetricFamily(
        "koebako_circuit_state",
        "1 for the state that the breaker of a provider is in: closed, open or half_open.",
        labels=[*names, "state"],
    )
    for (port, provider), (asked, failed) in provider_calls.counts().items():
        calls.add_metric([port, provider], asked)
        failures.add_metric([port, provider], failed)
        now = breaker.Breaker(port, provider).look().state
        for each in breaker.State:
            state.add_metric([port, provider, each.value], each == now)
    yield from (calls, failures, state)
