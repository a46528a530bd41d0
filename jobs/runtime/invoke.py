"""The only way in: check the input, store the Task, send its id once the row is committed.

Callers: the API, the pages, the admin, the commands, the schedule. Safe to call inside a
transaction of the caller; then the id is sent when that one commits.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from pydantic import BaseModel

from jobs.runtime import clock, queue, registry
from jobs.runtime.errors import KeyReused, NotFinished, QueueUnreachable
from jobs.runtime.models import Priority, Source, Task
from jobs.runtime.signals import task_changed

logger = logging.getLogger(__name__)


@dataclass
class Invocation:
    """An accepted invocation.

    replayed: the idempotency key named a task that was already there.
    position: tasks before this one, 0 for the next; None while unknown.
    queued: False when Redis could not be reached; the sweep sends the id when it can.
    """

    task: Task
    replayed: bool = False
    position: int | None = None
    queued: bool = True


def invoke(
    function: str,
    inputs: Mapping[str, Any] | BaseModel,
    *,
    owner: AbstractBaseUser,
    source: Source,
    priority: Priority = Priority.NORMAL,
    order_key: str = "",
    idempotency_key: str | None = None,
    parent: Task | None = None,
    retried_from: Task | None = None,
    not_before: datetime | None = None,
    send: bool = True,
) -> Invocation:
    """
    Accept one run of `function` for `owner`.

    order_key: tasks that share it share one fair place in the queue, in order; default: the owner.
    idempotency_key: the same key, owner, function and input give the same task again.
    send: False when the caller claims the task itself, at once (`invoke --local`).

    Raises UnknownFunction, InvalidInput, KeyReused.
    """
    spec = registry.get(function)
    accepted = spec.accept(inputs).model_dump(mode="json")
    body_hash = _hash(function, accepted, priority)
    if idempotency_key and (known := _replay(owner, idempotency_key, body_hash)):
        return known
    task = _new_task(
        spec,
        accepted,
        owner_id=owner.pk,
        source=source,
        priority=priority,
        order_key=order_key or f"user:{owner.pk}",
        not_before=not_before,
        idempotency_key=idempotency_key,
        body_hash=body_hash if idempotency_key else "",
        parent=parent,
        retried_from=retried_from,
    )
    invocation = Invocation(task)
    try:
        with transaction.atomic():
            task.save(force_insert=True)
            if send:
                transaction.on_commit(partial(_send, invocation))
    except IntegrityError:
        # Another request with this key was first, between our look and our insert.
        known = _replay(owner, idempotency_key or "", body_hash)
        if known is None:
            raise
        return known
    return invocation


def _new_task(spec: registry.Function, accepted: dict[str, Any], **values: Any) -> Task:
    now = clock.now()
    return Task(function=spec.name, queue=spec.queue, inputs=accepted, created_at=now, updated_at=now, **values)


def invoke_again(task: Task, *, source: Source) -> Invocation:
    """Run a finished task's input again, as a new task of its owner. Raises NotFinished, InvalidInput."""
    if not task.is_final():
        raise NotFinished(task.status)
    return invoke(
        task.function,
        task.inputs,
        owner=task.owner,
        source=source,
        priority=Priority(task.priority),
        order_key=task.order_key,
        retried_from=task,
    )


def _send(invocation: Invocation) -> None:
    try:
        invocation.position = queue.send(invocation.task)
    except QueueUnreachable:
        invocation.queued = False
        logger.warning("task kept, not sent: the queue did not answer", extra={"task": str(invocation.task.pk)})
    task_changed.send_robust(Task, task=invocation.task, position=invocation.position)


def _replay(owner: AbstractBaseUser, key: str, body_hash: str) -> Invocation | None:
    task = Task.objects.filter(owner_id=owner.pk, idempotency_key=key).first()
    if task is None:
        return None
    if task.body_hash != body_hash:
        raise KeyReused(key)
    return Invocation(task, replayed=True, position=queue.position_or_none(task))


def _hash(function: str, inputs: Mapping[str, Any], priority: int) -> str:
    body = json.dumps([function, inputs, int(priority)], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(body.encode()).hexdigest()
