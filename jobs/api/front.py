"""ninja's API with our manners: every error in one shape, nothing cached, a 404 and a 405 like the rest.

There are two fronts: the house's own under /api/v1 (problem details) and OpenAI's under /v1
(their error JSON). Both are put together in house.py.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, cast

from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.renderers import JSONRenderer

from jobs.api.body import StrictJson
from jobs.api.problem import Problem, translate
from jobs.api.throttling import tell
from jobs.live.page_limits import not_counted

PROBLEM_TYPE = "application/problem+json"
READABLE: dict[str, Any] = {"ensure_ascii": False}
# What an error brings along, for OpenAPI.
ERROR_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string", "pattern": "^Bearer "}}},
    415: {"Accept-Post": {"required": True, "schema": {"enum": ["application/json", "multipart/form-data"]}}},
    429: {
        "Retry-After": {
            "description": "in seconds; always with `too-fast`",
            "schema": {"type": "integer", "minimum": 1},
        }
    },
    503: {"Retry-After": {"description": "in seconds", "schema": {"type": "integer", "minimum": 1}}},
}

# ninja's names of the pages that it brings along.
READ_ONLY = ("openapi-json", "openapi-view")
PAGES = (*READ_ONLY, "api-root")

View = Callable[..., HttpResponseBase]
Routes = tuple[list[URLResolver | URLPattern], str, str]


class ReadableJson(JSONRenderer):
    """Japanese as Japanese: a person with curl reads it, and it is half as long."""

    json_dumps_params = READABLE


def as_problem(problem: Problem) -> JsonResponse:
    return JsonResponse(
        problem.body(),
        status=problem.status,
        headers=problem.headers,
        content_type=PROBLEM_TYPE,
        json_dumps_params=READABLE,
    )


class Front(NinjaAPI):
    """
    A NinjaAPI whose errors all leave through `show`.

    show: makes the answer of a Problem.
    error_type: the content type of those answers, for OpenAPI.
    """

    def __init__(
        self, *, show: Callable[[Problem], JsonResponse] = as_problem, error_type: str = PROBLEM_TYPE, **options: Any
    ) -> None:
        self._show = show
        self._error_type = error_type
        super().__init__(parser=StrictJson(), renderer=ReadableJson(), **options)

    def set_default_exception_handlers(self) -> None:
        # One for all: ninja's own would leave in other shapes.
        self.add_exception_handler(Exception, lambda _request, error: self._show(translate(cast("Exception", error))))

    @property
    def urls(self) -> Routes:
        patterns, app, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                # Its own pages have no door that would count their readers, and would take any method for a GET.
                view = require_safe(pattern.callback) if pattern.name in READ_ONLY else pattern.callback
                mannered = self._mannered(view)
                pattern.callback = csrf_exempt(mannered) if pattern.name in PAGES else not_counted(mannered)
        return patterns, app, namespace

    @property
    def nothing_here(self) -> View:
        """The view of every address below this front that is none of its routes."""

        def view(_request: HttpRequest, **_named: Any) -> HttpResponseBase:
            raise Http404

        # Or a POST to nowhere would be asked for a CSRF token.
        view.csrf_exempt = True  # type: ignore[attr-defined]
        return self._mannered(view)

    def refuse(self, request: HttpRequest, error: Exception) -> HttpResponseBase:
        """Return the answer to what went wrong before any view of this front was asked, or behind it."""
        return self._finished(request, self.on_exception(request, error))

    def get_openapi_operation_id(self, operation: Operation) -> str:
        # Generated clients make method names of it.
        return operation.view_func.__name__

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for operation in operations.values():
                self._tell_errors(operation["responses"])
                for parameter in operation["parameters"]:
                    parameter["schema"] = _without_null(parameter["schema"])
        return schema

    def _tell_errors(self, responses: dict[int, dict[str, Any]]) -> None:
        for status, response in responses.items():
            if int(status) >= 400 and "content" in response:
                [body] = response["content"].values()
                response["content"] = {self._error_type: body}
            if int(status) in ERROR_HEADERS:
                response["headers"] = ERROR_HEADERS[int(status)]

    def _mannered(self, view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def answer_later(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
                try:
                    coming = cast("Awaitable[HttpResponseBase]", view(request, *args, **named))
                    return self._finished(request, await coming)
                except Exception as error:
                    return self._finished(request, self.on_exception(request, error))

            return cast("View", answer_later)

        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
            try:
                return self._finished(request, view(request, *args, **named))
            except Exception as error:
                return self._finished(request, self.on_exception(request, error))

        return answer

    def _finished(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code == 405:
            response = self._show(Problem(405, "method-not-allowed", headers={"Allow": response["Allow"]}))
        # What a caller may see is nobody else's; a route that knows better has said so.
        response.setdefault("Cache-Control", "no-store")
        tell(request, response)
        return response


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out: no address and no header can carry a null."""
    kinds = schema.get("anyOf", [])
    if {"type": "null"} not in kinds:
        return schema
    [kind] = [kind for kind in kinds if kind != {"type": "null"}]
    around = {name: told for name, told in schema.items() if name != "anyOf"}
    return {**_without_null(kind), **around}
