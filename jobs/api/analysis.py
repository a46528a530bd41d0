"""Pronunciation analysis in the words of section 7: submit, look, fetch the result.

A thin dress over the function `analysis`. The result is read from the record's own rows, which outlive the task; of
somebody else's tasks, staff's eyes included, these routes know nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja import Router, Status

from jobs.access import links
from jobs.access.caller import PRACTICE
from jobs.api.accepted import HEADERS, SHORTEST_WAIT_SECONDS, accepted
from jobs.api.analysis_told import detail, is_final, remaining, status_of, status_of_gone
from jobs.api.doors import token_or_login
from jobs.api.practice_shapes import (
    AnalysisDetail,
    AnalysisStatus,
    SessionStatus,
    Submit,
    Submitted,
)
from jobs.api.problem import Problem, documented, field_problem, invalid_input
from jobs.api.sight import caller_of
from jobs.practice import report, sight, status
from jobs.practice.models import IN_ANALYSIS, AnalysisResult, PracticeRecord, PracticeSession, RecordStatus
from jobs.runtime import clock, queue
from jobs.runtime.errors import FieldError, InvalidInput, QueueUnreachable
from jobs.runtime.invoke import Invocation, invoke, invoke_many
from jobs.runtime.models import ErrorType, Priority, Source, Task
from jobs.runtime.models import Status as TaskStatus

router = Router(tags=["practice"])

SESSION_FIELD = "practice_session_id"
# What learners are told is written in more languages than the pages are.
FEEDBACK = {"ja": "ja", "en": "en", "zh": "zh-TW"}


@router.post(
    "/submit",
    auth=token_or_login(PRACTICE),
    response={202: Submitted, **documented(400, 404, 409, 413, 415, 422)},
    summary="Analyse recordings",
    openapi_extra={"responses": {202: {"headers": HEADERS}}},
)
def submit_analysis(request: HttpRequest, response: HttpResponse, body: Submit) -> Status[Submitted]:
    """
    Have one record analysed, or each record of a session that is not analysed yet: one task for each.

    409 when it is being analysed already.
    """
    _refuse_urgency(request, body.priority)
    if body.practice_record_id is not None:
        invocation = _submit_record(request, body)
        tasks = [invocation.task]
    else:
        tasks = _submit_session(request, body, cast("UUID", body.practice_session_id))
        invocation = _standing(tasks[0])
    first = invocation.task
    said = accepted(invocation, request, response)
    status_url = links.base_of(request) + reverse("api:analysis_status", args=[first.pk])
    response["Location"] = status_url
    return Status(
        202,
        Submitted(
            task_id=first.pk,
            estimated_completion_time=said.estimated_completion_time,
            queue_position=said.queue_position,
            queued=said.queued,
            task_ids=[task.pk for task in tasks],
            status_url=status_url,
            page_url=said.page_url,
        ),
    )


@router.get(
    "/session/{uuid:session_id}/status",
    auth=token_or_login(PRACTICE),
    response={200: SessionStatus, **documented(404)},
    summary="A session's analyses",
)
def session_analysis_status(request: HttpRequest, session_id: UUID) -> SessionStatus:
    """How far all of a session's analyses are."""
    mine = PracticeRecord.objects.filter(session__owner_id=caller_of(request).user.pk, session=session_id)
    records = list(mine.exclude(task=None).select_related("task").order_by("id"))
    if not records:
        _session(request, session_id)
    told = [status_of(record.task, record.pk) for record in records if record.task is not None]
    counts = {each: sum(one.status == each for one in told) for each in TaskStatus}
    left = [one.estimated_completion_time for one in told if not is_final(one)]
    return SessionStatus(
        practice_session_id=session_id,
        tasks=told,
        total=len(told),
        counts=counts,
        progress=sum(100 if is_final(one) else one.progress for one in told) // max(len(told), 1),
        estimated_remaining_time=remaining(None if None in left else max(filter(None, left), default=clock.now())),
    )


@router.get(
    "/{uuid:task_id}/status",
    auth=token_or_login(PRACTICE),
    response={200: AnalysisStatus, **documented(404)},
    summary="How far an analysis is",
)
def analysis_status(request: HttpRequest, task_id: UUID) -> AnalysisStatus:
    """State, progress, and how long it will probably still take."""
    task = _tasks(request).filter(pk=task_id).first()
    if task is not None:
        return status_of(task, _record_of(task))
    # After a week the task is gone, and what it gave is still there.
    result = _result(request, task_id)
    if result is None:
        raise Http404
    return status_of_gone(result)


@router.get(
    "/{uuid:task_id}/result",
    auth=token_or_login(PRACTICE),
    response={200: AnalysisDetail, **documented(404, 409, 422)},
    summary="What an analysis gave",
)
def analysis_result(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """
    The scores, what they were made from, and what to practise.

    409 before the end, or when it failed; 422 when the recording was refused: `errors` names the gate.
    """
    result = _result(request, task_id)
    if result is not None:
        return JsonResponse(detail(result).model_dump(), json_dumps_params={"ensure_ascii": False})
    task = _tasks(request).filter(pk=task_id).first()
    if task is None or task.status == TaskStatus.SUCCESS:
        # Its record was deleted, and the result with it.
        raise Http404
    raise _no_result(task, _feedback_language(request) or "en")


def _submit_record(request: HttpRequest, body: Submit) -> Invocation:
    with _refusals():
        return invoke(
            status.FUNCTION,
            _inputs(request, body, body.practice_record_id),
            owner=caller_of(request).user,
            source=Source.API,
            priority=Priority(body.priority),
        )


def _submit_session(request: HttpRequest, body: Submit, session_id: UUID) -> list[Task]:
    session = _session(request, session_id)
    records = PracticeRecord.objects.filter(session=session)
    waiting = records.filter(status=RecordStatus.RECORDED).exclude(recording="").order_by("id")
    due = list(waiting.values_list("pk", flat=True))
    if not due:
        if records.filter(status__in=IN_ANALYSIS).exists():
            raise _already_queued(SESSION_FIELD)
        raise field_problem(SESSION_FIELD, "nothing_to_analyse", gettext("The session has no record to be analysed."))
    with _refusals():
        return invoke_many(
            status.FUNCTION,
            [_inputs(request, body, record_id) for record_id in due],
            owner=caller_of(request).user,
            source=Source.API,
            priority=Priority(body.priority),
            place="records",
        )


def _standing(task: Task) -> Invocation:
    """Return where a task stands that was sent a moment ago. Without a place a worker has it, or there is no queue."""
    try:
        queue.sizes()
    except QueueUnreachable:
        return Invocation(task, queued=False)
    return Invocation(task, position=queue.position_or_none(task))


def _inputs(request: HttpRequest, body: Submit, record_id: UUID | None) -> dict[str, Any]:
    asked = body.parameters.model_dump()
    asked["feedback_language"] = asked["feedback_language"] or _feedback_language(request)
    return {"practice_record_id": record_id, **asked}


def _feedback_language(request: HttpRequest) -> str | None:
    """Return the first language of Accept-Language that the sentences are written in."""
    wanted = parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500])
    return next((FEEDBACK[word[:2]] for word, _weight in wanted if word[:2] in FEEDBACK), None)


@contextmanager
def _refusals() -> Iterator[None]:
    """Say what the function refuses in the words of these requests: 404, 409, or the field as it was asked for."""
    try:
        yield
    except InvalidInput as error:
        codes = {each.code for each in error.errors}
        if status.UNKNOWN_RECORD in codes:
            raise Http404 from None
        if status.ALREADY_QUEUED in codes:
            raise _already_queued(error.errors[0].field) from None
        raise invalid_input(InvalidInput([_as_asked(each) for each in error.errors])) from None


def _as_asked(error: FieldError) -> FieldError:
    name = error.field.rpartition(".")[2]
    return FieldError(name if name == status.FIELD else f"parameters.{name}", error.code, error.message)


def _already_queued(field: str) -> Problem:
    error = FieldError(field, status.ALREADY_QUEUED, gettext("It is being analysed already."))
    return Problem(409, "already-queued", errors=[error])


def _refuse_urgency(request: HttpRequest, priority: int) -> None:
    if priority == Priority.URGENT and not caller_of(request).is_staff():
        error = FieldError("priority", "staff_scope_needed", gettext("Priority 0 needs the scope “staff”."))
        raise Problem(403, "missing-scope", errors=[error])


def _session(request: HttpRequest, session_id: UUID) -> PracticeSession:
    session = sight.sessions_of(caller_of(request).user).filter(pk=session_id).first()
    if session is None:
        raise Http404
    return session


def _tasks(request: HttpRequest) -> Any:
    return Task.objects.filter(function=status.FUNCTION, owner_id=caller_of(request).user.pk)


def _result(request: HttpRequest, task_id: UUID) -> AnalysisResult | None:
    mine = Q(record__session__owner_id=caller_of(request).user.pk)
    return AnalysisResult.objects.filter(mine, task_id=task_id).first()


def _record_of(task: Task) -> UUID | None:
    named = task.inputs.get(status.FIELD) if isinstance(task.inputs, dict) else None
    return UUID(named) if named else None


def _no_result(task: Task, reader: str) -> Problem:
    """Return why there is no result, a gate's name in the words of the reader's language."""
    if not task.is_final():
        headers = {"Retry-After": str(SHORTEST_WAIT_SECONDS)}
        return Problem(409, "not-finished", f"the task is still {task.status}", headers=headers)
    if task.status == TaskStatus.CANCELLED:
        return Problem(409, "task-failed", gettext("The task was cancelled."))
    message = report.refusal(task.error_code, reader) or task.error_message
    error = FieldError(task.error_field or "task", task.error_code or task.error_type, message)
    if task.error_type == ErrorType.DATA_VALIDATION:
        return Problem(422, "invalid-input", errors=[error])
    return Problem(409, "task-failed", task.error_message, errors=[error])
