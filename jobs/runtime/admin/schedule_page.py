"""What the admin says about a schedule: its state, its times, what became of them. Called by schedules.py."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.runtime import registry, schedule
from jobs.runtime.admin import cells, figures
from jobs.runtime.models import Schedule, Status, Task
from jobs.runtime.models.schedule import CRON, INTERVAL, Outcome

# Times to come, and what became of the newest ones.
NEXT_SHOWN, LAST_SHOWN = 3, 5

# The words of Schedule.refusal() and of schedule.py, for people.
REASONS: dict[str, Any] = {
    "foreign_func": gettext_lazy("it names something to call that is not ours"),
    "foreign_fields": gettext_lazy("it has a hook, arguments or a cluster of django-q2's"),
    "unreadable_plan": gettext_lazy("what is to be run cannot be read"),
    "unknown_rhythm": gettext_lazy("its rhythm is none of ours"),
    "bad_cron": gettext_lazy("its cron expression cannot be read, or is never due"),
    "unknown_function": gettext_lazy("its function has left the code"),
    "already_run": gettext_lazy("this time has run already, with another input"),
    "error": gettext_lazy("an error of ours, which is in the log"),
}
OUTCOMES = {
    Outcome.STARTED: Status.SUCCESS,
    Outcome.STILL_RUNNING: Status.RETRY,
    Outcome.MISSED: Status.RETRY,
    Outcome.REFUSED: Status.FAILURE,
}


@dataclass(frozen=True)
class Fired:
    pill: str
    due: str
    reason: str
    url: str


@dataclass(frozen=True)
class Page:
    pill: str
    rhythm: str
    refusal: str
    function: str
    next_runs: list[tuple[str, str]]  # from now, and on the schedule's own clock
    last: str
    fired: list[Fired]
    run_url: str


@dataclass(frozen=True)
class Declared:
    """A function with a period of its own, as its code says it."""

    title: str
    name: str
    every: str
    next_run: str
    last: str


def read(row: Schedule, request: HttpRequest, now: datetime) -> Page:
    refused = schedule.refusal(row)
    last, sees_tasks = row.task_id(), request.user.has_perm("jobs.view_task")
    run_url = reverse("admin:jobs_schedule_run", args=[row.pk])
    return Page(
        pill=pill(row),
        rhythm="" if refused else rhythm(row),
        refusal=reason_words(refused),
        function="" if row.refusal() else cells.title(row.plan().function),
        next_runs=[(figures.when(moment, now), _on_its_clock(row, moment)) for moment in _coming(row)],
        last=last_run(Task.objects.filter(pk=last).first() if last else None, now),
        fired=[_fired(each, now, sees_tasks) for each in row.firings.all()[:LAST_SHOWN]],
        run_url=run_url if not refused and request.user.has_perm("jobs.run_schedule") else "",
    )


def pill(row: Schedule) -> str:
    if schedule.refusal(row):
        return _pill(Status.FAILURE, _("refused"))
    if row.is_paused():
        return _pill(Status.CANCELLED, _("paused"))
    if row.next_run is None:
        return _pill(Status.SUCCESS, _("over"))
    return _pill(Status.PROCESSING, _("active"))


def rhythm(row: Schedule) -> str:
    """Return when a schedule of ours is due, in words."""
    if row.schedule_type == CRON:
        zone = row.plan().time_zone
        return format_html('<span class="code">{}</span> <span class="dim">{}</span>', row.cron, zone)
    if row.schedule_type == INTERVAL:
        count: int = row.minutes
        return ngettext("every minute", "every %(count)d minutes", count) % {"count": count}
    return _("once")


def next_run(row: Schedule) -> datetime | None:
    """Return when it is due next; None when it is paused, over or refused."""
    return None if row.is_paused() or schedule.refusal(row) else row.next_run


def last_run(task: Task | None, now: datetime) -> str:
    """Return the state of the last run and when it was, linked to its task."""
    if task is None:
        return figures.NOTHING
    url = reverse("admin:jobs_task_change", args=[task.pk])
    pill = cells.pill(task.status)
    return format_html('<a class="house-last" href="{}">{} {}</a>', url, pill, figures.when(task.created_at, now))


def inputs(row: Schedule) -> str:
    return "" if row.refusal() else json.dumps(row.plan().inputs, ensure_ascii=False, indent=2)


def reason_words(reason: str) -> str:
    """Return the words for a reason; one that names a field says so."""
    word, _colon, rest = reason.partition(": ")
    if word == "invalid_input":
        return _("its input does not fit any more: %(fields)s") % {"fields": rest}
    return str(REASONS.get(reason, reason))


def declared(now: datetime) -> list[Declared]:
    """Return the functions that declare a period; they are changed in the code only."""
    found = []
    for spec in registry.every():
        if spec.every_seconds is None:
            continue
        owned = Task.objects.filter(function=spec.name, owner__username=schedule.SYSTEM_USER)
        due = schedule.period_of(spec.every_seconds, now) + timedelta(seconds=spec.every_seconds)
        found.append(
            Declared(
                title=cells.title(spec.name),
                name=spec.name,
                every=figures.seconds(spec.every_seconds),
                next_run=figures.when(due, now),
                last=last_run(owned.order_by("-id").first(), now),
            )
        )
    return found


def _pill(status: str, word: str) -> str:
    return format_html('<span class="pill pill-{}">{}</span>', status, word)


def _coming(row: Schedule) -> list[datetime]:
    moment, found = next_run(row), list[datetime]()
    while moment is not None and len(found) < NEXT_SHOWN:
        found.append(moment)
        moment = row.next_after(moment)
    return found


def _on_its_clock(row: Schedule, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(row.plan().time_zone)).strftime("%Y-%m-%d %H:%M:%S %Z")


def _fired(firing: Any, now: datetime, sees_tasks: bool) -> Fired:
    return Fired(
        pill=_pill(OUTCOMES[Outcome(firing.outcome)], str(Outcome(firing.outcome).label)),
        due=figures.when(firing.due_at, now),
        reason=reason_words(firing.reason) if firing.reason else "",
        url=reverse("admin:jobs_task_change", args=[firing.task_id]) if firing.task_id and sees_tasks else "",
    )
