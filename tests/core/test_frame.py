"""Every middleware of the house, on threads and on the event loop: before the request, after its answer, in order."""

import asyncio
from contextlib import contextmanager

import pytest
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.utils.module_loading import import_string

from core.frame import Frame


class Noting(Frame):
    """Writes down what it meets, and stamps the answer."""

    def __init__(self, get_response, met):
        super().__init__(get_response)
        self.met = met

    @contextmanager
    def around(self, request):
        self.met.append("before")
        try:
            yield self.stamp
        finally:
            self.met.append("left")

    def stamp(self, answer):
        self.met.append("after")
        answer["X-Stamp"] = "stamped"
        return answer


def ask(view_of, met):
    """Return the answer of a view, asked on a thread or on a loop."""
    view = view_of(met)
    framed = Noting(view, met)
    assert iscoroutinefunction(framed) == iscoroutinefunction(view)
    if iscoroutinefunction(view):
        return asyncio.run(framed(AsyncRequestFactory().get("/")))
    return framed(RequestFactory().get("/"))


def on_a_thread(met):
    def view(_request):
        met.append("view")
        return HttpResponse()

    return view


def on_the_loop(met):
    async def view(_request):
        await asyncio.sleep(0)
        met.append("view")
        return HttpResponse()

    return view


@pytest.mark.parametrize("view_of", [on_a_thread, on_the_loop])
def test_it_stands_around_the_view(view_of):
    met = []

    answer = ask(view_of, met)

    assert met == ["before", "view", "after", "left"]
    assert answer["X-Stamp"] == "stamped"


@pytest.mark.parametrize("view_of", [on_a_thread, on_the_loop])
def test_what_was_entered_is_left_when_the_view_breaks(view_of):
    def breaking(met):
        view = view_of(met)
        if not iscoroutinefunction(view):
            return lambda _request: 1 // 0

        async def broken(request):
            await view(request)
            return 1 // 0

        return broken

    met = []
    with pytest.raises(ZeroDivisionError):
        ask(breaking, met)

    assert met[-1] == "left"
    assert "after" not in met


def test_all_of_ours_stand_in_it():
    ours = [each for each in map(import_string, settings.MIDDLEWARE) if each.__module__.startswith("core.")]

    assert [each.__name__ for each in ours if isinstance(each, type) and not issubclass(each, Frame)] == []
    assert sum(isinstance(each, type) for each in ours) == 4
