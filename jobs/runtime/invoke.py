"""The only way in: check the input, store the Task, send its id once the row is committed.

Callers: the API, the pages, the admin, the commands, the schedule. Safe to call inside a
transaction of the caller; then the id is sent when that one commits.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from pydantic import BaseModel

from jobs.runtime import clock, followers, queue, registry, tracing, uploads
from jobs.runtime.accepting import accept_nth, body_hash_of, fan_out, new_task, new_tasks, offered, tell
from jobs.runtime.connection import sending_client
from jobs.runtime.errors import KeyReused, NotFinished, QueueUnreachable
from jobs.runtime.models import Priority, Source, Task
from jobs.runtime.models.task import OPEN
from jobs.runtime.rows import insert_many
from jobs.runtime.signals import task_changed
from jobs.runtime.telling import Telling

logger = logging.getLogger(__name__)

# Of tasks that were accepted together, how many are announced to watchers.
MAX_ANNOUNCED = 20


@dataclass
class Invocation:
    """An accepted invocation.

    replayed: the idempotency key named a task that was already there.
    position: tasks before this one, 0 for the next; None while unknown, and within a transaction of the caller.
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

    A function that fans out gets its parts in the same transaction; they are sent as it is, or not at all.

    Raises UnknownFunction, InvalidInput, KeyReused.
    """
    spec = offered(function, parent)
    accepted = spec.accept(inputs).model_dump(mode="json")
    # The same file sent again has another id; its digest says that it is the same.
    digests = uploads.claim(spec.input_type, accepted, owner_id=owner.pk)
    body_hash = body_hash_of(function, accepted | digests, priority, not_before, asked_beside)
    known = partial(_known, spec, owner, idempotency_key, body_hash, unique_key)
    if there := known():
        return there
    task = new_task(
        spec,
        accepted,
        traceparent=tracing.asked_for(function, source),
        owner_id=owner.pk,
        source=source,
        priority=priority,
        order_key=order_key or f"user:{owner.pk}",
        not_before=not_before if not_before is not None and not_before > clock.now() else None,
        idempotency_key=idempotency_key,
        body_hash=body_hash if idempotency_key else "",
        unique_key=unique_key,
        sequence_key=sequence_key,
        awaits_children=awaits_children or spec.fan_out is not None,
        parent=parent,
        retried_from=retried_from,
    )
    try:
        return _store(spec, task, send=send)
    except IntegrityError:
        # Another request with this key was first, between our look and our insert.
        if there := known():
            return there
        raise


def _store(spec: registry.Function, task: Task, *, send: bool) -> Invocation:
    """Store a task with its parts, all of it or nothing; what may start of it is sent after the commit."""
    invocation = Invocation(task)
    with transaction.atomic():
        # All of its values are there; save() takes half as long again.
        insert_many(Task, [vars(task)])
        task._state.adding = False
        tell(spec, task)
        parts = fan_out(spec, task)
        if send:
            transaction.on_commit(partial(_send, invocation, parts))
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
    spec = offered(function, parent)
    accepted = [accept_nth(spec, raw, f"{place}.{number}", owner_id=owner.pk) for number, raw in enumerate(inputs)]
    tasks = new_tasks(
        spec,
        accepted,
        traceparent=tracing.asked_for(function, source, count=len(accepted)),
        owner_id=owner.pk,
        source=source,
        priority=priority,
        order_key=order_key or f"user:{owner.pk}",
        parent=parent,
        siblings_at_once=siblings_at_once,
        awaits_children=spec.fan_out is not None,
    )
    with transaction.atomic():
        store_prepared(tasks)
    return tasks


def store_prepared(tasks: Sequence[Task]) -> None:
    """Store what preparing.py gave, in the transaction of the caller; the ids are sent after its commit."""
    insert_many(Task, [vars(task) for task in tasks])
    for task in tasks:
        task._state.adding = False
        tell(registry.get(task.function), task)
    fanned = {task.pk: fan_out(registry.get(task.function), task) for task in tasks if task.awaits_children}
    # What waits for its parts is sent once they have ended.
    ready = [each for task in tasks for each in (fanned.get(task.pk) or [task])]
    transaction.on_commit(partial(_send_all, ready))


def _send_all(tasks: Sequence[Task]) -> bool:
    """Send the ids; return whether the queue took them."""
    queued = True
    positions: Sequence[int | None] = [None] * len(tasks)
    try:
        positions = queue.send_all(tasks, run=_run_hurried)
    except QueueUnreachable:
        queued = False
        logger.warning("tasks kept, not sent: the queue did not answer", extra={"count": len(tasks)})
    # Watchers of a list reread it at any message; a thousand of them would tell no more.
    _announce(list(zip(tasks, positions, strict=True))[:MAX_ANNOUNCED], at_once=queued)
    return queued


def _announce(placed: Sequence[tuple[Task, int | None]], *, at_once: bool) -> None:
    """
    Tell watchers of tasks, each with its place, after they were sent.

    at_once: Redis has just answered, so all is told in one message of this thread. A thread of its own, with a message
    for each task and group, took three times the processor, just when a worker wants to begin. Without an answer it
    is that thread that waits.
    """
    telling = Telling()
    beside: dict[str, Any] = {"outbox": telling.outbox} if at_once else {}
    for task, position in placed:
        task_changed.send_robust(Task, task=task, position=position, **beside)
    telling.send(_run_hurried)


def invoke_again(task: Task, *, source: Source, idempotency_key: str | None = None) -> Invocation:
    """
    Run a finished task's input again, as a new task of its owner.

    idempotency_key: the same key gives the same new task again, with its parts.

    Raises NotFinished, InvalidInput, UnknownFunction.
    """
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
            idempotency_key=idempotency_key,
        )
        if task.awaits_children and not again.replayed and registry.get(task.function).fan_out is None:
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


def _send(invocation: Invocation, parts: Sequence[Task] = ()) -> None:
    task, reached = invocation.task, False
    try:
        if parts:
            invocation.queued = reached = _send_all(parts)
        elif followers.may_start(task):
            invocation.position = queue.send(task, run=_run_hurried)
            reached = True
    except QueueUnreachable:
        invocation.queued = False
        logger.warning("task kept, not sent: the queue did not answer", extra={"task": str(task.pk)})
    _announce([(task, invocation.position)], at_once=reached)


def _run_hurried(source: str, *, keys: Sequence[str], args: Sequence[Any]) -> Any:
    """Run a script for a caller whose row is committed: after a second they get their answer, and the sweep sends."""
    return queue.script_of(source)(keys=keys, args=args, client=sending_client())


def _known(
    spec: registry.Function, owner: AbstractBaseUser, key: str | None, body_hash: str, unique_key: str | None
) -> Invocation | None:
    """Return the task that one of the keys names already. Raises KeyReused."""
    if not key and not unique_key:
        return None
    mine = Task.objects.filter(owner_id=owner.pk)
    task = mine.filter(idempotency_key=key).first() if key else None
    if task is not None and task.body_hash != body_hash:
        raise KeyReused(key or "")
    if task is None and unique_key:
        task = mine.filter(function=spec.name, unique_key=unique_key, status__in=OPEN).first()
    if task is None:
        return None
    known = Invocation(task, replayed=True)
    transaction.on_commit(partial(_place, known))
    return known


def _place(known: Invocation) -> None:
    known.position = queue.position_or_none(known.task)
