"""What the task page shows, read from the row: one card for the first look and for every update.

The templates only lay it out. Called by pages.py, and by gallery.py for the page of pictures.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.access import links
from jobs.access.caller import Caller
from jobs.live import measure, transcript, words
from jobs.live.describe import completion_estimate, gone_at
from jobs.live.transcript import Transcript
from jobs.runtime import clock, log_words, queue, run_log, stats, uploads
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.log_words import Said
from jobs.runtime.models import Artifact, Attempt, Result, Status, Task
from jobs.runtime.models.attempt import Outcome

# Of a long text the page shows the beginning; the whole is with its owner anyway.
ASKED_CHARACTERS = 140

# A wait shorter than this is over before one has read about it.
SOON = timedelta(seconds=5)

DONE, NOW, TO_COME, BROKEN, STOPPED = "done", "now", "to-come", "broken", "stopped"
MARKS = {DONE: "✓", NOW: "●", TO_COME: "○", BROKEN: "✕", STOPPED: "✕"}


@dataclass(frozen=True)
class Row:
    """
    One line of the list of steps.

    step, name, happening: of a step that the function declares; with them the page moves the
    marks when a message comes, before the row has caught up.
    """

    state: str
    label: str
    time: str = ""
    step: str = ""
    name: str = ""
    happening: str = ""

    @property
    def mark(self) -> str:
        return MARKS[self.state]


@dataclass(frozen=True)
class Sound:
    """A finished sound and what stands beside it."""

    name: str
    url: str
    seconds: float | None
    length: str
    facts: list[str]  # format, size, when it disappears
    credit: str
    peaks: list[int]  # how loud each of its spans is, 0 to 100; none for a sound nobody measured


@dataclass(frozen=True)
class Failure:
    happened: str
    kept: str
    todo: str
    technical: str


@dataclass
class Card:
    task: Task
    title: str
    asked: str
    happening: str
    counted: str
    remaining: str
    rows: list[Row]
    retry_at: datetime | None = None  # when it is far enough away to be worth telling
    may_cancel: bool = False
    may_repeat: bool = False
    failure: Failure | None = None
    sounds: list[Sound] = field(default_factory=list)
    files: list[tuple[str, str, str]] = field(default_factory=list)  # name, size, address
    said: list[Said] = field(default_factory=list)  # of the attempts that said something
    transcript: Transcript | None = None


def of(task: Task, *, caller: Caller | None, base_url: str) -> Card:
    """
    Return the card of a task that the reader may see.

    caller: who reads it with a login; None for the holder of a link, who changes nothing.
    """
    now = clock.now()
    position = queue.position_or_none(task)
    estimate = completion_estimate(task, position)
    card = Card(
        task=task,
        title=words.title(task),
        asked=_asked(task),
        happening=_happening(task, position),
        counted=words.counted(),
        remaining=measure.left(estimate, now) if estimate is not None else "",
        rows=_rows(task),
        may_cancel=not task.is_final() and may_change(caller, task, "jobs.cancel_task"),
        may_repeat=task.is_final() and may_change(caller, task, "jobs.retry_task"),
        said=_said(task),
    )
    if task.status == Status.RETRY and task.not_before is not None and task.not_before > now + SOON:
        card.retry_at = task.not_before
    if task.status == Status.FAILURE:
        card.failure = _failure(task, now)
    if task.status == Status.SUCCESS:
        _add_results(card, base_url, now)
    return card


def _said(task: Task) -> list[Said]:
    """Return what the attempts said, as far as everybody who sees the task may read it."""
    found = [(attempt.number, attempt.log, False) for attempt in task.attempts.all()]
    if task.status == Status.PROCESSING:
        found.append((task.attempt, run_log.read(task.pk, task.attempt), True))
    shown = [Said(number, log_words.written(run_log.shown_to_all(lines)), running) for number, lines, running in found]
    return [said for said in shown if said.lines]


def may_change(caller: Caller | None, task: Task, permission: str) -> bool:
    """Return True for the owner, and for staff with `permission`."""
    if caller is None:
        return False
    return task.owner_id == caller.user.pk or caller.may_as_staff(permission)


def _asked(task: Task) -> str:
    text = task.inputs.get("text") if isinstance(task.inputs, dict) else None
    if not isinstance(text, str) or not text:
        return ""
    shown = text if len(text) <= ASKED_CHARACTERS else text[:ASKED_CHARACTERS] + "…"
    return _("“%(text)s”") % {"text": shown}


def _happening(task: Task, position: int | None) -> str:
    """Return the one line under the bar."""
    if task.status == Status.PROCESSING:
        return words.happening(task)
    if task.status == Status.SUCCESS and task.completed_at is not None:
        took = (task.completed_at - task.created_at).total_seconds()
        return _("Done after %(time)s") % {"time": measure.seconds(took)}
    if task.status == Status.CANCELLED:
        return _("Cancelled; nothing of it is delivered")
    if task.status == Status.FAILURE:
        return ngettext("Given up after %(count)d attempt", "Given up after %(count)d attempts", task.attempt) % {
            "count": task.attempt
        }
    if task.status == Status.RETRY and position is None:
        return _("Will be tried again by itself")
    if position is None or not has_workers():
        return _("Waiting for a worker to be there")
    if position == 0:
        return _("Next in the queue")
    return ngettext(
        "Waiting: %(count)d task is before this one", "Waiting: %(count)d tasks are before this one", position
    ) % {"count": position}


def has_workers() -> bool:
    """Return whether anybody is there to work; False, too, when that cannot be known."""
    try:
        return bool(stats.live_workers())
    except QueueUnreachable:
        return False


def _rows(task: Task) -> list[Row]:
    rows = [Row(DONE, _("Accepted"), measure.mark(0))]
    rows += [_ended_row(task, attempt) for attempt in task.attempts.all() if attempt.outcome != Outcome.SUCCESS]
    if task.status == Status.RETRY:
        return [*rows, Row(TO_COME, _("Another attempt"))]
    if task.status == Status.CANCELLED:
        # The row of a running attempt that was cancelled says so itself.
        return rows if any(row.state == STOPPED for row in rows) else [*rows, _cancelled_row(task)]
    if task.status == Status.FAILURE:
        return rows
    if task.status == Status.PENDING or task.started_at is None:
        return [*rows, Row(TO_COME, _("Start of the work")), *_to_come(task, reached=set())]
    return rows + _run_rows(task, begun=(task.started_at - task.created_at).total_seconds())


def _run_rows(task: Task, *, begun: float) -> list[Row]:
    """begun: seconds from acceptance to the start of the attempt that runs, or that succeeded."""
    rows = [Row(DONE, _("Work started"), measure.mark(begun))]
    for step, at_seconds in task.steps:
        is_now = task.status == Status.PROCESSING and step == task.current_step
        row = _step_row(task, step, NOW if is_now else DONE)
        rows.append(replace(row, time=measure.mark(begun + at_seconds)))
    if task.status == Status.PROCESSING:
        rows += _to_come(task, reached={step for step, _seconds in task.steps})
    return rows


def _cancelled_row(task: Task) -> Row:
    ended = task.completed_at or task.updated_at
    return Row(STOPPED, str(Status.CANCELLED.label), measure.mark((ended - task.created_at).total_seconds()))


def _to_come(task: Task, *, reached: set[str]) -> list[Row]:
    return [_step_row(task, key, TO_COME) for key, _name in words.steps(task) if key not in reached]


def _step_row(task: Task, key: str, state: str) -> Row:
    name = words.step(task, key)
    counted = state == NOW and task.total_steps > 1
    label = f"{name} {task.step} / {task.total_steps}" if counted else name
    return Row(state, label, step=key, name=name, happening=words.doing(task, key))


def _ended_row(task: Task, attempt: Attempt) -> Row:
    at = measure.mark((attempt.ended_at - task.created_at).total_seconds())
    if attempt.outcome == Outcome.CANCELLED:
        return Row(STOPPED, _("Cancelled during attempt %(number)d") % {"number": attempt.number}, at)
    why = str(words.failed(attempt.error_type, attempt.error_code).happened)
    if attempt.outcome == Outcome.DIED:
        why = _("its worker stopped")
    return Row(BROKEN, _("Attempt %(number)d failed: %(why)s") % {"number": attempt.number, "why": why}, at)


def _failure(task: Task, now: datetime) -> Failure:
    sentences = words.failed(task.error_type, task.error_code)
    gone = min((end for end in (gone_at(task), uploads.kept_until(task)) if end is not None), default=None)
    kept = _("What you sent is kept, so that it can be run again.")
    if gone is not None and gone <= now:
        kept = _("What you sent is not kept any more.")
    elif gone is not None:
        kept = _("What you sent is kept and can be run again (%(gone)s).") % {"gone": measure.gone_in(gone, now)}
    technical = " · ".join(part for part in (task.error_type, task.error_code, task.error_message) if part)
    return Failure(str(sentences.happened), kept, str(sentences.todo), technical)


def _add_results(card: Card, base_url: str, now: datetime) -> None:
    card.transcript = transcript.of(_output(card.task))
    if card.transcript is not None and (gone := gone_at(card.task)) is not None:
        card.transcript.facts.append(measure.gone_in(gone, now))
    for artifact in card.task.artifacts.all():
        if words.sound_format(artifact.content_type) in words.PLAYABLE:
            card.sounds.append(_sound(card.task, artifact, base_url, now))
        else:
            url = links.artifact_url(artifact, base_url)
            card.files.append((artifact.name, measure.size(artifact.bytes), url))


def _sound(task: Task, artifact: Artifact, base_url: str, now: datetime) -> Sound:
    output = _output(task)
    length = output.get("duration_seconds")
    seconds = float(length) if isinstance(length, int | float) else None
    facts = [words.sound_format(artifact.content_type), measure.size(artifact.bytes)]
    gone = gone_at(task)
    if gone is not None:
        facts.append(measure.gone_in(gone, now))
    return Sound(
        name=artifact.name,
        url=links.artifact_url(artifact, base_url),
        seconds=seconds,
        length="" if seconds is None else measure.seconds(seconds),
        facts=facts,
        credit=str(output.get("credit", "")),
        peaks=_peaks(output),
    )


def _peaks(output: dict[str, Any]) -> list[int]:
    peaks = output.get("peaks")
    return [peak for peak in peaks if isinstance(peak, int)] if isinstance(peaks, list) else []


def _output(task: Task) -> dict[str, Any]:
    try:
        output = task.result.output
    except Result.DoesNotExist:
        return {}
    return output if isinstance(output, dict) else {}


@dataclass(frozen=True)
class Line:
    """A task in a list."""

    task: Task
    title: str
    asked: str


def line(task: Task) -> Line:
    return Line(task, words.title(task), _asked(task))
