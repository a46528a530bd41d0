"""Make tasks that a caller stores beside rows of its own, by `invoke.store_prepared()`; many alike at the price of one.

Called by the bots, one by one, and by the schedule of announcements, thousands at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from jobs.runtime import tracing, uploads
from jobs.runtime.accepting import another, body_hash_of, new_task, offered
from jobs.runtime.models import Priority, Source, Task


@dataclass(frozen=True)
class Asked:
    """
    What tells a task from others of the same function and input.

    task_id: from identity.new_task_id(). idempotency_key: a second task with it fails to be stored; the caller has
    looked for the first.
    """

    task_id: UUID
    owner_id: int
    order_key: str
    idempotency_key: str | None = None


def prepare(
    function: str,
    inputs: Mapping[str, Any] | BaseModel,
    asked: Asked,
    *,
    source: Source,
    priority: Priority = Priority.NORMAL,
) -> Task:
    """Return a task that is checked but not stored. Raises UnknownFunction, InvalidInput."""
    return prepare_alike(function, inputs, [asked], source=source, priority=priority)[0]


def prepare_alike(
    function: str,
    inputs: Mapping[str, Any] | BaseModel,
    asked: Sequence[Asked],
    *,
    source: Source,
    priority: Priority = Priority.NORMAL,
) -> list[Task]:
    """
    Return tasks that are checked but not stored, one for each of `asked`; the input is looked at once.

    Raises UnknownFunction, InvalidInput.
    """
    spec = offered(function, None)
    accepted = spec.accept(inputs).model_dump(mode="json")
    body_hash = body_hash_of(function, accepted, priority, None, "")
    first = new_task(
        spec,
        accepted,
        traceparent=tracing.asked_for(function, source, count=len(asked)),
        source=source,
        priority=priority,
        awaits_children=spec.fan_out is not None,
        body_hash="",
    )
    tasks = []
    for one in asked:
        uploads.claim(spec.input_type, accepted, owner_id=one.owner_id)
        task = another(first, id=one.task_id, owner_id=one.owner_id, order_key=one.order_key)
        if one.idempotency_key:
            task.idempotency_key, task.body_hash = one.idempotency_key, body_hash
        tasks.append(task)
    return tasks
