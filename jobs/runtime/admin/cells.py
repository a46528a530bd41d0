"""The cells of a task's row: one function each, for the list and for its live updates alike.

Every cell that changes while a task runs is wrapped with the task's id and version, so that
the script can put a newer one in its place. All values are escaped by format_html.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.runtime import clock, registry
from jobs.runtime.admin import figures
from jobs.runtime.models import ErrorType, Priority, Source, Status, Task

# The model's own labels are for programs; these are for people. The names of platforms stay.
SOURCES: dict[str, Any] = {
    Source.API: "API",
    Source.PAGE: gettext_lazy("page"),
    Source.ADMIN: gettext_lazy("admin"),
    Source.COMMAND: gettext_lazy("command"),
    Source.SCHEDULE: gettext_lazy("schedule"),
}
PRIORITIES: dict[int, Any] = {
    Priority.URGENT: gettext_lazy("urgent"),
    Priority.NORMAL: gettext_lazy("normal"),
    Priority.LOW: gettext_lazy("low"),
    Priority.BULK: gettext_lazy("bulk"),
}
ERRORS: dict[str, Any] = {
    ErrorType.NETWORK: gettext_lazy("network"),
    ErrorType.TIMEOUT: gettext_lazy("time ran out"),
    ErrorType.DATA_VALIDATION: gettext_lazy("input that cannot be used"),
    ErrorType.RESOURCE: gettext_lazy("memory or disk"),
    ErrorType.AI_SERVICE: gettext_lazy("service or unforeseen"),
}

# What a live update carries; the other columns never change.
LIVE = ("state", "bar", "tries", "duration")


def title(function: str) -> str:
    """Return the words for a function, its bare name when it has left the code."""
    spec = registry.find(function)
    return str(spec.title) if spec else function


def step_word(function: str, step: str) -> str:
    spec = registry.find(function)
    return str(spec.steps.get(step, step)) if spec else step


def source(value: str) -> str:
    return str(SOURCES.get(value) or value.capitalize())


def priority(value: int) -> str:
    return str(PRIORITIES.get(value, value))


def pill(status: str) -> str:
    return format_html('<span class="pill pill-{}">{}</span>', status, Status(status).label)


def state(task: Task, now: datetime) -> str:
    return pill(task.status)


def bar(task: Task, now: datetime) -> str:
    return format_html(
        '<span class="bar-cell"><progress class="bar bar-{}" role="progressbar" max="100" value="{}"'
        ' aria-valuemin="0" aria-valuemax="100" aria-valuenow="{}" aria-label="{}">{} %</progress>'
        '<span class="numbers">{} %</span></span>',
        *(task.status, task.progress, task.progress, _("Progress"), task.progress, task.progress),
    )


def tries(task: Task, now: datetime) -> str:
    return str(task.attempt)


def error_word(error_type: str) -> str:
    """Return the words for a type of error, the type itself when it has left the code."""
    return str(ERRORS.get(error_type, error_type))


def error(task: Task) -> str:
    """Return what kind of error a task ended with, and its code, by which others of it are found; no message."""
    return format_html(
        '{} <span class="code dim">{}</span>', error_word(task.error_type), task.error_code or task.error_type
    )


def duration(task: Task, now: datetime) -> str:
    """How long the newest attempt runs or ran; what it took from acceptance on stands on hover."""
    taken = run_seconds(task, now)
    if taken is None:
        return figures.NOTHING
    whole = ((task.completed_at or now) - task.created_at).total_seconds()
    words = _("%(time)s since it was accepted") % {"time": figures.seconds(whole)}
    return format_html('<span class="numbers" title="{}">{}</span>', words, figures.seconds(taken))


def run_seconds(task: Task, now: datetime) -> float | None:
    """Return the seconds of the newest attempt; None when none has begun, or it ended and another will follow."""
    if task.started_at is None or task.status in (Status.PENDING, Status.RETRY):
        return None
    return ((task.completed_at or now) - task.started_at).total_seconds()


_cells: dict[str, Callable[[Task, datetime], str]] = {"state": state, "bar": bar, "tries": tries, "duration": duration}


def live(task: Task, name: str, now: datetime | None = None) -> str:
    """Return the cell of that name in its wrapper."""
    return format_html(
        '<span class="cell" data-task="{}" data-cell="{}" data-version="{}" data-status="{}">{}</span>',
        *(task.pk, name, task.version, task.status, _cells[name](task, now or clock.now())),
    )
