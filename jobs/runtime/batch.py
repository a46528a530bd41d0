"""A batch: many parts that run side by side, at most so many at once, and a last step when all have ended.

    invoke_batch("image_job", {...}, parts=("image_chunk", [{...}, {...}]), at_once=3, owner=..., source=...)

The batch is one task, the last step its run: its function reads `parts_of(context.task_id)`.
Until then it waits as `pending`, with its progress counted by ended parts. A part that fails
does not fail the batch: the last step decides. Cancelling the batch cancels its open parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from pydantic import BaseModel

from jobs.runtime.invoke import Invocation, invoke, invoke_many
from jobs.runtime.models import Priority, Source, Status, Task

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """One part of a batch, as it ended. output: None unless it succeeded."""

    task_id: UUID
    status: Status
    output: Any
    error: dict[str, Any] | None


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return `items` in pieces of `size`, the last one shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def invoke_batch(
    function: str,
    inputs: Mapping[str, Any] | BaseModel,
    *,
    parts: tuple[str, Sequence[Mapping[str, Any] | BaseModel]],
    owner: AbstractBaseUser,
    source: Source,
    at_once: int | None = None,
    priority: Priority = Priority.NORMAL,
    order_key: str = "",
    idempotency_key: str | None = None,
) -> Invocation:
    """
    Accept a batch, all of it or nothing; return it with its own task.

    parts: the function of the parts and the input of each, at least one.
    at_once: how many of the parts may run at the same time; None for no limit of its own.

    Raises UnknownFunction, KeyReused, InvalidInput; a part's field is named `parts.3.text`.
    """
    part_function, part_inputs = parts
    with transaction.atomic():
        batch = invoke(
            function,
            inputs,
            owner=owner,
            source=source,
            priority=priority,
            order_key=order_key,
            idempotency_key=idempotency_key,
            awaits_children=bool(part_inputs),
        )
        if not batch.replayed:
            invoke_many(
                part_function,
                part_inputs,
                owner=owner,
                source=source,
                priority=priority,
                order_key=batch.task.order_key,
                parent=batch.task,
                siblings_at_once=at_once,
                place="parts",
            )
    return batch


def parts_of(task_id: UUID) -> list[Part]:
    """Return the parts of a batch in the order in which they were given."""
    rows = Task.objects.filter(parent_id=task_id).select_related("result").order_by("id")
    return [
        Part(
            task_id=row.pk,
            status=Status(row.status),
            output=row.result.output if row.status == Status.SUCCESS else None,
            error=row.error,
        )
        for row in rows
    ]
