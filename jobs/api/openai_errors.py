"""Errors as OpenAI's API words them: {"error": {"message", "type", "param", "code"}}.

Its SDKs choose the exception by the status: 400 for a request that does not fit, where the
house itself says 422; an unknown voice stays 422, as INTERFACE promises. They also try 409 and
5xx again by themselves, unless `x-should-retry: false` says that it would be for nothing.
"""

from django.http import JsonResponse
from django.utils.translation import gettext

from jobs.api.problem import AWAY_RETRY_SECONDS, Problem
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import FieldError, InvalidInput, TooLate
from jobs.runtime.models import Task

NO_RETRY = {"x-should-retry": "false"}

# The function's names of what OpenAI calls otherwise.
PARAMS = {"text": "input", "format": "response_format"}
CODES = {"bad-token": "invalid_api_key", "unauthorized": "invalid_api_key", "too-fast": "rate_limit_exceeded"}


def as_openai(problem: Problem) -> JsonResponse:
    """Return a problem in OpenAI's shape."""
    body = problem.body()
    first = problem.errors[0] if problem.errors else None
    message = first.message if first else body.get("detail", body["title"])
    error = {
        "message": f"{first.field}: {message}" if first else message,
        "type": _type(problem),
        "param": first.field if first else None,
        "code": first.code if first else CODES.get(problem.code, problem.code.replace("-", "_")),
    }
    return JsonResponse(
        {"error": error},
        status=_status(problem),
        headers=problem.headers,
        json_dumps_params={"ensure_ascii": False},
    )


def refused_input(error: InvalidInput) -> Problem:
    """Return what the function `speech` refused, under the names that the client used."""
    errors = [FieldError(PARAMS.get(e.field, e.field), e.code, e.message) for e in error.errors]
    return Problem(422, "invalid-input", errors=errors)


def give_up(task: Task, *, keep: bool) -> None:
    """
    Raise the Problem that the queue is away, at once: who listens waits for an answer, not for a queue.

    keep: leaves the task to be done, for the same request, by its key, finds it later; nobody comes back for others.
    """
    if not keep:
        try:
            cancel(task)
        except TooLate as late:
            raise Problem(409, "too-late", str(late), headers=NO_RETRY) from late
    headers = {"Retry-After": str(AWAY_RETRY_SECONDS)}
    raise Problem(503, "away", gettext("The queue does not answer."), headers=headers)


def _type(problem: Problem) -> str:
    if problem.code == "too-fast":
        return "requests"
    return "server_error" if problem.status >= 500 else "invalid_request_error"


def _status(problem: Problem) -> int:
    if problem.code == "invalid-input" and all(error.field != "voice" for error in problem.errors):
        return 400
    return problem.status
