"""Bodies of multipart/form-data: what a function is asked with files, or what OpenAI's clients send.

Django has the files on disk by the time anything here looks; they go on as uploads (jobs/runtime/uploads.py), piece by
piece. A form's text fields are bounded like a JSON body, its files by UPLOAD_MAX_BYTES each.

Called by the doors and by the routes that take files.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext

from jobs.api.problem import Problem, field_problem
from jobs.runtime import registry, uploads
from jobs.runtime.errors import FieldError
from jobs.runtime.models import Upload

FORM = "multipart/form-data"
# What the routes of a form are told: the JSON that another client would send stands in this field.
INPUT = "input"
# Of those beside the input, which are no text in JSON.
_NUMBERS = ("priority",)

# For OpenAPI: a form instead of JSON.
BODY: dict[str, Any] = {
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "properties": {
                    INPUT: {"type": "string", "description": "the input as JSON, without its files"},
                    "priority": {"type": "string", "enum": ["0", "1", "2", "3"]},
                    "idempotency_key": {"type": "string"},
                    "not_before": {"type": "string"},
                    "callback_url": {"type": "string"},
                },
                "additionalProperties": {"type": "string", "format": "binary"},
            }
        }
    }
}


def is_form(request: HttpRequest) -> bool:
    return request.content_type == FORM


def files_of_function(request: HttpRequest) -> list[str]:
    """Return where the function in the address has a file among its inputs, as errors name the place."""
    named = request.resolver_match.kwargs if request.resolver_match else {}
    spec = registry.find(str(named.get("name", "")))
    return [f"{INPUT}.{name}" for name in uploads.file_fields(spec.input_type)] if spec is not None else []


def refuse_large_form(request: HttpRequest, places: Sequence[str]) -> None:
    """
    Raise a Problem for a form that is declared, or was counted by raw_body.py, as larger than any file may be.

    places: of the files; before the form is read nobody knows which of them it is.
    """
    length = request.META.get("CONTENT_LENGTH", "")
    if length.isdigit() and int(length) > most_form_bytes():
        detail = gettext("At most %(bytes)d bytes are taken.") % {"bytes": settings.UPLOAD_MAX_BYTES}
        errors = [FieldError(place, uploads.TOO_LARGE, detail) for place in places]
        raise Problem(413, "too-large", detail, errors=errors)


def most_form_bytes() -> int:
    """A file of the largest size, and a JSON body beside it."""
    return int(settings.UPLOAD_MAX_BYTES) + int(settings.MAX_BODY_BYTES)


def put_envelope(request: HttpRequest) -> None:
    """Put the JSON that the form stands for in the place of the request's body; the files stay in `request.FILES`."""
    fields = {name: request.POST[name] for name in request.POST}
    try:
        given = json.loads(fields.pop(INPUT, "{}"))
    except (ValueError, RecursionError):
        raise field_problem(INPUT, "json_invalid", gettext("This is not JSON.")) from None
    numbers = {name: int(text) for name, text in fields.items() if name in _NUMBERS and text in ("0", "1", "2", "3")}
    # What Django would read from the stream, which the form has used up.
    request._body = json.dumps({INPUT: given, **fields, **numbers}).encode()


def one_file(request: HttpRequest, field: str, *, place: str) -> "UploadedFile[bytes]":
    """Return the file of a field. Raises a Problem naming `place` when there is none, or more than one."""
    sent = request.FILES.getlist(field)
    if not sent:
        raise field_problem(place, "missing", gettext("A file is expected here."))
    if len(sent) > 1:
        raise field_problem(place, "too_many_files", gettext("One file is expected here."))
    found: UploadedFile[bytes] = sent[0]
    return found


@contextmanager
def stored_files(request: HttpRequest, spec: registry.Function, owner: User) -> Iterator[dict[str, Upload]]:
    """
    Store the form's files for the fields of a function's input; they are deleted when the block raises.

    Raises InvalidInput, a Problem naming a field that takes no file, EngineUnavailable.
    """
    taken: dict[str, Upload] = {}
    fields = uploads.file_fields(spec.input_type)
    try:
        for name in request.FILES if is_form(request) else ():
            _refuse_other_field(name, fields)
            file = one_file(request, name, place=f"{INPUT}.{name}")
            taken[name] = uploads.store(owner, file.chunks(), field=name)
        yield taken
    except BaseException:
        drop(taken)
        raise


def _refuse_other_field(name: str, fields: list[str]) -> None:
    if name not in fields:
        raise field_problem(f"{INPUT}.{name}", "extra_forbidden", gettext("This field takes no file."))


def drop(taken: dict[str, Upload]) -> None:
    for upload in taken.values():
        uploads.discard(upload)
