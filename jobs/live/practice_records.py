"""The page of one record: the wait for its analysis, then the result, to look at and to listen to.

It is for the owner, and, read-only, for staff who may view practice records: the admin leads here, and each look goes
into the audit book. Foreign and unknown ids answer 404 alike. What changes while one waits is a fragment (`/card`).
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jobs.access import audit, links
from jobs.access.caller import Caller
from jobs.access.models import Action
from jobs.live import practice_card, practice_reference, practice_result, practice_trend
from jobs.live.practice import analyse, user_of
from jobs.practice import links as recording_links
from jobs.practice import retention, sight
from jobs.practice.models import PracticeRecord
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import InvalidInput, TooLate

# What staff need besides being staff to hear a recording; to look at it, practice_result.LOOK.
LISTEN = "practice.play_recording"


@never_cache
@login_required
@require_GET
def record_page(request: HttpRequest, session_id: UUID, record_id: UUID) -> HttpResponse:
    record = _seen(request, session_id, record_id)
    if not _is_own(request, record):
        audit.record(Action.PRACTICE_VIEWED, actor=user_of(request), about=record)
    return render(request, "practice_record.html", _facts(request, record))


@never_cache
@require_GET
def record_card(request: HttpRequest, session_id: UUID, record_id: UUID) -> HttpResponse:
    """What changes on the page: the state, then the result."""
    if not isinstance(request.user, User):
        raise Http404
    record = _seen(request, session_id, record_id)
    if not _is_own(request, record):
        # It shows all that the page does, to whoever asks for it alone.
        audit.record(Action.PRACTICE_VIEWED, actor=user_of(request), about=record)
    return render(request, "practice_record_card.html", _facts(request, record))


@login_required
@require_POST
def analyse_record(request: HttpRequest, session_id: UUID, record_id: UUID) -> HttpResponseBase:
    record = _own(request, session_id, record_id)
    analyse(request, [record])
    return redirect("practice-record", session_id=session_id, record_id=record_id)


@login_required
@require_POST
def cancel_record(request: HttpRequest, session_id: UUID, record_id: UUID) -> HttpResponseBase:
    """Cancel the analysis that runs; one that ended before stays as it is."""
    record = _own(request, session_id, record_id)
    if record.task is not None:
        with suppress(TooLate):
            cancel(record.task)
            audit.record(Action.TASK_CANCELLED, actor=user_of(request), about=record.task)
    if request.POST.get("back") == "session":
        return redirect("practice-session", session_id=session_id)
    return redirect("practice-record", session_id=session_id, record_id=record_id)


@login_required
@require_POST
def delete_record(request: HttpRequest, session_id: UUID, record_id: UUID) -> HttpResponseBase:
    record = _own(request, session_id, record_id)
    audit.record(Action.RECORDING_DELETED, actor=user_of(request), about=record)
    retention.delete_record(record)
    return redirect("practice-session", session_id=session_id)


@login_required
@require_POST
def reference(request: HttpRequest, session_id: UUID, record_id: UUID) -> HttpResponseBase:
    """
    Have the sentence read by the reference voice: the page of that task, or for a script where the sound is.

    As JSON: `url`, empty until it is made; `isOver` when there will be none.
    """
    record = _seen(request, session_id, record_id)
    if not practice_reference.has_voice(record):
        raise Http404
    try:
        task = practice_reference.ask(record, user_of(request))
    except InvalidInput:
        raise Http404 from None
    if not request.accepts("text/html"):
        url = practice_reference.url_of(task, links.base_of(request))
        return JsonResponse({"url": url, "isOver": task.is_final()})
    return redirect("task", task_id=task.pk)


def _facts(request: HttpRequest, record: PracticeRecord) -> dict[str, Any]:
    user, is_own = user_of(request), _is_own(request, record)
    may_listen = is_own or user.has_perm(LISTEN)
    result = sight.latest(record)
    trend = practice_trend.trends([record.session_id])[record.session_id]
    score = next((point for point in trend.points if point.record_id == record.pk), None)
    return {
        "record": record,
        "session": record.session,
        "line": practice_card.of(record, score, caller=Caller.logged_in(user)),
        "shown": practice_result.of(result, record.language) if result is not None else None,
        "recording_url": (recording_links.recording_url(record, user) or "") if may_listen else "",
        "has_voice": practice_reference.has_voice(record),
        "is_own": is_own,
        "trend": trend,
        "point": score,
    }


def _is_own(request: HttpRequest, record: PracticeRecord) -> bool:
    return record.session.owner_id == user_of(request).pk


def _seen(request: HttpRequest, session_id: UUID, record_id: UUID) -> PracticeRecord:
    """Return a record of the reader's own, or, for staff, of anybody's. Raises Http404."""
    found = PracticeRecord.objects.select_related("session", "task").filter(pk=record_id, session=session_id)
    record = found.first()
    if record is None or not (
        _is_own(request, record) or Caller.logged_in(user_of(request)).may_as_staff(practice_result.LOOK)
    ):
        raise Http404
    return record


def _own(request: HttpRequest, session_id: UUID, record_id: UUID) -> PracticeRecord:
    """Return a record that the reader may change: one of their own. Raises Http404."""
    found = sight.records_of(user_of(request)).select_related("session", "task")
    record = found.filter(pk=record_id, session=session_id).first()
    if record is None:
        raise Http404
    return record
