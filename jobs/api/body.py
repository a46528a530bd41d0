"""Read a request's body, and refuse at once what no function could store or mean.

Limits: JSON only, at most MAX_BODY_BYTES, no NaN, no text that a database cannot hold.
Called by the doors, before anything looks into the body, and by ninja as its parser.
"""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from ninja.parser import Parser

from jobs.api.problem import Problem, field_problem

# Their bodies mean nothing and are not read.
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


def refuse_what_is_no_json(request: HttpRequest) -> None:
    """Raise a Problem for a body that is declared too large, or as anything but JSON."""
    if request.method in SAFE_METHODS:
        return
    length = request.META.get("CONTENT_LENGTH", "")
    if length.isdigit() and int(length) > settings.MAX_BODY_BYTES:
        raise Problem(413, "too-large", _limit())
    if length == "0" or not request.content_type:
        return
    if request.content_type != "application/json":
        # A form, too, where nothing takes a file (see forms.py).
        detail = gettext("Content-Type %(type)s is not taken here; send application/json.") % {
            "type": request.content_type[:80]
        }
        raise Problem(415, "not-json", detail, headers={"Accept-Post": "application/json"})


def refuse_any_body(request: HttpRequest) -> None:
    """Raise a Problem naming the first field of a body where none is known; an empty object is none."""
    if not request.body:
        return
    data = StrictJson().parse_body(request)
    if data:
        field = next(iter(data)) if isinstance(data, dict) else "body"
        raise field_problem(str(field), "extra_forbidden", gettext("This request takes no fields."))


class StrictJson(Parser):
    """JSON as RFC 8259 has it, without texts that cannot be stored; and queries as forms of browsers send them."""

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        given = super().parse_querydict(data, list_fields, request)
        if data is not request.GET:
            return given
        # A form sends the fields that nobody filled in, and a client a variable that is empty: `?status=` is no filter.
        return {name: value for name, value in given.items() if value != ""}

    def parse_body(self, request: HttpRequest) -> Any:
        body = request.body
        if len(body) > settings.MAX_BODY_BYTES:
            raise Problem(413, "too-large", _limit())
        try:
            data = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise Problem(400, "bad-request", gettext("The body is not JSON in UTF-8.")) from None
        # Such characters can only come as escapes: UTF-8 holds no surrogates, JSON no raw NUL.
        if b"\\u" in body:
            _refuse_unstorable(data)
        return data


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _refuse_unstorable(data: Any) -> None:
    for place, text in _texts(data, ()):
        if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise field_problem(
                ".".join(place).encode("ascii", "replace").decode() or "body",
                "unstorable_text",
                gettext("The text holds a character that is none: U+0000, or half of a surrogate pair."),
            )


def _texts(data: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(data, str):
        yield place, data
    elif isinstance(data, dict):
        for name, value in data.items():
            yield place, name
            yield from _texts(value, (*place, name))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _texts(value, (*place, str(number)))


def _limit() -> str:
    return gettext("At most %(bytes)d bytes are taken.") % {"bytes": settings.MAX_BODY_BYTES}
