"""One's tasks: list them, look at one, follow it, cancel it, run it again."""

from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext
from ninja import Router, Status
from pydantic import Field
from pydantic.config import JsonDict

from jobs.access import audit, links
from jobs.access.caller import TASKS
from jobs.access.models import Action
from jobs.api import cursor as cursors
from jobs.api.accepted import HEADERS, Accepted, accepted
from jobs.api.body import refuse_any_body
from jobs.api.doors import link_or, token_or_login
from jobs.api.problem import documented, field_problem
from jobs.api.shapes import TaskDetail, TaskError, TaskLine, TaskList
from jobs.api.sight import caller_of, changeable_task, link_of, refuse_what_is_for_staff, viewer_of, visible_task
from jobs.live.describe import describe, step_of
from jobs.live.events import stream
from jobs.runtime import registry
from jobs.runtime.cancel import cancel
from jobs.runtime.invoke import invoke_again
from jobs.runtime.models import Source, Task
from jobs.runtime.models import Status as TaskStatus

router = Router(tags=["tasks"])

# A look at many tasks is for a screen; programs go on with the cursor.
DEFAULT_LIMIT = 20
# Only told: what has another shape is refused with the same words as what has another's signature.
CURSOR: JsonDict = {"description": "next_cursor of the page before", "pattern": f"^{cursors.SHAPE.pattern}$"}

EVENTS: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": "Last-Event-ID",
            "description": "the `id` of the last event that the reader has seen",
            "schema": {"type": "string", "examples": ["0"]},
        }
    ],
    "responses": {
        200: {
            "description": "events; the schema is that of each",
            "content": {
                "text/event-stream": {
                    "schema": {
                        "type": "object",
                        "required": ["id", "event", "data"],
                        "properties": {
                            "id": {"type": "string", "pattern": "^[0-9]+$"},
                            "event": {"enum": ["snapshot", "progress", "state", "end"]},
                            "data": {
                                "type": "string",
                                "contentMediaType": "application/json",
                                "contentSchema": {"$ref": "#/components/schemas/TaskEvent"},
                            },
                        },
                    }
                }
            },
        },
        204: {"description": "the task has ended, and the reader knows how"},
    },
}


@router.get("", auth=token_or_login(TASKS), response={200: TaskList, **documented(422)}, summary="List tasks")
def list_tasks(
    request: HttpRequest,
    function: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = None,
    status: TaskStatus | None = None,
    limit: Annotated[int, Field(ge=1, le=settings.MAX_PAGE_ROWS)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Field(max_length=200, json_schema_extra=CURSOR)] = None,
) -> TaskList:
    """The caller's own tasks, the newest first."""
    _refuse_unknown_filters(request, {"function", "status", "limit", "cursor"})
    owner_id = caller_of(request).user.pk
    found = Task.objects.filter(owner_id=owner_id).order_by("-id")
    if function is not None:
        found = found.filter(function=function)
    if status is not None:
        found = found.filter(status=status)
    if cursor is not None:
        last = cursors.read(owner_id, cursor)
        if last is None:
            raise field_problem("cursor", "bad_cursor", gettext("This is no cursor of a list of yours."))
        found = found.filter(id__lt=last)
    rows = list(found[: limit + 1])
    shown, base = rows[:limit], links.base_of(request)
    more = cursors.make(owner_id, shown[-1].pk) if len(rows) > limit else None
    return TaskList(tasks=[_line(task, base) for task in shown], next_cursor=more)


@router.get("/{uuid:task_id}", auth=link_or(TASKS), response={200: TaskDetail, **documented(404)}, summary="One task")
def show_task(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """A task with its attempts, its result and its files."""
    base = links.base_of(request)
    said = describe(visible_task(request, task_id), base_url=base)
    if (link := link_of(request)) is not None:
        # A link that was answered with a newer one would never end.
        said["page_url"] = f"{base}/tasks/{task_id}?{links.PARAMETER}={link}"
    return JsonResponse(said, json_dumps_params={"ensure_ascii": False})


@router.post(
    "/{uuid:task_id}/cancel",
    auth=token_or_login(TASKS),
    response={200: TaskDetail, **documented(400, 404, 409, 413, 415, 422)},
    summary="Cancel a task",
)
def cancel_task(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """End a task that has not ended yet. 409 when it has."""
    refuse_any_body(request)
    task = changeable_task(request, task_id, "jobs.cancel_task")
    before = task.status
    cancelled = cancel(task)
    audit.record(Action.TASK_CANCELLED, actor=caller_of(request).user, about=cancelled, status=before)
    said = describe(visible_task(request, task_id), base_url=links.base_of(request))
    return JsonResponse(said, json_dumps_params={"ensure_ascii": False})


@router.post(
    "/{uuid:task_id}/retry",
    auth=token_or_login(TASKS),
    response={202: Accepted, **documented(400, 404, 409, 413, 415, 422)},
    summary="Run a finished task again",
    openapi_extra={"responses": {202: {"headers": HEADERS}}},
)
def retry_task(request: HttpRequest, response: HttpResponse, task_id: UUID) -> Status[Accepted]:
    """Make a new task with the same input, for the same owner. 409 while the old one runs."""
    refuse_any_body(request)
    task = changeable_task(request, task_id, "jobs.retry_task")
    # One's own of the time when one was staff, or by a token that leaves that power at home.
    refuse_what_is_for_staff(request, registry.find(task.function))
    with transaction.atomic():
        again = invoke_again(task, source=Source.API)
        audit.record(Action.TASK_RETRIED, actor=caller_of(request).user, about=task, again=str(again.task.pk))
    return Status(202, accepted(again, request, response))


@router.get(
    "/{uuid:task_id}/events",
    auth=link_or(TASKS),
    response={200: None, 204: None, **documented(404)},
    summary="Follow a task",
    openapi_extra=EVENTS,
)
def task_events(request: HttpRequest, task_id: UUID) -> HttpResponseBase:
    """Server-sent events: a snapshot at once, then each change; `end` is the last. 204 when nothing will follow."""
    user_id = None if link_of(request) is not None else caller_of(request).user.pk
    return stream(request, visible_task(request, task_id), user_id=user_id, may_see=viewer_of(request).may_see)


def _refuse_unknown_filters(request: HttpRequest, known: set[str]) -> None:
    # A misspelt filter that is dropped would answer another question.
    for name in request.GET:
        if name not in known:
            raise field_problem(name[:80], "extra_forbidden", gettext("There is no such filter."))


def _line(task: Task, base: str) -> TaskLine:
    return TaskLine(
        task_id=task.pk,
        function=task.function,
        status=TaskStatus(task.status),
        progress=task.progress,
        current_step=step_of(task),
        attempt=task.attempt,
        priority=task.priority,
        created_at=task.created_at,
        started_at=task.started_at,
        completed_at=task.completed_at,
        error=None if task.error is None else TaskError(**task.error),
        status_url=base + reverse("api:show_task", args=[task.pk]),
    )
