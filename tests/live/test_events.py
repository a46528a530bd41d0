"""Server-sent events: the same messages over plain HTTP."""

import asyncio
import json
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from jobs.live import events
from jobs.live.watch import Pauses
from jobs.runtime.models import Status, Task
from tests.live.test_watch import move

pytestmark = pytest.mark.django_db(transaction=True)


def ask(task, **headers: str):
    return events.stream(RequestFactory(headers=headers).get("/"), task, user_id=None, may_see=lambda _task: True)


class Reader:
    """Reads a stream block by block, as an EventSource does."""

    def __init__(self, response: Any) -> None:
        assert isinstance(response, StreamingHttpResponse)
        self.blocks = response.__aiter__()

    async def block(self) -> str:
        async with asyncio.timeout(60):
            return (await anext(self.blocks)).decode()

    async def event(self) -> dict[str, str]:
        """Return the next event's fields, past comments and settings."""
        while True:
            lines = (await self.block()).strip().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
            if "data" in fields:
                return fields


async def test_a_reader_gets_a_snapshot_each_change_and_the_end(make_task):
    task = make_task(Status.PENDING)
    reader = Reader(ask(task))

    first = await reader.event()
    move(task, Status.PROCESSING, attempt=1)
    second = await reader.event()
    move(task, Status.PROCESSING, progress=40)
    third = await reader.event()
    move(task, Status.SUCCESS, progress=100)
    last = await reader.event()

    assert [each["event"] for each in (first, second, third, last)] == ["snapshot", "state", "progress", "end"]
    assert all(int(each["id"]) == json.loads(each["data"])["version"] for each in (first, second, third, last))
    with pytest.raises(StopAsyncIteration):
        await reader.block()


def test_nobody_on_the_way_keeps_the_events_back(make_task):
    response = ask(make_task())

    assert response["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response["Cache-Control"] == "no-cache"
    assert response["X-Accel-Buffering"] == "no"
    response.close()


async def test_a_reader_is_told_when_to_come_back_and_hears_signs_of_life(make_task, monkeypatch):
    monkeypatch.setattr(events, "PAUSES", Pauses(running_seconds=0.02))
    reader = Reader(ask(make_task(Status.PROCESSING)))

    assert await reader.block() == "retry: 2000\n\n"
    await reader.event()

    assert await reader.block() == ": keep-alive\n\n"


async def test_a_reader_that_comes_back_is_not_told_again_what_it_knows(make_task):
    task = make_task(Status.PROCESSING, progress=40)
    reader = Reader(ask(task, last_event_id=str(task.version)))

    await reader.block()
    assert await reader.block() == ": nothing new\n\n"
    move(task, Status.CANCELLED)

    assert (await reader.event())["event"] == "end"


async def test_a_reader_that_missed_something_is_told(make_task):
    task = make_task(Status.PROCESSING, progress=40)

    assert (await Reader(ask(task, last_event_id="3")).event())["event"] == "snapshot"


def test_a_reader_that_knows_the_end_need_not_come_back(make_task):
    task = make_task(Status.SUCCESS)

    assert ask(task, last_event_id=str(task.version)).status_code == 204


@pytest.mark.parametrize("odd", ["", "-1", "x", "9" * 40, "１２", "1e9"])
async def test_an_odd_last_event_id_counts_as_none(make_task, odd):
    task = make_task(Status.SUCCESS)

    assert (await Reader(ask(task, last_event_id=odd)).event())["event"] == "end"


async def test_a_task_that_is_erased_ends_the_stream(make_task, monkeypatch):
    monkeypatch.setattr(events, "PAUSES", Pauses(running_seconds=0.02))
    task = make_task(Status.PROCESSING)
    reader = Reader(ask(task))
    await reader.event()

    Task.objects.filter(pk=task.pk).delete()

    async with asyncio.timeout(60):
        assert {block async for block in reader.blocks} <= {b": keep-alive\n\n"}
