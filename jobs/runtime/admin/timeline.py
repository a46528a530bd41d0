"""What happened to a task, moment by moment: accepted, each attempt with its steps, the end.

Attempts that ended are rows; the running one is read from the task. Steps are kept for the
newest attempt only. Called by page.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from jobs.runtime import log_words, run_log
from jobs.runtime.admin import cells, figures
from jobs.runtime.log_words import Said
from jobs.runtime.models import Attempt, Status, Task
from jobs.runtime.models.attempt import Outcome

STATUS_OF = {
    Outcome.SUCCESS: Status.SUCCESS,
    Outcome.FAILURE: Status.FAILURE,
    Outcome.RETRY: Status.RETRY,
    Outcome.CANCELLED: Status.CANCELLED,
    Outcome.DIED: Status.RETRY,
}


@dataclass(frozen=True)
class Step:
    label: str
    began: str  # since the attempt's start
    took: str
    is_now: bool


@dataclass(frozen=True)
class Moment:
    """One entry: `status` gives the colour of its dot, `after` is the time since acceptance."""

    status: str
    label: str
    at: datetime | None
    after: str = ""
    took: str = ""
    worker: str = ""
    error: str = ""
    steps: list[Step] = field(default_factory=list)
    said: Said | None = None


def timeline(task: Task, now: datetime, *, may_read: bool) -> list[Moment]:
    """
    Return the entries in the order of time; what is still to come is the last.

    may_read: the message of an error may hold what somebody sent; its type and code never do.
    """
    accepted = Moment("accepted", _("Accepted"), task.created_at)
    return [accepted, *_attempts(task, now, may_read), *_what_follows(task)]


def _attempts(task: Task, now: datetime, may_read: bool) -> Iterator[Moment]:
    for attempt in task.attempts.all():
        newest = attempt.number == task.attempt
        yield Moment(
            status=STATUS_OF.get(Outcome(attempt.outcome), Status.FAILURE),
            label=_label(attempt.number, str(Outcome(attempt.outcome).label)),
            at=attempt.started_at,
            after=_after(task, attempt.started_at),
            took=figures.seconds((attempt.ended_at - attempt.started_at).total_seconds()),
            worker=attempt.worker,
            error=_error(attempt, may_read),
            steps=_steps(task, (attempt.ended_at - attempt.started_at).total_seconds()) if newest else [],
            said=_said(attempt.number, attempt.log),
        )
    if task.status == Status.PROCESSING and task.started_at is not None:
        yield Moment(
            status=Status.PROCESSING,
            label=_label(task.attempt, str(Status.PROCESSING.label)),
            at=task.started_at,
            after=_after(task, task.started_at),
            worker=task.worker,
            steps=_steps(task, (now - task.started_at).total_seconds()),
            said=_said(task.attempt, run_log.read(task.pk, task.attempt), is_running=True),
        )


def _what_follows(task: Task) -> Iterator[Moment]:
    if task.completed_at is not None:
        label = str(Status(task.status).label)
        yield Moment(task.status, label, task.completed_at, after=_after(task, task.completed_at))
    elif task.status == Status.RETRY:
        yield Moment("to-come", _("Another attempt"), task.not_before)
    elif task.status == Status.PENDING:
        yield Moment("to-come", _("Work starts"), task.not_before)


def _said(attempt: int, lines: list[run_log.Line], *, is_running: bool = False) -> Said | None:
    """Return every line, for staff."""
    return Said(attempt, log_words.written(lines), is_running) if lines else None


def _label(number: int, outcome: str) -> str:
    return _("Attempt %(number)d: %(outcome)s") % {"number": number, "outcome": outcome}


def _after(task: Task, moment: datetime) -> str:
    return "+" + figures.seconds((moment - task.created_at).total_seconds())


def _error(attempt: Attempt, may_read: bool) -> str:
    message = attempt.error_message if may_read else ""
    return " · ".join(part for part in (cells.error_word(attempt.error_type), attempt.error_code, message) if part)


def _steps(task: Task, attempt_seconds: float) -> list[Step]:
    begun = [(str(step), float(seconds)) for step, seconds in task.steps]
    if not begun:
        return []
    ends = [seconds for _step, seconds in begun[1:]] + [attempt_seconds]
    running = task.status == Status.PROCESSING
    return [
        Step(
            label=cells.step_word(task.function, step),
            began="+" + figures.seconds(seconds),
            took=figures.seconds(end - seconds),
            is_now=running and number == len(begun),
        )
        for number, ((step, seconds), end) in enumerate(zip(begun, ends, strict=True), start=1)
    ]
