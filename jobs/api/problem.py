"""What an error looks like: RFC 9457 problem details, for every error of the HTTP API.

`translate()` turns whatever left a route into a Problem; only what nobody foresaw becomes a
500, without a word of its cause in the answer. Errors are told apart by `type` and by the
`code` of each field error; the sentences are for people and in their language.

Called by front.py, which renders a Problem, and by the rooms that raise one.
"""

import logging
from collections.abc import Sequence
from typing import Any, Literal

import redis
import structlog
from django.core.exceptions import BadRequest, DisallowedHost, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel, Field

from jobs.access.open_lines import TooManyLines
from jobs.engines.errors import EngineUnavailable
from jobs.runtime import uploads
from jobs.runtime.errors import (
    SWITCHED_OFF,
    FieldError,
    InvalidInput,
    KeyReused,
    NotFinished,
    QueueUnreachable,
    TooLate,
    UnknownFunction,
)
from jobs.runtime.storage import StorageUnreachable

logger = logging.getLogger(__name__)

# A database or a Redis that restarts is back after a few seconds.
AWAY_RETRY_SECONDS = 5
# A stream that ends makes place at once; nobody knows when.
LINE_RETRY_SECONDS = 10
CHALLENGE = 'Bearer realm="koebako"'
# Fields that one answer names: a body of 1 MB has 60,000 unknown ones, and naming all of them were 6 MB.
MAX_ERRORS = 50
# Of a field's name, which may be the caller's invention.
MAX_FIELD_CHARACTERS = 200

Code = Literal[
    "bad-request",
    "unauthorized",
    "bad-token",
    "missing-scope",
    "not-allowed",
    "link-refused",
    "csrf",
    "not-found",
    "unknown-function",
    "method-not-allowed",
    "too-late",
    "not-finished",
    "already-queued",
    "task-failed",
    "not-in-voice",
    "too-many",
    "too-fast",
    "no-more",
    "switched-off",
    "function-off",
    "too-large",
    "not-json",
    "bad-range",
    "invalid-input",
    "key-reused",
    "unexpected",
    "away",
]
TITLES: dict[Code, Any] = {
    "bad-request": _("The request cannot be read"),
    "unauthorized": _("Who are you"),
    "bad-token": _("The token is not valid"),
    "missing-scope": _("The token does not allow this"),
    "not-allowed": _("You may not do this"),
    "link-refused": _("The link does not open this, or has ended"),
    "csrf": _("The request does not come from a page of ours"),
    "not-found": _("There is nothing here"),
    "unknown-function": _("There is no such function"),
    "method-not-allowed": _("This address knows no such method"),
    "too-late": _("The task has ended already"),
    "not-finished": _("The task has not ended yet"),
    "already-queued": _("It is being analysed already"),
    "task-failed": _("The task has failed"),
    "not-in-voice": _("The bot is in no voice channel there"),
    "too-many": _("Too many wait already"),
    "too-fast": _("Too many requests"),
    "no-more": _("There are as many as there may be"),
    "switched-off": _("The endpoint is switched off"),
    "function-off": _("This is switched off here"),
    "too-large": _("The body is too large"),
    "not-json": _("The body must be JSON"),
    "bad-range": _("The file has no such part"),
    "invalid-input": _("The request does not fit"),
    "key-reused": _("The idempotency key was used for another request"),
    "unexpected": _("Something went wrong here"),
    "away": _("A part of the house does not answer"),
}


class FieldProblem(BaseModel):
    field: str = Field(description="the dotted path of the field, such as input.text")
    code: str = Field(description="a stable word for programs")
    message: str


class ProblemBody(BaseModel):
    """An error as RFC 9457 wants it."""

    type: str = Field(description="urn:koebako:problem: and a stable word")
    title: str
    status: int
    detail: str | None = None
    request_id: str = Field(description="what the answer's X-Request-ID says: tell it to whoever runs this house")
    errors: list[FieldProblem] | None = Field(default=None, description="one for each field that does not fit")


class Problem(Exception):
    """An error on its way to the client. `code` is a key of TITLES; headers go out with the answer."""

    def __init__(
        self,
        status: int,
        code: Code,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)[:MAX_ERRORS]
        self.headers = headers or {}
        super().__init__(f"{status} {code}")

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": f"urn:koebako:problem:{self.code}",
            "title": str(TITLES[self.code]),
            "status": self.status,
        }
        if self.detail:
            body["detail"] = self.detail
        # Bound by core/request_id.py for as long as a request is answered, and there is no answer outside of one.
        if request_id := structlog.contextvars.get_contextvars().get("request_id"):
            body["request_id"] = request_id
        if self.errors:
            body["errors"] = [
                {"field": e.field[:MAX_FIELD_CHARACTERS], "code": e.code, "message": e.message} for e in self.errors
            ]
        return body


def field_problem(field: str, code: str, message: str) -> Problem:
    """Return a 422 that names one field."""
    return Problem(422, "invalid-input", errors=[FieldError(field, code, message)])


def documented(*statuses: int) -> dict[int, type[ProblemBody]]:
    """Return what a route's `response=` says of its errors, beside those that any route may answer."""
    return dict.fromkeys((*statuses, 401, 403, 429, 500, 503), ProblemBody)


def translate(error: BaseException) -> Problem:
    """Return the problem that an exception is to the client."""
    if isinstance(error, HttpError) and isinstance(error.__cause__, Problem):
        # ninja wraps whatever the parser raises.
        return error.__cause__
    if isinstance(error, Problem):
        return error
    return _of_the_request(error) or _of_the_runtime(error) or _of_the_house(error)


def _of_the_request(error: BaseException) -> Problem | None:
    if isinstance(error, ValidationError):
        return Problem(422, "invalid-input", errors=[_field_error(detail) for detail in error.errors])
    if isinstance(error, AuthenticationError):
        detail = gettext("Send an API token as “Authorization: Bearer ...”, or log in.")
        return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": CHALLENGE})
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "too-large")
    if isinstance(error, DisallowedHost):
        return Problem(400, "bad-request", gettext("The Host header names no host of this house (ALLOWED_HOSTS)."))
    if isinstance(error, TooManyFieldsSent):
        return Problem(400, "bad-request", gettext("There are too many fields."))
    if isinstance(error, MultiPartParserError | UnreadablePostError | SuspiciousOperation | BadRequest):
        return Problem(400, "bad-request")
    if isinstance(error, HttpError):
        return Problem(error.status_code, "bad-request" if error.status_code < 500 else "unexpected")
    if isinstance(error, Http404):
        return Problem(404, "not-found")
    return None


def _of_the_runtime(error: BaseException) -> Problem | None:
    if isinstance(error, InvalidInput):
        # The function's fields stand under `input` in the request.
        return invalid_input(error, place="input")
    if isinstance(error, UnknownFunction):
        return Problem(404, "unknown-function")
    if isinstance(error, KeyReused):
        return Problem(422, "key-reused", errors=[FieldError("idempotency_key", "key_reused", str(error))])
    if isinstance(error, TooLate):
        return Problem(409, "too-late", str(error))
    if isinstance(error, NotFinished):
        return Problem(409, "not-finished", str(error))
    if isinstance(error, TooManyLines):
        detail = gettext("Too many streams are open; close some of them.")
        return Problem(429, "too-fast", detail, headers={"Retry-After": str(LINE_RETRY_SECONDS)})
    return None


def invalid_input(error: InvalidInput, *, place: str = "") -> Problem:
    """Return the problem of an input that does not fit. place: where in the request the function's fields stand."""
    before = f"{place}." if place else ""
    errors = [FieldError(f"{before}{e.field}", e.code, e.message) for e in error.errors]
    if any(e.code in (uploads.TOO_LARGE, uploads.NO_ROOM) for e in errors):
        return Problem(413, "too-large", errors=errors)
    if any(e.code == uploads.TOO_MANY for e in errors):
        return Problem(429, "too-many", errors=errors)
    if any(e.code == SWITCHED_OFF for e in errors):
        return Problem(503, "function-off", errors=errors)
    return Problem(422, "invalid-input", errors=errors)


def _of_the_house(error: BaseException) -> Problem:
    away = {"Retry-After": str(AWAY_RETRY_SECONDS)}
    if isinstance(error, OperationalError | InterfaceError):
        # A database that is locked, restarting or full: nothing was changed, so asking again is right.
        logger.warning("database did not answer a request", extra={"reason": str(error)[:200]})
        return Problem(503, "away", gettext("The database does not answer. Nothing was changed."), headers=away)
    if isinstance(error, EngineUnavailable):
        # No process could be started to look into a file.
        logger.warning("an engine did not answer a request", extra={"engine": error.engine})
        return Problem(503, "away", str(error), headers=away)
    if isinstance(error, StorageUnreachable):
        logger.warning("storage did not answer a request", extra={"reason": error.reason})
        return Problem(503, "away", gettext("The storage does not answer."), headers=away)
    if isinstance(error, QueueUnreachable | redis.RedisError):
        logger.warning("redis did not answer a request", extra={"reason": type(error).__name__})
        return Problem(503, "away", gettext("The queue does not answer."), headers=away)
    logger.error("a request failed", exc_info=error)
    return Problem(500, "unexpected")


def _field_error(detail: dict[str, Any]) -> FieldError:
    """Return one of ninja's validation errors as ours: `("body", "body", "priority")` is the field `priority`."""
    source, *place = [str(part) for part in detail["loc"]]
    path = place[1:] if source == "body" else place
    return FieldError(".".join(path) or source, detail["type"], detail["msg"])
