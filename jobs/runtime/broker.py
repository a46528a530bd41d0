"""django-q2's `async_task()`, for functions of this house: it makes a Task and sends its id, nothing else.

    async_task("speech", {"text": "..."})      async_task("speech", text="...")

The function is named as in the registry, by its dotted path, or given itself; its input is JSON.
django-q2 signs a pickle of every call; it is made here, and neither read nor sent. What counts is
taken from the call before that: `pre_enqueue` comes first, in the same thread, and this module is
loaded by then, since django-q2 looks for its broker before.

Refused with NotAccepted: every other callable, and every option that a Task has no word for.
"""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from django_q.brokers import Broker
from django_q.signals import pre_enqueue

from jobs.runtime import registry
from jobs.runtime.connection import client
from jobs.runtime.errors import NotAccepted
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Source
from jobs.runtime.schedule import system_user

# What django-q2 puts into every call; the rest are options.
CALL = {"id", "name", "func", "args", "kwargs", "started"}

# The call that this thread is about to enqueue, as django-q2 holds it.
_call: ContextVar[dict[str, Any] | None] = ContextVar("call", default=None)


class TaskBroker(Broker):
    """Answers `ping` and takes what `async_task()` hands over; no cluster reads from it."""

    @staticmethod
    def get_connection(list_key: str = "") -> Any:
        return None

    def ping(self) -> bool:
        return bool(client().ping())

    def enqueue(self, task: str) -> str:
        """
        Invoke what `async_task()` was called with; return the task's id, which `async_task()` then returns too.

        task: the pickle, which is dropped. Raises NotAccepted, InvalidInput.
        """
        call = _call.get()
        _call.set(None)
        if call is None:
            raise NotAccepted("only async_task() may put something here")
        accepted = invoke(call["func"], *call["args"], owner=system_user(), source=Source.COMMAND)
        call["id"] = str(accepted.task.pk)
        return str(call["id"])

    def info(self) -> str:
        return "koebako"


def _look_at(sender: Any, task: dict[str, Any], **_more: Any) -> None:
    """Refuse what is no invocation, before anything is pickled; leave plain words and JSON of what is."""
    _call.set(None)
    if options := sorted(set(task) - CALL):
        raise NotAccepted(f"it has no option {', '.join(options)}")
    name = _name_of(task["func"])
    inputs = _inputs_of(task["args"], task["kwargs"])
    task.update(func=name, args=(inputs,), kwargs={})
    _call.set(task)


def _name_of(func: str | Callable[..., Any]) -> str:
    """Return the registry's name of a function that was named or given."""
    for spec in registry.offered():
        if func in (spec.name, f"{spec.call.__module__}.{spec.call.__qualname__}") or func is spec.call:
            return spec.name
    said = func if isinstance(func, str) else getattr(func, "__qualname__", type(func).__name__)
    raise NotAccepted(f"{said!r} is no function of this house")


def _inputs_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the input: the one mapping that was given, or the keywords."""
    if len(args) + bool(kwargs) > 1 or not all(isinstance(value, Mapping) for value in args):
        raise NotAccepted("give its input as one mapping, or as keywords")
    inputs = dict(args[0]) if args else kwargs
    try:
        # A tuple, a number as a key or a date would come back as something else, or not at all.
        is_json = json.loads(json.dumps(inputs, allow_nan=False)) == inputs
    except (TypeError, ValueError):
        is_json = False
    if not is_json:
        raise NotAccepted("its input must be JSON")
    return inputs


pre_enqueue.connect(_look_at, dispatch_uid="jobs.broker.look_at")
