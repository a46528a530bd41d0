"""The only way in: check the input, store the Task, send its id once the row is committed.

Callers: the API, the pages, the admin, the commands, the schedule. Safe to call inside a
transaction of the caller; then the id is sent when that one commits.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from pydantic import BaseModel

from jobs.runtime import clock, followers, queue, registry, uploads
from jobs.runtime.errors import InvalidInput, KeyReused, NotFinished, QueueUnreachable
from jobs.runtime.models import Priority, Source, Task
from jobs.runtime.models.task import OPEN
from jobs.runtime.signals import task_changed

logger = logging.getLogger(__name__)

# Of tasks that were accepted together, how many are announced to watchers.
MAX_ANNOUNCED = 20


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
    unique_key: str | None = None,
    sequence_key: str | None = None,
    awaits_children: bool = False,
    asked_beside: str = "",
    send: bool = True,
) -> Invocation:
    """
    Accept one run of `function` for `owner`.

    order_key: tasks that share it share one fair place in the queue, in order; default: the owner.
    idempotency_key: the same key, owner, function and input give the same task again, ended or not.
    unique_key: while a task with this key, owner and function has not ended, it is given again, whatever the input.
    sequence_key: tasks that share it run one after the other, in the order of acceptance, also across retries.
    not_before: the task waits until then; one in the past means now.
    awaits_children: it runs once all its children have ended; see batch.py.
    asked_beside: what else the request said; under the same idempotency key it must be the same.
    send: False when the caller claims the task itself, at once (`invoke --local`).

    A file that the input names must be the owner's (uploads.py).

    Raises UnknownFunction, InvalidInput, KeyReused.
    """
    spec = registry.get(function)
    accepted = spec.accept(inputs).model_dump(mode="json")
    # The same file sent again has another id; its digest says that it is the same.
    digests = uploads.claim(spec.input_type, accepted, owner_id=owner.pk)
    body_hash = _hash(function, accepted | digests, priority, not_before, asked_beside)
    if known := _known(spec, owner, idempotency_key, body_hash, unique_key):
        return known
    task = _new_task(
        spec,
        accepted,
        owner_id=owner.pk,
        source=source,
        priority=priority,
        order_key=order_key or f"user:{owner.pk}",
        not_before=not_before if not_before is not None and not_before > clock.now() else None,
        idempotency_key=idempotency_key,
        body_hash=body_hash if idempotency_key else "",
        unique_key=unique_key,
        sequence_key=sequence_key,
        awaits_children=awaits_children,
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
        if known := _known(spec, owner, idempotency_key, body_hash, unique_key):
            return known
        raise
    return invocation


def invoke_many(
    function: str,
    inputs: Sequence[Mapping[str, Any] | BaseModel],
    *,
    owner: AbstractBaseUser,
    source: Source,
    priority: Priority = Priority.NORMAL,
    order_key: str = "",
    parent: Task | None = None,
    siblings_at_once: int | None = None,
    place: str = "inputs",
) -> list[Task]:
    """
    Accept many runs of `function` for `owner`, all of them or none, in one statement and one message.

    siblings_at_once: of tasks with this parent, how many may run at the same time.
    place: how the list is called in an error: `inputs.3.text` is the field `text` of the fourth.

    Raises UnknownFunction, InvalidInput.
    """
    spec = registry.get(function)
    accepted = [_accept_nth(spec, raw, f"{place}.{number}", owner_id=owner.pk) for number, raw in enumerate(inputs)]
    tasks = [
        _new_task(
            spec,
            body,
            owner_id=owner.pk,
            source=source,
            priority=priority,
            order_key=order_key or f"user:{owner.pk}",
            parent=parent,
            siblings_at_once=siblings_at_once,
        )
        for body in accepted
    ]
    with transaction.atomic():
        store_prepared(tasks)
    return tasks


def prepare(
    function: str,
    inputs: Mapping[str, Any] | BaseModel,
    *,
    task_id: UUID,
    owner_id: int,
    source: Source,
    order_key: str,
    priority: Priority = Priority.NORMAL,
) -> Task:
    """
    Return a task that is checked but not stored, for a caller that stores many beside rows of its own.

    task_id: from identity.new_task_id(). Raises UnknownFunction, InvalidInput.
    """
    spec = registry.get(function)
    accepted = spec.accept(inputs).model_dump(mode="json")
    uploads.claim(spec.input_type, accepted, owner_id=owner_id)
    return _new_task(
        spec, accepted, id=task_id, owner_id=owner_id, source=source, priority=priority, order_key=order_key
    )


def store_prepared(tasks: Sequence[Task]) -> None:
    """Store what `prepare()` gave, in the transaction of the caller; the ids are sent after its commit."""
    Task.objects.bulk_create(tasks, batch_size=500)
    transaction.on_commit(partial(_send_all, tasks))


def _accept_nth(
    spec: registry.Function, raw: Mapping[str, Any] | BaseModel, place: str, *, owner_id: int
) -> dict[str, Any]:
    try:
        accepted = spec.accept(raw).model_dump(mode="json")
        uploads.claim(spec.input_type, accepted, owner_id=owner_id)
    except InvalidInput as error:
        raise InvalidInput([replace(each, field=f"{place}.{each.field}") for each in error.errors]) from None
    return accepted


def _send_all(tasks: Sequence[Task]) -> None:
    positions: Sequence[int | None] = [None] * len(tasks)
    try:
        positions = queue.send_all(tasks)
    except QueueUnreachable:
        logger.warning("tasks kept, not sent: the queue did not answer", extra={"count": len(tasks)})
    # Watchers of a list reread it at any message; a thousand of them would tell no more.
    for task, position in list(zip(tasks, positions, strict=True))[:MAX_ANNOUNCED]:
        task_changed.send_robust(Task, task=task, position=position)


def _new_task(spec: registry.Function, accepted: dict[str, Any], **values: Any) -> Task:
    now = clock.now()
    return Task(
        function=spec.name, queue=spec.queue_of(accepted), inputs=accepted, created_at=now, updated_at=now, **values
    )


def invoke_again(task: Task, *, source: Source) -> Invocation:
    """Run a finished task's input again, as a new task of its owner. Raises NotFinished, InvalidInput."""
    if not task.is_final():
        raise NotFinished(task.status)
    with transaction.atomic():
        again = invoke(
            task.function,
            task.inputs,
            owner=task.owner,
            source=source,
            priority=Priority(task.priority),
            order_key=task.order_key,
            sequence_key=task.sequence_key,
            awaits_children=task.awaits_children,
            retried_from=task,
        )
        if task.awaits_children:
            _invoke_parts_again(task, of=again.task)
    return again


def _invoke_parts_again(task: Task, *, of: Task) -> None:
    for (name, at_once), parts in groupby(
        task.children.order_by("id"), lambda part: (part.function, part.siblings_at_once)
    ):
        invoke_many(
            name,
            [part.inputs for part in parts],
            owner=task.owner,
            source=Source(of.source),
            priority=Priority(task.priority),
            order_key=task.order_key,
            parent=of,
            siblings_at_once=at_once,
            place="parts",
        )


def _send(invocation: Invocation) -> None:
    try:
        if followers.may_start(invocation.task):
            invocation.position = queue.send(invocation.task)
    except QueueUnreachable:
        invocation.queued = False
        logger.warning("task kept, not sent: the queue did not answer", extra={"task": str(invocation.task.pk)})
    task_changed.send_robust(Task, task=invocation.task, position=invocation.position)


def _known(
    spec: registry.Function, owner: AbstractBaseUser, key: str | None, body_hash: str, unique_key: str | None
) -> Invocation | None:
    """Return the task that one of the keys names already. Raises KeyReused."""
    mine = Task.objects.filter(owner_id=owner.pk)
    task = mine.filter(idempotency_key=key).first() if key else None
    if task is not None and task.body_hash != body_hash:
        raise KeyReused(key or "")
    if task is None and unique_key:
        task = mine.filter(function=spec.name, unique_key=unique_key, status__in=OPEN).first()
    return Invocation(task, replayed=True, position=queue.position_or_none(task)) if task else None


def _hash(
    function: str, inputs: Mapping[str, Any], priority: int, not_before: datetime | None, asked_beside: str
) -> str:
    # The moment as it was asked for, whatever zone it was written in and whether or not it has passed since.
    delay = [] if not_before is None else [not_before.timestamp()]
    beside = [asked_beside] if asked_beside else []
    body = json.dumps([function, inputs, int(priority), *delay, *beside], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(body.encode()).hexdigest()
