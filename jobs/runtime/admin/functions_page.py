"""The pages of the functions: a list with what each came to in a span, and a page for each of them.

For staff with jobs.view_task. Nothing is changed here; the button leads to the form of run_form.py. Figures are from
tally.py; of failed rows only the newest LOOKED_THROUGH are looked at, which costs the same with a million rows.
Mounted by core/admin.py.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.db.models import Count
from django.http import Http404, HttpRequest
from django.urls import URLPattern, reverse
from django.utils.translation import gettext as _

from jobs.runtime import clock, registry
from jobs.runtime.admin import cells, charts, declared, figures, measured, schedule_page
from jobs.runtime.admin.charts import Charts
from jobs.runtime.admin.framed import FramedPage
from jobs.runtime.admin.measured import Measured
from jobs.runtime.models import Schedule, Status, Task
from jobs.runtime.registry import Function
from jobs.runtime.tally import Span

RUN, SCHEDULES = "jobs.add_task", "jobs.view_schedule"
# The newest failed rows of all functions: some milliseconds.
LOOKED_THROUGH = 1_000
ERRORS_SHOWN = 10
SCHEDULES_SHOWN = 20
# Schedules are made by hand; more than these nobody has.
SCHEDULES_LOOKED_THROUGH = 500


@dataclass(frozen=True)
class Error:
    task: Task
    words: str
    when: str


@dataclass(frozen=True)
class Row:
    """A function in the list. figures: None while Redis does not answer."""

    name: str
    title: str
    queue: str
    url: str
    figures: Measured | None
    is_low: bool
    running: int
    error: Error | None


@dataclass(frozen=True)
class Listed:
    choices: list[measured.Choice]
    span: Span
    is_reachable: bool
    rows: list[Row]


@dataclass(frozen=True)
class Page:
    spec: Function
    title: str
    summary: str
    choices: list[measured.Choice]
    is_reachable: bool
    figures: Measured | None
    charts: Charts | None
    running: int
    errors: list[Error]
    facts: list[tuple[str, str]]
    retries: list[declared.Rule]
    fields: list[declared.Field]
    schema: str
    schedules: list[tuple[Schedule, str, str]]  # with its rhythm, and when it is due next
    every: str
    tasks_url: str
    run_url: str


def listed(span: Span) -> Listed:
    now, slots = clock.now(), measured.series(span)
    running, failed = _running(), _last_failures()
    errors = Task.objects.defer("inputs", "steps").in_bulk([ids[0] for ids in failed.values()])
    rows = []
    for spec in registry.every():
        found = None if slots is None else measured.moments(slots, [spec.name])
        whole = None if found is None else measured.measure(span, found)
        last = errors.get(failed[spec.name][0]) if spec.name in failed else None
        rows.append(
            Row(
                name=spec.name,
                title=cells.title(spec.name),
                queue=spec.queue,
                url=reverse("admin:function", args=[spec.name]) + f"?span={span}",
                figures=whole,
                is_low=whole is not None and whole.success_share is not None and whole.success_share < 0.9,
                running=running.get(spec.name, 0),
                error=_error(last, now) if last is not None else None,
            )
        )
    # What is used most stands first; the others by name.
    rows.sort(key=lambda row: -(row.figures.ended if row.figures else 0))
    return Listed(measured.choices(span), span, slots is not None, rows)


def read(spec: Function, span: Span, *, may: Callable[[str], bool]) -> Page:
    now, slots = clock.now(), measured.series(span)
    found = None if slots is None else measured.moments(slots, [spec.name])
    ids = _last_failures().get(spec.name, [])[:ERRORS_SHOWN]
    failed = Task.objects.defer("inputs", "steps").in_bulk(ids)
    schema = spec.input_type.model_json_schema()
    offered = not spec.house_only and may(RUN)
    return Page(
        spec=spec,
        title=cells.title(spec.name),
        summary=_(spec.summary) if spec.summary else "",
        choices=measured.choices(span),
        is_reachable=slots is not None,
        figures=None if found is None else measured.measure(span, found),
        charts=None if found is None else charts.draw(span, found),
        running=_running().get(spec.name, 0),
        errors=[_error(failed[task_id], now) for task_id in ids if task_id in failed],
        facts=declared.facts(spec),
        retries=declared.rules(spec),
        fields=declared.fields(schema),
        schema=json.dumps(schema, ensure_ascii=False, indent=2),
        schedules=_schedules(spec, now) if may(SCHEDULES) else [],
        every=figures.seconds(spec.every_seconds) if spec.every_seconds else "",
        tasks_url=reverse("admin:jobs_task_changelist") + f"?function={spec.name}",
        run_url=reverse("admin:run_function", args=[spec.name]) if offered else "",
    )


def _running() -> Mapping[str, int]:
    rows = Task.objects.filter(status=Status.PROCESSING).order_by().values("function").annotate(count=Count("pk"))
    return {row["function"]: row["count"] for row in rows}


def _last_failures() -> dict[str, list[UUID]]:
    """Return the ids of the newest failed tasks of each function that failed lately, the newest first."""
    failed = Task.objects.filter(status=Status.FAILURE).order_by("-id").values_list("function", "pk")[:LOOKED_THROUGH]
    found: dict[str, list[UUID]] = {}
    for name, task_id in failed:
        found.setdefault(name, []).append(task_id)
    return found


def _error(task: Task, now: datetime) -> Error:
    return Error(task, cells.error(task), figures.when(task.completed_at, now))


def _schedules(spec: Function, now: datetime) -> list[tuple[Schedule, str, str]]:
    rows = Schedule.objects.order_by("name", "pk")[:SCHEDULES_LOOKED_THROUGH]
    own = [row for row in rows if not row.refusal() and row.plan().function == spec.name]
    return [
        (row, schedule_page.rhythm(row), figures.when(schedule_page.next_run(row), now))
        for row in own[:SCHEDULES_SHOWN]
    ]


def urls(site: AdminSite) -> list[URLPattern]:
    # The list's card before the page of a function, which could be called so.
    return [*LIST.urls(site), *PAGE.urls(site)]


def _span(request: HttpRequest) -> Span:
    return measured.span_of(request.GET.get("span", ""))


def _list_context(request: HttpRequest) -> dict[str, Any]:
    return {"title": _("Functions"), "page": listed(_span(request))}


def _context(request: HttpRequest, name: str) -> dict[str, Any]:
    spec = registry.find(name)
    if spec is None:
        raise Http404
    page = read(spec, _span(request), may=request.user.has_perm)
    return {"title": page.title, "page": page}


LIST = FramedPage(
    "functions", "functions/", "admin/jobs/functions.html", "admin/jobs/functions_card.html", _list_context
)
PAGE = FramedPage(
    "function", "functions/<slug:name>/", "admin/jobs/function.html", "admin/jobs/function_card.html", _context
)
