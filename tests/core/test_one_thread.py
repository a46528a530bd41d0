"""A request is answered in one thread: between its middleware and its view nothing goes back to the event loop."""

import asyncio
import threading

from asgiref.current_thread_executor import CurrentThreadExecutor
from asgiref.sync import iscoroutinefunction
from asgiref.testing import ApplicationCommunicator
from django.http import HttpResponse
from django.urls import path

from core import one_thread

seen: dict[str, threading.Thread] = {}


def plain(_request):
    seen["view"] = threading.current_thread()
    return HttpResponse("plain")


async def waiting(_request):
    await asyncio.sleep(0)
    seen["view"] = threading.current_thread()
    return HttpResponse("waiting")


class Looks:
    """Middleware that looks at the view, as four of the house do."""

    def __init__(self, get_response):
        self.get_response = get_response
        assert not iscoroutinefunction(get_response)

    def __call__(self, request):
        seen["around"] = threading.current_thread()
        return self.get_response(request)

    def process_view(self, _request, _view, _args, _named):
        seen["look"] = threading.current_thread()


urlpatterns = [path("plain", plain), path("waiting", waiting)]


def asked(address, settings, monkeypatch):
    """Return the answer's status and body, and how often the thread was handed something by the event loop."""
    settings.ROOT_URLCONF, settings.MIDDLEWARE = __name__, [*settings.MIDDLEWARE, f"{__name__}.Looks"]
    handed = []
    submit = CurrentThreadExecutor.submit
    monkeypatch.setattr(CurrentThreadExecutor, "submit", lambda *told: handed.append(told[1]) or submit(*told))
    scope = {
        "type": "http", "method": "GET", "path": f"/{address}", "query_string": b"", "client": ["127.0.0.1", 1],
        "headers": [(b"host", b"localhost")],
    }  # fmt: skip

    async def ask():
        seen["loop"] = threading.current_thread()
        line = ApplicationCommunicator(one_thread.application(), scope)
        await line.send_input({"type": "http.request", "body": b""})
        answer = [await line.receive_output(timeout=20) for _ in range(2)]
        await line.wait(timeout=20)
        return answer[0]["status"], answer[1]["body"]

    return asyncio.run(ask()), len(handed)


def test_a_view_runs_in_the_thread_of_its_middleware_without_a_way_back(settings, monkeypatch, db):
    assert asked("plain", settings, monkeypatch) == ((200, b"plain"), 0)

    assert seen["around"] is seen["look"] is seen["view"]
    assert seen["view"] is not seen["loop"]


def test_a_view_that_is_a_coroutine_runs_on_the_event_loop(settings, monkeypatch, db):
    assert asked("waiting", settings, monkeypatch) == ((200, b"waiting"), 0)

    assert seen["around"] is seen["look"] is not seen["loop"]
    assert seen["view"] is seen["loop"]
