"""What middleware of this house stands in: something before a request, something after its answer, on threads or not.

    class Stamped(Frame):
        def around(self, request):
            return nullcontext(lambda answer: stamped(answer))

Under ASGI it runs on the event loop, without a thread of its own. Called by proxies.py, headers.py, request_id.py and
traces.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

# Takes the answer and hands it on.
Finish = Callable[[HttpResponseBase], HttpResponseBase]


def as_it_is(answer: HttpResponseBase) -> HttpResponseBase:
    return answer


class Frame(ABC):
    async_capable = True
    sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    @abstractmethod
    def around(self, request: HttpRequest) -> AbstractContextManager[Finish]:
        """Return what is entered before the request is answered, left after it, and gives what takes the answer."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._later(request)
        with self.around(request) as finish:
            answer = self.get_response(request)
            assert isinstance(answer, HttpResponseBase)  # noqa: S101 - only a coroutine's is awaited
            return finish(answer)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        with self.around(request) as finish:
            answer = self.get_response(request)
            assert isinstance(answer, Awaitable)  # noqa: S101 - it was marked as one
            return finish(await answer)
