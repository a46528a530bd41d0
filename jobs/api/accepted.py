"""The answer to an accepted run: 202, and where to look. The same for a new run, a replay and a retry."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from pydantic import BaseModel, Field

from jobs.access import links
from jobs.runtime import clock
from jobs.runtime.estimate import completion_estimate
from jobs.runtime.invoke import Invocation

# Asking before a second has passed is what the events are for.
SHORTEST_WAIT_SECONDS = 1
LONGEST_WAIT_SECONDS = 60

# What `accepted()` puts on the answer, for OpenAPI.
HEADERS: dict[str, Any] = {
    "Location": {"description": "the task", "required": True, "schema": {"type": "string", "format": "uri"}},
    "Retry-After": {
        "description": "seconds after which a look at the task may be worth while",
        "required": True,
        "schema": {"type": "integer", "minimum": SHORTEST_WAIT_SECONDS, "maximum": LONGEST_WAIT_SECONDS},
    },
    "Idempotency-Replayed": {
        "description": "there when the key named a task that had been accepted before",
        "schema": {"type": "string", "enum": ["true"]},
    },
}


class Accepted(BaseModel):
    task_id: UUID
    status: Literal["pending"] = Field(default="pending", description="as accepted; `status_url` says what it is now")
    queue_position: int | None = Field(description="about how many tasks run before it; null when none can be told")
    estimated_completion_time: datetime | None = Field(description="null while too little is known")
    queued: bool = Field(description="false: kept, and sent to the workers when the queue answers again")
    status_url: str
    events_url: str = Field(description="server-sent events")
    page_url: str = Field(description="a page for people, open to whoever holds the address, for an hour")


def accepted(invocation: Invocation, request: HttpRequest, response: HttpResponse) -> Accepted:
    """Return the answer's body, and put its headers on `response`."""
    task, base = invocation.task, links.base_of(request)
    estimate = completion_estimate(task, invocation.position)
    status_url = base + reverse("api:show_task", args=[task.pk])
    response["Location"] = status_url
    # A task that waits for its moment has no end in sight, but a beginning.
    response["Retry-After"] = str(_wait_seconds(estimate or task.not_before))
    if invocation.replayed:
        response["Idempotency-Replayed"] = "true"
    return Accepted(
        task_id=task.pk,
        queue_position=invocation.position,
        estimated_completion_time=estimate,
        queued=invocation.queued,
        status_url=status_url,
        events_url=base + reverse("api:task_events", args=[task.pk]),
        # Counted from the acceptance, so that a replay gives the same address.
        page_url=links.page_url(task, base, issued_at=task.created_at),
    )


def _wait_seconds(until: datetime | None) -> int:
    if until is None:
        return SHORTEST_WAIT_SECONDS
    left = (until - clock.now()).total_seconds()
    return int(min(max(left, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS))
