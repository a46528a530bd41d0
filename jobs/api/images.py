"""Menu pictures: ask for them (one menu or several), look, look back, cancel; the words are those of section 5.

A thin dress over the function `image`. When the queue does not answer, or ASYNC_IMAGE_ENABLED is off, a job is drawn in
this process where it finds a place (jobs/images/asking.py), and the answer says so in `mode`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext
from ninja import Router, Status
from pydantic import Field

from jobs.access import audit, links
from jobs.access.caller import INVOKE, TASKS
from jobs.access.models import Action
from jobs.api import cursor as cursors
from jobs.api.accepted import HEADERS, LONGEST_WAIT_SECONDS, SHORTEST_WAIT_SECONDS
from jobs.api.body import refuse_any_body
from jobs.api.doors import token_or_login
from jobs.api.functions import KeyHeader, one_key
from jobs.api.image_shapes import (
    BatchAccepted,
    Generate,
    GenerateBatch,
    JobAccepted,
    JobCancelled,
    JobHistory,
    JobLine,
    JobStatus,
)
from jobs.api.problem import Problem, documented, field_problem, invalid_input
from jobs.api.sight import caller_of, changeable_task
from jobs.api.tasks import CURSOR, DEFAULT_LIMIT
from jobs.images import asking, report
from jobs.images.models import ImageJob
from jobs.live import picture_status
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import SWITCHED_OFF, FieldError, InvalidInput
from jobs.runtime.models import Priority, Source

router = Router(tags=["images"])
READABLE = {"ensure_ascii": False}


@router.post(
    "/generate-async",
    auth=token_or_login(INVOKE),
    response={202: JobAccepted, **documented(400, 413, 415, 422)},
    summary="Draw a menu",
    openapi_extra={"responses": {202: {"headers": HEADERS}}},
)
def generate_async(
    request: HttpRequest, response: HttpResponse, body: Generate, idempotency_key: KeyHeader = None
) -> Status[JobAccepted]:
    """
    Accept a menu; every dish gets a picture of its own. The same key and body again give the same job.

    The answer comes before the pictures: look at `status_endpoint`.
    """
    _refuse_when_off()
    caller = caller_of(request)
    _refuse_urgency(request, body.priority)
    with _fields_as_asked():
        invocation = asking.ask(
            {"final_menu": body.final_menu, "session_id": body.session_id},
            owner=caller.user,
            source=Source.API,
            priority=Priority(body.priority),
            idempotency_key=one_key(idempotency_key, body.idempotency_key),
        )
    said = _accepted(asking.settle(invocation))
    response["Location"] = links.base_of(request) + said.status_endpoint
    response["Retry-After"] = _retry_after(said)
    if invocation.replayed:
        response["Idempotency-Replayed"] = "true"
    return Status(202, said)


@router.post(
    "/generate-batch",
    auth=token_or_login(INVOKE),
    response={202: BatchAccepted, **documented(400, 413, 415, 422)},
    summary="Draw several menus",
)
def generate_batch(
    request: HttpRequest, body: GenerateBatch, idempotency_key: KeyHeader = None
) -> Status[BatchAccepted]:
    """Accept several menus, all of them or none; each is a job of its own."""
    _refuse_when_off()
    caller = caller_of(request)
    _refuse_urgency(request, body.priority)
    key = one_key(idempotency_key, body.idempotency_key)
    # The jobs share one key, so that of another list of menus not even the first is taken for this one.
    digest = hashlib.sha256(body.model_dump_json(include={"menus"}).encode()).hexdigest()
    invocations = []
    with transaction.atomic():
        for number, each in enumerate(body.menus):
            with _fields_as_asked(f"menus.{number}"):
                invocation = asking.ask(
                    {"final_menu": each.final_menu, "session_id": each.session_id},
                    owner=caller.user,
                    source=Source.API,
                    priority=Priority(body.priority),
                    idempotency_key=_nth_key(key, number),
                    asked_beside=digest,
                )
            invocations.append(invocation)
    jobs = [_accepted(asking.settle(invocation)) for invocation in invocations]
    total = sum(job.total_items for job in jobs)
    return Status(202, BatchAccepted(jobs=jobs, total_jobs=len(jobs), total_items=total))


@router.get(
    "/status/{job_id}", auth=token_or_login(TASKS), response={200: JobStatus, **documented(404)}, summary="One job"
)
def image_status(request: HttpRequest, job_id: str) -> HttpResponse:
    """
    How far a job is, and once it has ended every dish with its picture or the reason why there is none.

    `success_rate` counts the dishes that have a picture, illustrations of this house included, in percent of all.
    """
    job = _visible(request, job_id)
    [standing] = report.standings([job]).values()
    return JsonResponse(picture_status.status(job, standing), json_dumps_params=READABLE)


@router.get("/history", auth=token_or_login(TASKS), response={200: JobHistory, **documented(422)}, summary="Your jobs")
def image_history(
    request: HttpRequest,
    limit: Annotated[int, Field(ge=1, le=settings.MAX_PAGE_ROWS)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Field(max_length=200, json_schema_extra=CURSOR)] = None,
) -> JobHistory:
    """The caller's own jobs, the newest first; they are kept for 30 days."""
    owner_id = caller_of(request).user.pk
    found = ImageJob.objects.filter(owner_id=owner_id).order_by("-task_id")
    if cursor is not None:
        last = cursors.read(owner_id, cursor)
        if last is None:
            raise field_problem("cursor", "bad_cursor", gettext("This is no cursor of a list of yours."))
        found = found.filter(task_id__lt=last)
    rows = list(found[: limit + 1])
    shown = rows[:limit]
    standings = report.standings(shown)
    more = cursors.make(owner_id, shown[-1].pk) if len(rows) > limit else None
    return JobHistory(jobs=[_line(job, standings[job.pk]) for job in shown], next_cursor=more)


@router.delete(
    "/jobs/{job_id}",
    auth=token_or_login(TASKS),
    response={200: JobCancelled, **documented(400, 404, 409, 413, 415, 422)},
    summary="Cancel a job",
)
def cancel_image_job(request: HttpRequest, job_id: str) -> JobCancelled:
    """End a job that has not ended yet; pictures that are there stay. 409 when it has."""
    refuse_any_body(request)
    job = _visible(request, job_id)
    task = changeable_task(request, job.pk, "jobs.cancel_task")
    before = task.status
    cancelled = cancel(task)
    audit.record(Action.TASK_CANCELLED, actor=caller_of(request).user, about=cancelled, status=before)
    return JobCancelled(job_id=job.job_id)


@contextmanager
def _fields_as_asked(place: str = "") -> Iterator[None]:
    """Name the function's fields as they stand in these requests, without the frame of the generic route."""
    try:
        yield
    except InvalidInput as error:
        raise invalid_input(error, place=place) from None


def _refuse_when_off() -> None:
    if not settings.IMAGE_GENERATION_ENABLED:
        raise invalid_input(InvalidInput([FieldError("final_menu", SWITCHED_OFF, gettext("No pictures are drawn."))]))


def _refuse_urgency(request: HttpRequest, priority: int) -> None:
    if priority == Priority.URGENT and not caller_of(request).is_staff():
        error = FieldError("priority", "staff_scope_needed", gettext("Priority 0 needs the scope “staff”."))
        raise Problem(403, "missing-scope", errors=[error])


def _nth_key(key: str | None, number: int) -> str | None:
    # The column has 255 characters, and so may the key.
    return None if key is None else f"batch:{hashlib.sha256(key.encode()).hexdigest()}:{number}"


def _accepted(asked: asking.Asked) -> JobAccepted:
    [standing] = report.standings([asked.job]).values()
    return JobAccepted(
        job_id=asked.job.job_id,
        # As it was accepted; of a job that was there already, as it is now.
        status=standing.word if asked.invocation.replayed else "queued",
        total_items=asked.job.total_items,
        estimated_time_seconds=picture_status.seconds_left(asked.job, standing),
        status_endpoint=_endpoint(asked.job),
        mode=asked.job.mode,
        message=asked.message or None,
        task_id=asked.job.pk,
    )


def _retry_after(said: JobAccepted) -> str:
    return str(min(max(said.estimated_time_seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS))


def _endpoint(job: ImageJob) -> str:
    return reverse("api:image_status", args=[job.job_id])


def _visible(request: HttpRequest, job_id: str) -> ImageJob:
    """Return the job of that id when the caller may see its task. Raises Http404."""
    if "\x00" in job_id:
        # PostgreSQL would not even look for it.
        raise Http404
    visible = links.tasks_visible_to(caller_of(request))
    job = ImageJob.objects.filter(job_id=job_id, task__in=visible).first()
    if job is None:
        raise Http404
    return job


def _line(job: ImageJob, standing: report.Standing) -> JobLine:
    return JobLine(
        job_id=job.job_id,
        status=standing.word,
        progress_percent=standing.progress_percent,
        session_id=job.session_id,
        mode=job.mode,
        total_items=standing.items,
        total_images=standing.done,
        failed_items=standing.failed,
        success_rate=standing.success_rate,
        created_at=job.created_at,
        status_endpoint=_endpoint(job),
    )
