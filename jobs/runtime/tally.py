"""What has happened, in numbers: ends, failed attempts, retries and deaths per function, seconds of runs and of waits.

Kept in Redis as hashes: one for each minute (2 hours), one for each quarter of an hour (8 days), and the totals since
counting began. All of it may be lost at any time; then charts begin anew and Prometheus sees a counter start again.
What is no number of ours in those hashes is not read. Written by counting.py; read by metrics.py and the admin.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal

from jobs.runtime import registry
from jobs.runtime.connection import client, key
from jobs.runtime.models import ErrorType
from jobs.runtime.models.task import FINAL
from jobs.runtime.queue import reaching

# Upper ends: from a sentence out of the cache to the longest image job; what is above them is +Inf.
BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
MINUTE_SECONDS, QUARTER_SECONDS, HOUR_SECONDS = 60, 900, 3600
MINUTES_KEPT_SECONDS, QUARTERS_KEPT_SECONDS = 2 * 3600, 8 * 86_400
# Whose function has left the code: one name for all of them, or old rows would make new series for ever.
OTHER = "other"
# Larger numbers lose digits in Lua, and nobody counts so far.
LARGEST = 2**53
# A function's name of 64 characters, and two words of ours.
LONGEST_FIELD_BYTES = 100

# Kinds of fields: `speech|ended|success`, `speech|runs|7`, `speech|runs|microseconds`.
ENDED, ERRORS, RUNS, WAITS, OUTSIDE = "ended", "errors", "runs", "waits", "outside"
SUM = "microseconds"
RETRIED, DIED, STOPPED = "retried", "died", "stopped"
_NAMES: dict[str, frozenset[str]] = {
    ENDED: frozenset(status.value for status in FINAL),
    ERRORS: frozenset(ErrorType.values),
    RUNS: frozenset([SUM, *map(str, range(len(BUCKETS_SECONDS) + 1))]),
    WAITS: frozenset([SUM, *map(str, range(len(BUCKETS_SECONDS) + 1))]),
    OUTSIDE: frozenset([RETRIED, DIED, STOPPED]),
}


# Kind and name.
_Place = tuple[str, str]


@dataclass(frozen=True)
class Histogram:
    """counts: of each of BUCKETS_SECONDS by itself, not summed up; the last one is +Inf."""

    counts: tuple[int, ...] = (0,) * (len(BUCKETS_SECONDS) + 1)
    sum_seconds: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.counts)

    def percentile(self, q: float) -> float | None:
        """
        Return the seconds that a share `q` of all stayed below; None when there are none.

        q: 0..1. Taken to lie evenly within a bucket, as Prometheus' histogram_quantile does; of what is above the
        last bucket only that bucket's end is known.
        """
        if not self.total:
            return None
        rank = q * self.total
        for index, (before, count) in enumerate(zip(accumulate(self.counts, initial=0), self.counts, strict=False)):
            if count and before + count >= rank:
                if index == len(BUCKETS_SECONDS):
                    break
                low = BUCKETS_SECONDS[index - 1] if index else 0.0
                return low + (BUCKETS_SECONDS[index] - low) * (rank - before) / count
        return BUCKETS_SECONDS[-1]


@dataclass(frozen=True)
class Counted:
    """
    What happened to the tasks of one function.

    ended: final status -> tasks. errors: error type -> failed attempts, those that were tried again too.
    runs: seconds of successful attempts. waits: seconds from acceptance to the start of the first attempt; without
    batches, which wait for their parts. retried: attempts that were followed by another after a failure;
    died: attempts that ended with their worker; stopped: handed back unharmed.
    """

    ended: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    runs: Histogram = Histogram()
    waits: Histogram = Histogram()
    retried: int = 0
    died: int = 0
    stopped: int = 0


@dataclass(frozen=True)
class Slot:
    """at: its beginning, UTC. functions: only those of which anything happened."""

    at: datetime
    functions: Mapping[str, Counted]


Span = Literal["hour", "day", "week"]
# Seconds of a slot, slots, and the hashes that it is read from: family and their seconds.
_SPANS: dict[str, tuple[int, int, str, int]] = {
    "hour": (MINUTE_SECONDS, 60, "minute", MINUTE_SECONDS),
    "day": (QUARTER_SECONDS, 96, "quarter", QUARTER_SECONDS),
    "week": (HOUR_SECONDS, 168, "quarter", QUARTER_SECONDS),
}


@reaching
def series(span: Span) -> list[Slot]:
    """Return the last hour, day or week in 60, 96 or 168 slots, the oldest first; the last one is not over yet."""
    seconds, slots, family, step = _SPANS[span]
    now = client().time()[0]
    first = (now // seconds - slots + 1) * seconds
    pipeline = client().pipeline(transaction=False)
    for at in range(first, first + slots * seconds, step):
        pipeline.hgetall(key("tally", family, str(at // step)))
    # One that others spoiled is empty, and keeps nobody from seeing the others.
    answers = pipeline.execute(raise_on_error=False)
    each = seconds // step
    return [
        Slot(datetime.fromtimestamp(first + n * seconds, UTC), _read(answers[n * each : (n + 1) * each]))
        for n in range(slots)
    ]


@reaching
def total() -> dict[str, Counted]:
    """Return what was counted since counting began, by function."""
    pipeline = client().pipeline(transaction=False)
    pipeline.hgetall(key("tally", "total"))
    return _read(pipeline.execute(raise_on_error=False))


def summed(slots: Iterable[Slot]) -> dict[str, Counted]:
    """Return several slots as one."""
    fields: dict[str, Counter[_Place]] = {}
    for slot in slots:
        for name, counted in slot.functions.items():
            fields.setdefault(name, Counter()).update(_parts(counted))
    return {name: _counted(found) for name, found in fields.items()}


def _read(hashes: Iterable[Any]) -> dict[str, Counted]:
    fields: dict[str, dict[_Place, int]] = {}
    known: dict[str, bool] = {OTHER: True}
    for found in hashes:
        for raw, value in found.items() if isinstance(found, dict) else ():
            parsed = _parse(raw)
            # 16 digits are more than LARGEST; int() of a million of them would take seconds.
            if parsed is None or not value.isdigit() or len(value) > 16 or (amount := int(value)) >= LARGEST:
                continue
            name, place = parsed
            if name not in known:
                known[name] = registry.find(name) is not None
            if known[name]:
                of_function = fields.setdefault(name, {})
                of_function[place] = of_function.get(place, 0) + amount
    return {name: _counted(fields[name]) for name in sorted(fields)}


# The same few hundred fields stand in each of a week's hashes. Of what strangers write only short words are kept here.
@lru_cache(maxsize=8192)
def _parse(raw: bytes) -> tuple[str, _Place] | None:
    """Return function, and kind and name of a field; None for what nobody of ours wrote."""
    words = raw.decode("utf-8", "replace").split("|") if len(raw) <= LONGEST_FIELD_BYTES else ()
    if len(words) != 3 or words[2] not in _NAMES.get(words[1], ()):
        return None
    return words[0], (words[1], words[2])


def _counted(fields: Mapping[_Place, int]) -> Counted:
    words: dict[str, dict[str, int]] = {ENDED: {}, ERRORS: {}, OUTSIDE: {}}
    counts = {RUNS: [0] * (len(BUCKETS_SECONDS) + 1), WAITS: [0] * (len(BUCKETS_SECONDS) + 1)}
    sums = {RUNS: 0.0, WAITS: 0.0}
    for (kind, what), amount in fields.items():
        if kind in words:
            words[kind][what] = amount
        elif what == SUM:
            sums[kind] = amount / 1_000_000
        else:
            counts[kind][int(what)] = amount
    outside = words[OUTSIDE]
    return Counted(
        ended=dict(sorted(words[ENDED].items())),
        errors=dict(sorted(words[ERRORS].items())),
        runs=Histogram(tuple(counts[RUNS]), sums[RUNS]),
        waits=Histogram(tuple(counts[WAITS]), sums[WAITS]),
        retried=outside.get(RETRIED, 0),
        died=outside.get(DIED, 0),
        stopped=outside.get(STOPPED, 0),
    )


def _parts(counted: Counted) -> dict[_Place, int]:
    found = {(ENDED, name): amount for name, amount in counted.ended.items() if amount}
    found |= {(ERRORS, name): amount for name, amount in counted.errors.items() if amount}
    for kind, histogram in ((RUNS, counted.runs), (WAITS, counted.waits)):
        found |= {(kind, str(index)): amount for index, amount in enumerate(histogram.counts) if amount}
        found[kind, SUM] = round(histogram.sum_seconds * 1_000_000)
    outside = {RETRIED: counted.retried, DIED: counted.died, STOPPED: counted.stopped}
    return found | {(OUTSIDE, name): amount for name, amount in outside.items() if amount}
