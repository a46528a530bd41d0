"""What the admin's page of a task shows, read from the row: the same for the first look and for every update.

The templates only lay it out. Called by tasks.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.runtime import acts, clock, queue, registry
from jobs.runtime.admin import cells, figures
from jobs.runtime.admin.run_form import may_edit
from jobs.runtime.admin.timeline import Moment, timeline
from jobs.runtime.admin.values import Values, values
from jobs.runtime.estimate import completion_estimate
from jobs.runtime.models import Artifact, Result, Status, Task
from jobs.runtime.models.task import WAITING

# Of a batch's children the page names the first ones and counts the rest.
MAX_RELATIVES = 20


@dataclass(frozen=True)
class File:
    name: str
    content_type: str
    size: str
    url: str
    is_sound: bool
    is_picture: bool


@dataclass(frozen=True)
class Relative:
    """Another task that belongs to this one, and how."""

    how: str
    task: Task


@dataclass(frozen=True)
class Page:
    task: Task
    title: str
    summary: str
    now: datetime
    happening: str
    pill: str
    error_word: str
    bar: str
    duration: str
    source: str
    priority: str
    asked: Values | None  # None for who may not read it, as for the result and the files
    result: Values | None
    result_facts: list[tuple[str, str]]
    files: list[File]
    moments: list[Moment]
    relatives: list[Relative]
    may_cancel: bool
    may_run_again: bool
    may_edit: bool
    may_read: bool


def read(task: Task, request: HttpRequest) -> Page:
    """Return the page of a task that the request's user may see."""
    now, spec = clock.now(), registry.find(task.function)
    # What people sent and were given is not for everybody who looks after the queue.
    may_read = request.user.has_perm(acts.READ) or task.owner_id == request.user.pk
    result = _result(task) if may_read else None
    return Page(
        task=task,
        title=cells.title(task.function),
        summary=_(spec.summary) if spec and spec.summary else "",
        now=now,
        happening=_happening(task, now),
        pill=cells.pill(task.status),
        error_word=cells.error_word(task.error_type),
        bar=cells.bar(task, now),
        duration=cells.duration(task, now),
        source=cells.source(task.source),
        priority=cells.priority(task.priority),
        asked=values(task.inputs, spec.input_type if spec else None) if may_read else None,
        result=values(result.output, spec.output_type if spec else None) if result else None,
        result_facts=_result_facts(result),
        files=[_file(artifact) for artifact in task.artifacts.all()] if may_read else [],
        moments=timeline(task, now, may_read=may_read),
        relatives=_relatives(task),
        may_cancel=not task.is_final() and request.user.has_perm("jobs.cancel_task"),
        may_run_again=task.is_final() and request.user.has_perm("jobs.retry_task"),
        may_edit=may_edit(task, request),
        may_read=may_read,
    )


def _result(task: Task) -> Result | None:
    try:
        return task.result
    except Result.DoesNotExist:
        return None


def _result_facts(result: Result | None) -> list[tuple[str, str]]:
    if result is None:
        return []
    facts = [(_("time of the work"), figures.seconds(result.processing_seconds))]
    # Most outputs tell it themselves.
    told = isinstance(result.output, dict) and "model_version" in result.output
    return [*facts, (_("made by"), result.model_version)] if result.model_version and not told else facts


def _file(artifact: Artifact) -> File:
    kind = artifact.content_type
    return File(
        name=artifact.name,
        content_type=kind,
        size=figures.size(artifact.bytes),
        # The API's address, by its name: the room above knows who may open a file, and serves its parts.
        url=reverse("api:show_artifact", args=[artifact.task_id, artifact.name]),
        # Raw samples have no player.
        is_sound=kind.startswith("audio/") and not kind.startswith(("audio/pcm", "audio/l16", "audio/L16")),
        is_picture=kind in {"image/png", "image/jpeg", "image/webp"},
    )


def _relatives(task: Task) -> list[Relative]:
    found: list[tuple[str, Any]] = [(_("Run again from"), task.retried_from), (_("Part of"), task.parent)]
    again = Task.objects.filter(retried_from=task).order_by("id")[:MAX_RELATIVES]
    found += [(_("Run again as"), other) for other in again]
    found += [(_("Its part"), other) for other in task.children.order_by("id")[:MAX_RELATIVES]]
    return [Relative(how, other) for how, other in found if other is not None]


def _happening(task: Task, now: datetime) -> str:
    """Return the one line under the bar."""
    if task.status == Status.PROCESSING:
        words = [cells.step_word(task.function, task.current_step) or _running(task)]
        if task.total_steps > 1:
            words.append(f"{task.step} / {task.total_steps}")
        return " · ".join(words + _estimate(task, None, now))
    if task.status in WAITING:
        position = queue.position_or_none(task)
        return " · ".join([_waiting(task, position, now), *_estimate(task, position, now)])
    if task.completed_at is None:
        return ""
    whole = figures.seconds((task.completed_at - task.created_at).total_seconds())
    return _("%(time)s since it was accepted") % {"time": whole}


def _running(task: Task) -> str:
    # A function may name no steps.
    return str(Status.PROCESSING.label) if task.progress else _("Starting")


def _waiting(task: Task, position: int | None, now: datetime) -> str:
    if task.not_before is not None and task.not_before > now:
        rest = figures.seconds((task.not_before - now).total_seconds())
        return _("Another attempt in %(time)s") % {"time": rest}
    if position is None:
        return _("Place in the queue not known")
    if position == 0:
        return _("Next in the queue")
    return ngettext(
        "Waiting: %(count)d task is before this one", "Waiting: %(count)d tasks are before this one", position
    ) % {"count": position}


def _estimate(task: Task, position: int | None, now: datetime) -> list[str]:
    until = completion_estimate(task, position)
    rest = (until - now).total_seconds() if until is not None else 0.0
    return [_("about %(time)s left") % {"time": figures.seconds(rest)}] if rest >= 1 else []
