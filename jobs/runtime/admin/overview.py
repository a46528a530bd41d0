"""What goes on just now, in few figures: tiles, charts of a span, queues, workers, the last failures.

Every figure is read when it is asked for, and costs the same with a million rows: charts and percentiles come
from tally.py, rows are counted up to a bound. Without Redis the part that comes from it says so.
Called by the dashboard of core/admin.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.runtime import clock
from jobs.runtime.admin import backlog, breakers, cells, charts, figures, measured, tiles, workers_page
from jobs.runtime.admin.backlog import Queue
from jobs.runtime.admin.charts import Charts
from jobs.runtime.admin.tiles import Tile
from jobs.runtime.admin.workers_page import Worker
from jobs.runtime.breaker import State
from jobs.runtime.models import Schedule, Status, Task
from jobs.runtime.models.schedule import PAUSED
from jobs.runtime.tally import Span

FAILURES_SHOWN = 5
WORKERS_SHOWN = 12
# Below it the tile of the success rate warns: REQUIREMENTS alerts at ten failures of a hundred.
GOOD_SHARE = 0.9

May = Callable[[str], bool]


@dataclass(frozen=True)
class InState:
    """A state, its pill, how many tasks, and the list of them."""

    pill: str
    count: str
    url: str


@dataclass(frozen=True)
class Overview:
    """charts: None while Redis does not answer."""

    now: datetime
    is_reachable: bool
    may_pause: bool
    choices: list[measured.Choice]
    tiles: list[Tile]
    charts: Charts | None
    queues: list[Queue]
    workers: list[Worker]
    workers_count: int
    states: list[InState]
    failures: list[tuple[Task, str, str, str]]  # task, title, type and code of the error, when


def read(*, may: May = lambda _permission: False, span: Span = "hour") -> Overview:
    """Return the dashboard of somebody. may: whether they have a permission; they have jobs.view_task."""
    now, waiting = clock.now(), backlog.count_open()
    queues, is_reachable = backlog.read(now, waiting)
    slots = measured.series(span) if is_reachable else None
    found = None if slots is None else measured.moments(slots)
    whole = None if found is None else measured.measure(span, found)
    living, _answered = workers_page.find() if is_reachable else ([], False)
    workers = workers_page.workers(living[:WORKERS_SHOWN], now)
    return Overview(
        now=now,
        is_reachable=is_reachable,
        may_pause=may("jobs.change_pause"),
        choices=measured.choices(span),
        tiles=[
            *(_of_span(whole) if whole is not None else []),
            *_of_now(queues, len(living), is_reachable=is_reachable),
            *(_next_run(now) if may("jobs.view_schedule") else []),
            *tiles.of_rooms(now, may=may),
        ],
        charts=None if found is None else charts.draw(span, found),
        queues=queues,
        workers=workers,
        workers_count=len(living),
        states=_states(waiting, whole),
        failures=_failures(now),
    )


def _of_span(whole: measured.Measured) -> list[Tile]:
    share, failed = whole.success_share, whole.counted.ended.get(Status.FAILURE, 0)
    functions = reverse("admin:functions") + f"?span={whole.span}"
    return [
        Tile(
            _("Throughput"),
            whole.pace,
            ngettext("%(count)s task ended", "%(count)s tasks ended", whole.ended) % {"count": whole.ended},
            functions,
        ),
        Tile(
            _("Success rate"),
            whole.success_rate,
            ngettext("%(count)s failed", "%(count)s failed", failed) % {"count": failed},
            _list(Status.FAILURE),
            warning=_("low") if share is not None and share < GOOD_SHARE else "",
            is_bad=share is not None and share < GOOD_SHARE / 2,
        ),
        Tile(_("Time of a run"), whole.p50, _("p95 %(time)s") % {"time": whole.p95}, functions),
        Tile(
            _("Wait before it"),
            whole.wait(0.5),
            _("p95 %(time)s") % {"time": whole.wait(0.95)},
            reverse("admin:queues"),
        ),
    ]


def _of_now(queues: Sequence[Queue], workers: int, *, is_reachable: bool) -> list[Tile]:
    oldest = max((queue.oldest_seconds for queue in queues if queue.oldest_seconds is not None), default=None)
    age = figures.NOTHING if oldest is None else figures.seconds(oldest)
    ready, paused = sum(queue.ready or 0 for queue in queues), any(queue.pause for queue in queues)
    is_late = oldest is not None and oldest > backlog.LONG_SECONDS
    depth = Tile(
        _("Ready in the queues"),
        str(ready) if is_reachable else "?",
        _("oldest waits %(time)s") % {"time": age},
        reverse("admin:queues"),
        warning=_("paused") if paused else _("late") if is_late else "",
    )
    if not is_reachable:
        return [depth, Tile(_("Workers"), "?", "", reverse("admin:workers"), _("not known"))]
    alive = Tile(
        _("Workers"),
        str(workers),
        _("alive"),
        reverse("admin:workers"),
        warning="" if workers else _("nobody"),
        is_bad=True,
    )
    return [depth, alive, *_circuits()]


def _circuits() -> list[Tile]:
    looks = [row.look for port in breakers.read(may_switch=False).ports for row in port.rows if row.look is not None]
    if not looks:
        return []
    left_alone = sum(look.state != State.CLOSED for look in looks)
    note = ngettext("of %(count)s provider", "of %(count)s providers", len(looks)) % {"count": len(looks)}
    warning = _("left alone") if left_alone else ""
    return [Tile(_("Open circuits"), str(left_alone), note, reverse("admin:breakers"), warning)]


def _next_run(now: datetime) -> list[Tile]:
    coming = Schedule.objects.exclude(repeats=PAUSED).filter(next_run__isnull=False).order_by("next_run").first()
    if coming is None:
        return []
    url = reverse("admin:jobs_schedule_changelist")
    return [Tile(_("Next schedule"), figures.when(coming.next_run, now), str(coming.name or f"#{coming.pk}"), url)]


def _states(waiting: backlog.Open, whole: measured.Measured | None) -> list[InState]:
    """Return how many are in each state: of the open ones now, of the ended ones in the span."""
    counts = {status: waiting.words(status) for status in waiting.counts}
    ended = {} if whole is None else whole.counted.ended
    for status in (Status.SUCCESS, Status.FAILURE, Status.CANCELLED):
        counts[status] = "?" if whole is None else str(ended.get(status, 0))
    return [InState(cells.pill(status), counts[status], _list(status)) for status in Status]


def _list(status: str) -> str:
    return f"{reverse('admin:jobs_task_changelist')}?status={status}"


def _failures(now: datetime) -> list[tuple[Task, str, str, str]]:
    failed = Task.objects.filter(status=Status.FAILURE).defer("inputs", "steps").order_by("-id")[:FAILURES_SHOWN]
    # No message: it is for the page of the task.
    return [
        (task, cells.title(task.function), cells.error(task), figures.when(task.completed_at, now)) for task in failed
    ]
