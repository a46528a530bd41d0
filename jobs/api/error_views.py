"""Answer errors that no view has seen, in the shape of the address: a problem under the API, a page anywhere else.

Django's own answer is a page in all cases: a Host header of another house, a query with thousands of fields, an address
beside all routes, a form from elsewhere, a database that is away before the door is reached.

Named by core/urls.py (the handlers) and by CSRF_FAILURE_VIEW.
"""

import sys

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import csrf, defaults

from jobs.api.front import Front
from jobs.api.house import house, openai, uploads
from jobs.api.problem import Problem

PLACES: tuple[tuple[str, Front], ...] = (("/api", house), ("/v1", openai), ("/uploads", uploads))


def front_of(request: HttpRequest) -> Front | None:
    """Return the front whose callers expect its shape at this address; None for a page."""
    for place, front in PLACES:
        if request.path_info == place or request.path_info.startswith(f"{place}/"):
            return front
    return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    front = front_of(request)
    return defaults.bad_request(request, exception) if front is None else front.refuse(request, exception)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    front = front_of(request)
    if front is None:
        return defaults.permission_denied(request, exception)
    return front.refuse(request, Problem(403, "not-allowed"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    front = front_of(request)
    return defaults.page_not_found(request, exception) if front is None else front.refuse(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    # Django calls it while it handles the error, and does not hand it over.
    error = sys.exc_info()[1]
    front = front_of(request)
    if front is None or not isinstance(error, Exception):
        return defaults.server_error(request)
    return front.refuse(request, error)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    front = front_of(request)
    return csrf.csrf_failure(request, reason) if front is None else front.refuse(request, Problem(403, "csrf"))
