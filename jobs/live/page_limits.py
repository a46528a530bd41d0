"""Limits for pages, and for whatever has no door of its own: refused before a view, a session or a row is looked at.

Each request counts against its address. What a person sends counts against them too (`count_person`), once the
session has said who they are. Views that count their callers themselves, and probes, are marked `@not_counted`.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from jobs.access import throttle
from jobs.access.addresses import address_of
from jobs.access.throttle import Verdict

View = TypeVar("View", bound=Callable[..., Any])
LOOKS = ("GET", "HEAD", "OPTIONS")


def not_counted(view: View) -> View:
    """Mark a view that PageLimits leaves alone."""
    view.is_not_counted = True  # type: ignore[attr-defined]
    return view


class PageLimits:
    """Middleware, behind those that read the session's cookie and the language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _named: Any) -> HttpResponse | None:
        if getattr(view, "is_not_counted", False):
            return None
        if request.method in LOOKS:
            verdict = throttle.allow("address_reads", address_of(request))
        else:
            verdict = _of_a_change(request)
        return None if verdict.allowed else too_fast(verdict)


def _of_a_change(request: HttpRequest) -> Verdict:
    limits = [("address_submissions", address_of(request))]
    # Before the session is read, which costs the database two looks.
    if verdict := throttle.refused(limits):
        return verdict
    if isinstance(request.user, User):
        limits.append(("user_submissions", str(request.user.pk)))
    return throttle.allow_all(limits)


def too_fast(verdict: Verdict) -> HttpResponse:
    seconds = max(1, math.ceil(verdict.retry_after_seconds))
    headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
    # Without the request, whose session would be read for the name in the corner.
    return HttpResponse(render_to_string("429.html", {"seconds": seconds}), status=429, headers=headers)
