"""Measure each request for a trace (jobs/runtime/tracing.py), and have its log lines name the trace.

A span says the method, the route and the status: never the address itself, which may hold a signed link or an id of
somebody's. A trace that a trusted proxy began is gone on with (core/proxies.py). Probes are not measured.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase
from structlog.contextvars import bound_contextvars, get_contextvars

from core.frame import Finish, Frame, as_it_is
from jobs.runtime import tracing

# Asked every few seconds by those who watch over the house.
PROBES = {"/healthz", "/readyz", "/metrics"}
# Others are words of a stranger's; OpenTelemetry's conventions name them so.
METHODS, OTHER_METHOD = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, "_OTHER"


class Traces(Frame):
    """Middleware; not there at all in a house that does not trace."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        if not tracing.is_on():
            raise MiddlewareNotUsed
        super().__init__(get_response)

    def around(self, request: HttpRequest) -> AbstractContextManager[Finish]:
        return nullcontext(as_it_is) if request.path in PROBES else _measured(request)


@contextmanager
def _measured(request: HttpRequest) -> Iterator[Finish]:
    method = request.method if request.method in METHODS else OTHER_METHOD
    with tracing.span(method, "server", parent=request.headers.get("traceparent")) as span:

        def finish(answer: HttpResponseBase) -> HttpResponseBase:
            if request.resolver_match and request.resolver_match.route:
                route = f"/{request.resolver_match.route}"
                span.name(f"{method} {route}")
                span.tell_standard({"http.route": route})
            span.tell_standard({"http.request.method": method, "http.response.status_code": answer.status_code})
            span.tell(request_id=get_contextvars().get("request_id"))
            if answer.status_code >= 500:
                span.failed(str(answer.status_code))
            return answer

        with bound_contextvars(**span.log_words()):
            yield finish
