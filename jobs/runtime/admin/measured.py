"""What was counted in the last hour, day or week, as the figures that staff read: pace, success, how long things took.

tally.py counts; here several functions or slots become one, and a share or a percentile becomes words.
Called by the dashboard and the pages of functions and queues.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.runtime import tally
from jobs.runtime.admin import figures
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Status
from jobs.runtime.tally import Counted, Histogram, Slot, Span

SPANS: tuple[Span, ...] = get_args(Span)
WORDS: dict[str, Any] = {
    "hour": gettext_lazy("Last hour"),
    "day": gettext_lazy("Last day"),
    "week": gettext_lazy("Last week"),
}
EACH: dict[str, Any] = {
    "hour": gettext_lazy("per minute"),
    "day": gettext_lazy("per quarter of an hour"),
    "week": gettext_lazy("per hour"),
}
# A chart of a week is read from hundreds of hashes, a quarter of a second of work; who looks at it every five
# seconds sees nothing new in most of them.
FRESH_SECONDS: dict[str, float] = {"hour": 0.0, "day": 10.0, "week": 30.0}
_kept: dict[str, tuple[float, list[Slot]]] = {}

STEPS: dict[str, timedelta] = {
    "hour": timedelta(minutes=1),
    "day": timedelta(minutes=15),
    "week": timedelta(hours=1),
}


def span_of(text: str) -> Span:
    """Return the span of that name, the hour for anything else."""
    return next((span for span in SPANS if span == text), "hour")


def together(counts: Iterable[Counted]) -> Counted:
    """Return several functions, or moments of one, as one."""
    ended, errors, runs, waits = Counter[str](), Counter[str](), [], []
    retried = died = stopped = 0
    for counted in counts:
        ended.update(counted.ended)
        errors.update(counted.errors)
        runs.append(counted.runs)
        waits.append(counted.waits)
        retried, died, stopped = retried + counted.retried, died + counted.died, stopped + counted.stopped
    return Counted(ended, errors, _sum(runs), _sum(waits), retried=retried, died=died, stopped=stopped)


def _sum(histograms: Sequence[Histogram]) -> Histogram:
    if len(histograms) == 1:
        return histograms[0]
    counts = [histogram.counts for histogram in histograms]
    seconds = sum(histogram.sum_seconds for histogram in histograms)
    return Histogram(tuple(map(sum, zip(*counts, strict=True))), seconds) if counts else Histogram()


@dataclass(frozen=True)
class Moment:
    """One slot of a chart. at: its beginning."""

    at: datetime
    counted: Counted


def moments(slots: Iterable[Slot], functions: Iterable[str] | None = None) -> list[Moment]:
    """Return the slots with these functions, or all of them, as one."""
    wanted = None if functions is None else set(functions)
    return [
        Moment(slot.at, together(each for name, each in slot.functions.items() if wanted is None or name in wanted))
        for slot in slots
    ]


@dataclass(frozen=True)
class Measured:
    """The figures of a span."""

    span: Span
    counted: Counted
    slots: int

    @property
    def ended(self) -> int:
        return sum(self.counted.ended.values())

    @property
    def pace(self) -> str:
        """How many end in a minute, or in an hour when they are few."""
        minutes = STEPS[self.span].total_seconds() * self.slots / 60
        each = self.ended / minutes if minutes else 0.0
        if each >= 1 or not self.ended:
            return _("%(count)s / min") % {"count": f"{each:.0f}" if each >= 10 else f"{each:.1f}"}
        return _("%(count)s / h") % {"count": f"{each * 60:.1f}"}

    @property
    def success_share(self) -> float | None:
        """Of what ended by itself; a cancelled task neither succeeded nor failed."""
        done, failed = (self.counted.ended.get(status, 0) for status in (Status.SUCCESS, Status.FAILURE))
        return done / (done + failed) if done + failed else None

    @property
    def success_rate(self) -> str:
        return share(self.success_share)

    def run(self, q: float) -> str:
        return seconds(self.counted.runs.percentile(q))

    def wait(self, q: float) -> str:
        return seconds(self.counted.waits.percentile(q))

    @property
    def p50(self) -> str:
        return self.run(0.5)

    @property
    def p95(self) -> str:
        return self.run(0.95)

    @property
    def p99(self) -> str:
        return self.run(0.99)


def measure(span: Span, found: Sequence[Moment]) -> Measured:
    return Measured(span, together(moment.counted for moment in found), len(found))


def series(span: Span) -> list[Slot] | None:
    """Return what was counted; None while Redis does not answer."""
    until, slots = _kept.get(span, (0.0, []))
    if time.monotonic() < until:
        return slots
    try:
        slots = tally.series(span)
    except QueueUnreachable:
        return None
    if FRESH_SECONDS[span]:
        _kept[span] = (time.monotonic() + FRESH_SECONDS[span], slots)
    return slots


def forget() -> None:
    """Read all spans anew; for tests."""
    _kept.clear()


def seconds(value: float | None) -> str:
    return figures.NOTHING if value is None else figures.seconds(value)


def share(value: float | None) -> str:
    """Return a share in percent; 100 % only when it is all of them, 0 % when it is none."""
    if value is None:
        return figures.NOTHING
    percent = 100 * value
    return f"{percent:.0f} %" if percent in {0.0, 100.0} else f"{min(max(percent, 0.1), 99.9):.1f} %"


@dataclass(frozen=True)
class Choice:
    """One of the spans to choose from."""

    name: str
    word: str
    is_chosen: bool


def choices(span: Span) -> list[Choice]:
    return [Choice(name, str(WORDS[name]), name == span) for name in SPANS]
