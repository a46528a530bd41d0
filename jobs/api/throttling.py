"""Limits at the API's doors: who is counted against what, and how a client is told.

429 with Retry-After, and on every counted answer `RateLimit` and `RateLimit-Policy` as
draft-ietf-httpapi-ratelimit-headers has them: of the limit that has least left. Called by doors.py and front.py.
"""

import math
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext

from jobs.access import throttle
from jobs.access.addresses import address_of
from jobs.access.caller import Caller
from jobs.access.throttle import Verdict
from jobs.api.problem import Problem

WINDOW_SECONDS = 60
LOOKS = ("GET", "HEAD", "OPTIONS")


def too_fast(verdict: Verdict) -> Problem:
    """Return the answer to a request that a limit refused."""
    seconds = max(1, math.ceil(verdict.retry_after_seconds))
    detail = gettext("At most %(limit)d of this a minute; try again in %(seconds)d s.")
    return Problem(
        429,
        "too-fast",
        detail % {"limit": verdict.limit, "seconds": seconds},
        headers={"Retry-After": str(seconds), **headers_of(verdict)},
    )


def headers_of(verdict: Verdict) -> dict[str, str]:
    """Return the two headers of the draft, none when nothing is limited."""
    if not verdict.limit:
        return {}
    name = verdict.kind.replace("_", "-")
    full_again = math.ceil(verdict.full_again_seconds())
    return {
        "RateLimit-Policy": f'"{name}";q={verdict.limit};w={WINDOW_SECONDS}',
        "RateLimit": f'"{name}";r={verdict.remaining};t={full_again}',
    }


def refuse_known_flood(request: HttpRequest, *, secret: str = "") -> None:
    """Raise a Problem for who was refused a moment ago, before anybody asks the database who it is."""
    kind = _kind(request)
    limits = [(f"address_{kind}", address_of(request))]
    if secret:
        limits.append((f"token_{kind}", secret))
    if verdict := throttle.refused(limits):
        raise too_fast(verdict)


def count(request: HttpRequest, caller: Caller | None, *, secret: str = "", brings_file: bool = False) -> None:
    """Count a request against all that it belongs to. caller: None for a link's holder. Raises a Problem."""
    kind = _kind(request)
    limits = [(f"address_{kind}", address_of(request))]
    if caller is not None:
        limits.append((f"user_{kind}", str(caller.user.pk)))
        if brings_file:
            limits.append(("user_uploads", str(caller.user.pk)))
    if secret:
        limits.append((f"token_{kind}", secret))
    verdict = throttle.allow_all(limits)
    if not verdict.allowed:
        raise too_fast(verdict)
    request.counted = verdict  # type: ignore[attr-defined]


def tell(request: HttpRequest, response: HttpResponseBase) -> None:
    """Write what is left into the answer to a counted request."""
    verdict: Any = getattr(request, "counted", None)
    if verdict is not None and response.status_code != 429:
        for name, value in headers_of(verdict).items():
            response[name] = value


def _kind(request: HttpRequest) -> str:
    return "reads" if request.method in LOOKS else "submissions"
