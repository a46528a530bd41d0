"""The pages of practice: one's sessions with their trends, and one session with its records and the form for another.

A session's page is its owner's alone; foreign and unknown ids answer 404 alike. What changes while one looks is a
fragment (`/list`), rendered by the same template. The pages of one record are in practice_records.py.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.access import audit
from jobs.access.caller import Caller
from jobs.access.models import Action
from jobs.live import practice_card, practice_trend, practice_words
from jobs.live.practice_record_form import RecordForm
from jobs.practice import retention, sight, status
from jobs.practice.models import IN_ANALYSIS, PracticeRecord, PracticeSession, RecordStatus
from jobs.practice.models.session import TITLE_CHARACTERS
from jobs.runtime import clock
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke_many
from jobs.runtime.models import Source

# On one page of the list; each has a small drawing of its trend.
SESSIONS_SHOWN = 20


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def practice(request: HttpRequest) -> HttpResponseBase:
    """One's sessions, the newest first; a POST begins another."""
    user = user_of(request)
    if request.method != "POST":
        return _sessions(request, user)
    title = " ".join(request.POST.get("title", "").split())
    error = ""
    if len(title) > TITLE_CHARACTERS:
        error = _("This is too long.")
    elif "\x00" in title:
        error = _("There is a character in it that cannot be stored.")
    elif PracticeSession.objects.filter(owner=user).count() >= settings.PRACTICE_OWNER_SESSIONS:
        error = _("You have as many sessions as there may be. Delete one first.")
    if error:
        return _sessions(request, user, title=title, error=error)
    session = PracticeSession.objects.create(owner=user, title=title, created_at=clock.now())
    return redirect("practice-session", session_id=session.pk)


def _sessions(request: HttpRequest, user: User, *, title: str = "", error: str = "") -> HttpResponse:
    found = sight.sessions_of(user)
    if (before := _uuid(request.GET.get("before", ""))) is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: SESSIONS_SHOWN + 1])
    shown = rows[:SESSIONS_SHOWN]
    trends = practice_trend.trends(session.pk for session in shown)
    facts = {
        "sessions": [(session, trends[session.pk]) for session in shown],
        "before": shown[-1].pk if len(rows) > len(shown) else None,
        "title": title,
        "error": error,
        "longest": TITLE_CHARACTERS,
    }
    return render(request, "practice.html", facts, status=422 if error else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_page(request: HttpRequest, session_id: UUID) -> HttpResponseBase:
    """One session; a POST adds a record, and has it analysed when that is wished."""
    session = _session(request, session_id)
    if request.method != "POST":
        return _render_session(request, session, RecordForm.like(session, _uuid(request.GET.get("like", ""))))
    form = RecordForm.sent(request)
    try:
        record = form.store(session)
    except PracticeSession.DoesNotExist:
        # Deleted in another window while the file came.
        raise Http404 from None
    if record is None:
        return _render_session(request, session, form, status=422)
    if form.is_analysed:
        analyse(request, [record])
    return redirect("practice-record", session_id=session.pk, record_id=record.pk)


@never_cache
@require_GET
def session_list(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The records alone, for the page to replace its own with."""
    if not isinstance(request.user, User):
        raise Http404
    return render(request, "practice_list.html", _list(request, _session(request, session_id)))


def _render_session(
    request: HttpRequest, session: PracticeSession, form: RecordForm, *, status: int = 200
) -> HttpResponse:
    facts = {
        "form": form,
        "max_seconds": settings.PRACTICE_MAX_SECONDS,
        "max_bytes": settings.UPLOAD_MAX_BYTES,
        "recordings_days": settings.RECORDINGS_DAYS,
        **_list(request, session),
    }
    return render(request, "practice_session.html", facts, status=status)


def _list(request: HttpRequest, session: PracticeSession) -> dict[str, Any]:
    trend = practice_trend.trends([session.pk])[session.pk]
    scores = {point.record_id: point for point in trend.points}
    records = PracticeRecord.objects.filter(session=session).select_related("task").order_by("-id")
    caller = Caller.logged_in(user_of(request))
    lines = [practice_card.of(record, scores.get(record.pk), caller=caller) for record in records]
    return {
        "session": session,
        "trend": trend,
        "lines": lines,
        "running": sum(line.running is not None for line in lines),
        "to_analyse": len(_due(session)),
    }


@login_required
@require_POST
def analyse_all(request: HttpRequest, session_id: UUID) -> HttpResponseBase:
    """Have every record of the session analysed that is not."""
    session = _session(request, session_id)
    if due := _due(session):
        analyse(request, due)
    return redirect("practice-session", session_id=session.pk)


@login_required
@require_POST
def delete_session(request: HttpRequest, session_id: UUID) -> HttpResponseBase:
    session = _session(request, session_id)
    audit.record(Action.RECORDING_DELETED, actor=user_of(request), about=session)
    count = retention.delete_session(session)
    told = ngettext(
        "The session and its %(count)d recording are deleted.",
        "The session and its %(count)d recordings are deleted.",
        count,
    )
    messages.success(request, told % {"count": count})
    return redirect("practice")


def analyse(request: HttpRequest, records: list[PracticeRecord]) -> None:
    """Have one's own records analysed, all or none; a message says why not."""
    language = practice_words.feedback_language(request)
    asked = [{"practice_record_id": record.pk, "feedback_language": language} for record in records]
    try:
        invoke_many(status.FUNCTION, asked, owner=user_of(request), source=Source.PAGE, place="records")
    except InvalidInput as error:
        codes = {each.code for each in error.errors}
        if status.ALREADY_QUEUED not in codes:
            messages.warning(request, practice_words.refused(error.errors[0]))


def user_of(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    return user


def _session(request: HttpRequest, session_id: UUID) -> PracticeSession:
    session = sight.sessions_of(user_of(request)).filter(pk=session_id).first()
    if session is None:
        raise Http404
    return session


def _due(session: PracticeSession) -> list[PracticeRecord]:
    """Return the records that can be analysed and have no result: not those that a gate refused, which stays so."""
    waiting = PracticeRecord.objects.filter(session=session, status=RecordStatus.RECORDED).exclude(recording="")
    fresh = waiting.filter(results=None).exclude(task__error_type="data_validation_error")
    return list(fresh.exclude(status__in=IN_ANALYSIS).order_by("id"))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
