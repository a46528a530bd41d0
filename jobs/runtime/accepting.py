"""Make tasks of accepted inputs, and the parts of those that fan out; nothing here is sent, and only parts are stored.

Called by invoke.py and preparing.py, within the transaction of whoever asked.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models.base import ModelState
from pydantic import BaseModel

from jobs.engines.errors import InputRejected
from jobs.runtime import clock, registry, uploads
from jobs.runtime.errors import FieldError, InvalidInput, UnknownFunction
from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Task
from jobs.runtime.rows import insert_many


def new_task(spec: registry.Function, accepted: dict[str, Any], **values: Any) -> Task:
    now = clock.now()
    return Task(
        function=spec.name, queue=spec.queue_of(accepted), inputs=accepted, created_at=now, updated_at=now, **values
    )


def new_tasks(spec: registry.Function, accepted: Sequence[dict[str, Any]], **values: Any) -> list[Task]:
    """Return a task of each input, in this order; the input, the queue that it leads to and the id are their own."""
    if not accepted:
        return []
    # Sorted: two may be made within one tick of the clock.
    first_id, *ids = sorted(new_task_id() for _ in accepted)
    first = new_task(spec, accepted[0], id=first_id, **values)
    others = zip(ids, accepted[1:], strict=True)
    return [first, *(another(first, id=each, inputs=body, queue=spec.queue_of(body)) for each, body in others)]


def another(task: Task, **values: Any) -> Task:
    """
    Return a row like this one, not stored, but for `values`, by attribute name (`owner_id`, not `owner`).

    The model's own constructor, or copy(), costs more than all the rest.
    """
    made = Task.__new__(Task)
    state = ModelState()
    state.fields_cache = dict(task._state.fields_cache)
    vars(made).update(vars(task), _state=state, **values)
    return made


def body_hash_of(
    function: str, inputs: Mapping[str, Any], priority: int, not_before: datetime | None, asked_beside: str
) -> str:
    """Return the digest of all that a request asked for: under one idempotency key it must be the same."""
    # The moment as it was asked for, whatever zone it was written in and whether or not it has passed since.
    delay = [] if not_before is None else [not_before.timestamp()]
    beside = [asked_beside] if asked_beside else []
    body = json.dumps([function, inputs, int(priority), *delay, *beside], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(body.encode()).hexdigest()


def offered(function: str, parent: Task | None) -> registry.Function:
    """Return the function; one of the house's own only for a part of another task. Raises UnknownFunction."""
    spec = registry.get(function)
    if spec.house_only and parent is None:
        raise UnknownFunction(function)
    return spec


def accept_nth(
    spec: registry.Function, raw: Mapping[str, Any] | BaseModel, place: str, *, owner_id: int
) -> dict[str, Any]:
    try:
        accepted = spec.accept(raw).model_dump(mode="json")
        uploads.claim(spec.input_type, accepted, owner_id=owner_id)
    except InvalidInput as error:
        raise InvalidInput([replace(each, field=f"{place}.{each.field}") for each in error.errors]) from None
    return accepted


def tell(spec: registry.Function, task: Task) -> None:
    """Tell the function's room of a task that has just been stored, in the same transaction. Raises InvalidInput."""
    if spec.on_accept is None:
        return
    try:
        spec.on_accept(spec.input_type.model_validate(task.inputs), task)
    except InputRejected as error:
        raise InvalidInput([FieldError(error.field, error.code, error.message)]) from None


def fan_out(spec: registry.Function, task: Task) -> list[Task]:
    """Store the parts of a task that has just been stored, in the transaction of the caller; return them, not sent."""
    if spec.fan_out is None:
        return []
    out = spec.fan_out(spec.input_type.model_validate(task.inputs), task)
    part = registry.get(out.function)
    bodies = [accept_nth(part, raw, f"parts.{n}", owner_id=task.owner_id) for n, raw in enumerate(out.inputs)]
    parts = new_tasks(
        part,
        bodies,
        owner_id=task.owner_id,
        source=task.source,
        priority=task.priority,
        order_key=task.order_key,
        parent=task,
        siblings_at_once=out.at_once,
        traceparent=task.traceparent,
    )
    insert_many(Task, [vars(each) for each in parts])
    for each in parts:
        each._state.adding = False
        tell(part, each)
    return parts
