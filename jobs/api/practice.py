"""Practice: sessions, records, and their recordings. Everybody sees their own alone; all else is 404.

A recording comes as a form, is decoded to see that it is one, and lies encrypted from then on (jobs/practice); it is
played by recordings.py.
"""

from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from ninja import Router, Status
from pydantic import Field, ValidationError

from jobs.access import audit, links
from jobs.access.caller import PRACTICE
from jobs.access.models import Action
from jobs.api import cursor as cursors
from jobs.api import forms
from jobs.api.body import refuse_any_body
from jobs.api.doors import token_or_login
from jobs.api.practice_shapes import (
    NewRecord,
    NewSession,
    RecordDetail,
    RecordList,
    SessionDetail,
    SessionLine,
    SessionList,
)
from jobs.api.practice_told import record_detail, session_line
from jobs.api.problem import Problem, documented, field_problem, invalid_input
from jobs.api.sight import caller_of
from jobs.api.tasks import CURSOR, DEFAULT_LIMIT
from jobs.practice import recordings, retention, sight
from jobs.practice.models import PracticeRecord, PracticeSession
from jobs.runtime import clock
from jobs.runtime.errors import FieldError, InvalidInput

router = Router(tags=["practice"])

Limit = Annotated[int, Field(ge=1, le=settings.MAX_PAGE_ROWS)]
Cursor = Annotated[str | None, Field(max_length=200, json_schema_extra=CURSOR)]
# For OpenAPI; the form is read by hand, because a part of it is a file.
FORM: dict[str, Any] = {
    "required": True,
    "content": {
        forms.FORM: {
            "schema": {
                "type": "object",
                "required": ["recording", "sentence", "language"],
                "properties": {
                    "recording": {"type": "string", "format": "binary"},
                    "sentence": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "language": {"enum": ["ja", "en", "zh-TW"]},
                },
            }
        }
    },
}


@router.post(
    "/sessions",
    auth=token_or_login(PRACTICE),
    response={201: SessionLine, **documented(400, 413, 415, 422, 429)},
    summary="Begin a practice session",
)
def make_practice_session(
    request: HttpRequest, response: HttpResponse, body: NewSession | None = None
) -> Status[SessionLine]:
    """Begin a session, to which records are added."""
    user = caller_of(request).user
    if PracticeSession.objects.filter(owner_id=user.pk).count() >= settings.PRACTICE_OWNER_SESSIONS:
        detail = gettext("You have %(count)d practice sessions; delete some.") % {
            "count": settings.PRACTICE_OWNER_SESSIONS
        }
        raise Problem(429, "no-more", detail)
    made = PracticeSession.objects.create(owner=user, title=body.title if body else "", created_at=clock.now())
    response["Location"] = links.base_of(request) + reverse("api:show_practice_session", args=[made.pk])
    return Status(201, session_line(_session(request, made.pk)))


@router.get(
    "/sessions",
    auth=token_or_login(PRACTICE),
    response={200: SessionList, **documented(422)},
    summary="Your practice sessions",
)
def list_practice_sessions(request: HttpRequest, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> SessionList:
    """The caller's own sessions, the newest first."""
    user = caller_of(request).user
    found = sight.sessions_of(user)
    if (last := _read(user, cursor)) is not None:
        found = found.filter(id__lt=last)
    rows = list(found[: limit + 1])
    shown = rows[:limit]
    return SessionList(practice_sessions=[session_line(each) for each in shown], next_cursor=_more(user, rows, shown))


@router.get(
    "/sessions/{uuid:session_id}",
    auth=token_or_login(PRACTICE),
    response={200: SessionDetail, **documented(404)},
    summary="One practice session",
)
def show_practice_session(request: HttpRequest, session_id: UUID) -> SessionDetail:
    """A session with all of its records."""
    session = _session(request, session_id)
    records = sight.records_of(caller_of(request).user).filter(session=session)
    line = session_line(session).model_dump()
    return SessionDetail(**line, practice_records=[record_detail(record, request) for record in records])


@router.delete(
    "/sessions/{uuid:session_id}",
    auth=token_or_login(PRACTICE),
    response={204: None, **documented(400, 404, 413, 415, 422)},
    summary="Delete a practice session",
)
def delete_practice_session(request: HttpRequest, session_id: UUID) -> Status[None]:
    """Delete a session with its records, recordings and results; what is being analysed is cancelled."""
    refuse_any_body(request)
    session = _session(request, session_id)
    audit.record(Action.RECORDING_DELETED, actor=caller_of(request).user, about=session)
    retention.delete_session(session)
    return Status(204, None)


@router.post(
    "/sessions/{uuid:session_id}/records",
    auth=token_or_login(PRACTICE, form_files=lambda _request: (recordings.FIELD,)),
    response={201: RecordDetail, **documented(400, 404, 413, 415, 422, 429)},
    summary="Add a recording",
    openapi_extra={"requestBody": FORM},
)
def add_practice_record(request: HttpRequest, response: HttpResponse, session_id: UUID) -> Status[RecordDetail]:
    """
    Add a recording and the sentence that is read in it: mp3, wav, m4a, aac, ogg, flac or webm, known by content.

    It is decoded at once, and refused by name when it is too long, too large or no recording.
    """
    session = _session(request, session_id)
    if not forms.is_form(request):
        detail = gettext("Send the recording as a form: multipart/form-data.")
        raise Problem(415, "not-json", detail, headers={"Accept-Post": forms.FORM})
    said = _form(request)
    file = forms.one_file(request, recordings.FIELD, place=recordings.FIELD)
    try:
        record = recordings.take_in(session, file.chunks(), sentence=said.sentence, language=said.language)
    except InvalidInput as error:
        raise invalid_input(error) from None
    except PracticeSession.DoesNotExist:
        raise Http404 from None
    response["Location"] = links.base_of(request) + reverse("api:show_practice_record", args=[record.pk])
    return Status(201, record_detail(record, request))


@router.get(
    "/sessions/{uuid:session_id}/records",
    auth=token_or_login(PRACTICE),
    response={200: RecordList, **documented(404, 422)},
    summary="A session's records",
)
def list_practice_records(
    request: HttpRequest, session_id: UUID, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> RecordList:
    """The records of one session, the newest first."""
    user = caller_of(request).user
    found = sight.records_of(user).filter(session=_session(request, session_id))
    if (last := _read(user, cursor)) is not None:
        found = found.filter(id__lt=last)
    rows = list(found[: limit + 1])
    shown = rows[:limit]
    return RecordList(
        practice_records=[record_detail(each, request) for each in shown], next_cursor=_more(user, rows, shown)
    )


@router.get(
    "/records/{uuid:record_id}",
    auth=token_or_login(PRACTICE),
    response={200: RecordDetail, **documented(404)},
    summary="One practice record",
)
def show_practice_record(request: HttpRequest, record_id: UUID) -> RecordDetail:
    """A record, how far its analysis is, and its latest scores."""
    return record_detail(_record(request, record_id), request)


@router.get(
    "/sessions/{uuid:session_id}/records/{uuid:record_id}",
    auth=token_or_login(PRACTICE),
    response={200: RecordDetail, **documented(404)},
    summary="One record of a session",
)
def show_session_record(request: HttpRequest, session_id: UUID, record_id: UUID) -> RecordDetail:
    """The same record, by its session."""
    return record_detail(_record(request, record_id, session_id), request)


@router.delete(
    "/records/{uuid:record_id}",
    auth=token_or_login(PRACTICE),
    response={204: None, **documented(400, 404, 413, 415, 422)},
    summary="Delete a practice record",
)
def delete_practice_record(request: HttpRequest, record_id: UUID) -> Status[None]:
    """Delete a record with its recording and its results; an analysis that has not ended is cancelled."""
    return _deleted(request, record_id)


@router.delete(
    "/sessions/{uuid:session_id}/records/{uuid:record_id}",
    auth=token_or_login(PRACTICE),
    response={204: None, **documented(400, 404, 413, 415, 422)},
    summary="Delete a record of a session",
)
def delete_session_record(request: HttpRequest, session_id: UUID, record_id: UUID) -> Status[None]:
    """The same, by its session."""
    return _deleted(request, record_id, session_id)


def _form(request: HttpRequest) -> NewRecord:
    fields = {name: request.POST[name] for name in request.POST}
    for name, text in fields.items():
        if "\x00" in text:
            raise field_problem(name, "unstorable_text", gettext("The text holds U+0000, which is no character."))
    try:
        return NewRecord.model_validate(fields)
    except ValidationError as error:
        found = [FieldError(str(each["loc"][0]), each["type"], each["msg"]) for each in error.errors(include_url=False)]
        raise Problem(422, "invalid-input", errors=found) from None


def _deleted(request: HttpRequest, record_id: UUID, session_id: UUID | None = None) -> Status[None]:
    refuse_any_body(request)
    record = _record(request, record_id, session_id)
    audit.record(Action.RECORDING_DELETED, actor=caller_of(request).user, about=record)
    retention.delete_record(record)
    return Status(204, None)


def _session(request: HttpRequest, session_id: UUID) -> PracticeSession:
    session = sight.sessions_of(caller_of(request).user).filter(pk=session_id).first()
    if session is None:
        raise Http404
    return session


def _record(request: HttpRequest, record_id: UUID, session_id: UUID | None = None) -> PracticeRecord:
    found = sight.records_of(caller_of(request).user).filter(pk=record_id)
    if session_id is not None:
        found = found.filter(session=session_id)
    record = found.first()
    if record is None:
        raise Http404
    return record


def _read(user: User, cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    last = cursors.read(user.pk, cursor)
    if last is None:
        raise field_problem("cursor", "bad_cursor", gettext("This is no cursor of a list of yours."))
    return last


def _more(user: User, rows: list[Any], shown: list[Any]) -> str | None:
    return cursors.make(user.pk, shown[-1].pk) if len(rows) > len(shown) else None
