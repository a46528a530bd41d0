"""Server-sent events of one task: what the WebSocket says, for curl and for proxies that know only HTTP.

    id: 1064002
    event: progress
    data: {"task_id": ..., the live message}

Events: `snapshot` first, then `progress` and `state` (another status), `end` for the final one,
after which the answer ends. A reader that comes back with Last-Event-ID is not told again
what it knows; one that knew the end gets 204, which keeps a browser's EventSource from asking again.

Called by GET /api/v1/tasks/{id}/events; who may see the task was decided there.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from jobs.access import open_lines
from jobs.access.addresses import address_of
from jobs.access.open_lines import Place
from jobs.live.groups import Event
from jobs.live.watch import Gone, MaySee, Pauses, watch
from jobs.runtime.models import Task
from jobs.runtime.models.task import FINAL

# What a browser waits before it comes back, in milliseconds.
RETRY_MILLISECONDS = 2000
# A sign of life at least every 15 s, or proxies would cut the line; a look at the row costs one query.
PAUSES = Pauses(running_seconds=10.0, waiting_seconds=3.0)


class Stream(StreamingHttpResponse):
    """An answer with a place among the open lines."""

    def holds(self, place: Place) -> None:
        self.place = place
        # An answer that is given up before anybody reads it is not closed either.
        place.leave_with(self)

    def close(self) -> None:
        super().close()
        self.place.leave()


def stream(request: HttpRequest, task: Task, *, user_id: int | None, may_see: MaySee) -> HttpResponseBase:
    """
    Return the task's changes as they come. `task` is one that the caller may see.

    user_id: None for a link's holder. may_see: asked again at each look at the row: the stream ends with the right.
    Raises TooManyLines.
    """
    known = _last_event_id(request)
    if task.is_final() and known >= task.version:
        return HttpResponse(status=204)
    place = open_lines.enter(address=address_of(request), user_id=user_id)
    response = Stream(
        _lines(task, known, place, may_see),
        content_type="text/event-stream; charset=utf-8",
        headers={"Cache-Control": "no-cache"},
    )
    response.holds(place)
    # nginx would collect the events and hand them over in one piece at the end.
    response["X-Accel-Buffering"] = "no"
    return response


async def _lines(task: Task, known: int, place: Place, may_see: MaySee) -> AsyncIterator[str]:
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        async with aclosing(_changes(task, known, may_see)) as lines:
            async for line in lines:
                yield line
    finally:
        place.leave()


async def _changes(task: Task, known: int, may_see: MaySee) -> AsyncGenerator[str, None]:
    status = ""
    async with aclosing(watch(task.pk, may_see=may_see, pauses=PAUSES)) as changes:
        # A row that was erased meanwhile, or may be seen no more, ends the stream; the next request is told why.
        with suppress(Gone):
            async for change in changes:
                if change is None:
                    yield ": keep-alive\n\n"
                elif change["version"] > known or status:
                    yield _event(change, before=status)
                    status = change["status"]
                else:
                    yield ": nothing new\n\n"
                    status = change["status"]


def _event(change: Event, *, before: str) -> str:
    if change["status"] in FINAL:
        name = "end"
    elif not before:
        name = "snapshot"
    else:
        name = "progress" if change["status"] == before else "state"
    return f"id: {change['version']}\nevent: {name}\ndata: {json.dumps(change, ensure_ascii=False)}\n\n"


def _last_event_id(request: HttpRequest) -> int:
    """Return the version that the reader has seen, -1 for none; anything odd counts as none."""
    raw = request.headers.get("Last-Event-ID", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 18 else -1
