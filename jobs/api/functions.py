"""What can be asked for, and asking for it: GET /functions, GET /functions/{name}, POST /functions/{name}/invoke."""

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from ninja import HeaderEx, P, Router, Status
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt
from pydantic_core import PydanticCustomError

from jobs.access import links
from jobs.access.caller import INVOKE, STAFF
from jobs.api import callback, forms
from jobs.api.accepted import HEADERS, Accepted, accepted
from jobs.api.doors import require_scope, token_or_login
from jobs.api.problem import Problem, documented, field_problem
from jobs.api.sight import caller_of, refuse_what_is_for_staff
from jobs.runtime import clock, registry
from jobs.runtime.errors import FieldError, UnknownFunction
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Priority, Source

router = Router(tags=["functions"])

# Printable ASCII: a header carries nothing else unharmed.
KEY_PATTERN = r"^[\x20-\x7e]{1,255}$"
Key = Annotated[str, Field(pattern=KEY_PATTERN, description="1 to 255 printable ASCII characters")]
KeyHeader = HeaderEx[Key | None, P(alias="Idempotency-Key", description="the same key and body give the same task")]

# What is asked for later than this is a plan, which a person would want to see and change: a schedule's matter.
MAX_DELAY_DAYS = 30


def _refuse_what_is_no_text(value: Any) -> Any:
    # pydantic would also take a number for the seconds since 1970, and nobody could see in which unit it was meant.
    if not isinstance(value, str) or not re.match(r"[0-9]{4}-", value):
        raise PydanticCustomError("datetime_type", "A moment is written as 2026-12-31T07:30:00+09:00")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_refuse_what_is_no_text)]


class FunctionLine(BaseModel):
    name: str
    title: str
    summary: str
    queue: str
    timeout_seconds: int = Field(description="of one attempt")
    staff_only: bool
    url: str
    invoke_url: str


class FunctionList(BaseModel):
    functions: list[FunctionLine]


class StartRate(BaseModel):
    """At most `count` starts within `per_seconds`."""

    count: int
    per_seconds: float


class FunctionDetail(FunctionLine):
    """A function with its declared limits; a limit that was not declared is null."""

    soft_timeout_seconds: int | None = Field(description="of one attempt: it is asked to come to an end then")
    max_running: int | None = Field(description="at once in the whole house")
    max_running_per_key: int | None = Field(description="at once for each order key")
    rate: StartRate | None = Field(description="how many may start in a time")
    max_memory_megabytes: int | None = Field(description="of a worker that runs it; null: as the house is set")
    max_output_bytes: int | None = Field(description="of output and files together; null: as the house is set")
    max_retries: int | None = Field(description="after the first attempt; null: as the kind of error is retried")
    steps: dict[str, str] = Field(description="the keys that `current_step` may hold, and their words")
    input_schema: dict[str, Any] = Field(description="JSON Schema")
    output_schema: dict[str, Any] = Field(description="JSON Schema")


class Envelope(BaseModel):
    """A request to run a function."""

    model_config = ConfigDict(extra="forbid")

    input: dict[str, Any] = Field(description="as the function's input schema says")
    priority: StrictInt = Field(
        default=Priority.NORMAL, ge=0, le=3, description="0 urgent (staff scope), 1 normal, 2 low, 3 bulk"
    )
    idempotency_key: Key | None = Field(default=None, description="or the header Idempotency-Key")
    not_before: Moment | None = Field(
        default=None,
        description=f"it waits until then, at most {MAX_DELAY_DAYS} days; with a time zone; one in the past means now",
    )
    callback_url: str | None = Field(
        default=None,
        max_length=callback.MAX_CHARACTERS,
        description="a signed webhook is sent there when the task has ended; https, and no private address",
    )


@router.get("", auth=token_or_login(INVOKE), response={200: FunctionList, **documented()}, summary="List functions")
def list_functions(request: HttpRequest) -> FunctionList:
    """The functions that the caller may run."""
    caller = caller_of(request)
    base = links.base_of(request)
    offered = [spec for spec in registry.offered() if caller.is_staff() or not spec.staff_only]
    return FunctionList(functions=[FunctionLine(**_line(spec, base)) for spec in offered])


@router.get(
    "/{name}", auth=token_or_login(INVOKE), response={200: FunctionDetail, **documented(404)}, summary="One function"
)
def show_function(request: HttpRequest, name: str) -> FunctionDetail:
    """A function with the JSON Schema of its input and output."""
    spec = _offered(request, name)
    return FunctionDetail(
        **_line(spec, links.base_of(request)),
        **_limits(spec),
        steps={key: str(label) for key, label in spec.steps.items()},
        input_schema=spec.input_type.model_json_schema(),
        output_schema=spec.output_type.model_json_schema(mode="serialization"),
    )


@router.post(
    "/{name}/invoke",
    auth=token_or_login(INVOKE, form_files=forms.files_of_function),
    response={202: Accepted, **documented(400, 404, 413, 415, 422, 429)},
    summary="Run a function",
    openapi_extra={"responses": {202: {"headers": HEADERS}}, "requestBody": forms.BODY},
)
def invoke_function(
    request: HttpRequest,
    response: HttpResponse,
    name: str,
    body: Envelope,
    idempotency_key: KeyHeader = None,
) -> Status[Accepted]:
    """
    Accept one run. The same key and body again give the same task; another body under that key is 422.

    The answer comes before the run: follow `status_url`, `events_url` or `page_url`.
    """
    caller = caller_of(request)
    spec = _offered(request, name)
    refuse_what_is_for_staff(request, spec)
    if body.priority == Priority.URGENT and not caller.is_staff():
        error = FieldError("priority", "staff_scope_needed", gettext("Priority 0 needs the scope “staff”."))
        raise Problem(403, "missing-scope", errors=[error])
    if body.not_before is not None and body.not_before > clock.now() + timedelta(days=MAX_DELAY_DAYS):
        words = gettext("At most %(days)d days ahead.") % {"days": MAX_DELAY_DAYS}
        raise field_problem("not_before", "too_far_ahead", words)
    call_back_to = callback.checked(body.callback_url)
    with forms.stored_files(request, spec, caller.user) as files, callback.atomic_if(call_back_to):
        invocation = invoke(
            spec.name,
            body.input | {field: str(upload.pk) for field, upload in files.items()},
            owner=caller.user,
            source=Source.API,
            priority=Priority(body.priority),
            idempotency_key=one_key(idempotency_key, body.idempotency_key),
            not_before=body.not_before,
            asked_beside=call_back_to,
        )
        callback.ask_for(invocation, call_back_to)
    if invocation.replayed:
        # The task that was there has the same files already.
        forms.drop(files)
    return Status(202, accepted(invocation, request, response))


def one_key(in_header: str | None, in_body: str | None) -> str | None:
    if in_header is not None and in_body is not None and in_header != in_body:
        raise field_problem("idempotency_key", "two_keys", gettext("The header and the body name different keys."))
    return in_header if in_header is not None else in_body


def _offered(request: HttpRequest, name: str) -> registry.Function:
    spec = registry.get(name)
    if spec.house_only:
        raise UnknownFunction(name)
    if spec.staff_only:
        require_scope(caller_of(request), STAFF)
    return spec


def _limits(spec: registry.Function) -> dict[str, Any]:
    return {
        "soft_timeout_seconds": spec.soft_timeout_seconds,
        "max_running": spec.max_running,
        "max_running_per_key": spec.max_running_per_key,
        "rate": None if spec.rate is None else asdict(spec.rate),
        "max_memory_megabytes": spec.max_memory_megabytes,
        "max_output_bytes": spec.max_output_bytes,
        "max_retries": None if spec.retry is None else spec.retry.maximum,
    }


def _line(spec: registry.Function, base: str) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": str(spec.title),
        "summary": spec.summary,
        "queue": spec.queue,
        "timeout_seconds": spec.timeout_seconds,
        "staff_only": spec.staff_only,
        "url": base + reverse("api:show_function", args=[spec.name]),
        "invoke_url": base + reverse("api:invoke_function", args=[spec.name]),
    }
