"""Carry the runtime's signals to whoever watches: the groups of a task, of its owner, of the staff.

Any process may speak: workers, the guard, the web process, commands. The sending is done by
one event loop in a daemon thread of that process (wire.py), but for a worker's changes of
state, which the runtime sends with its own; the caller pays for building the message, never
waits, and never sees an error. A message that is lost costs a watcher at
most its next look at the row (watch.py).

listen() is called once, by apps.py.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from channels.layers import get_channel_layer
from django.conf import settings

from jobs.live import groups
from jobs.live.describe import event, progress_event
from jobs.live.groups import MESSAGE_TYPE, Event
from jobs.live.throttle import Throttle
from jobs.live.wire import Wire
from jobs.runtime.context import Context
from jobs.runtime.models import Task
from jobs.runtime.signals import task_changed, task_progressed

logger = logging.getLogger(__name__)

# Four progress messages a second per task: smooth for an eye, nothing for a network.
PROGRESS_SECONDS = 0.25


class Sender(Protocol):
    """What a publisher sends through; wire.py in the house, a list in tests."""

    def post(self, audience: Sequence[str], message: Event, *, droppable: bool) -> None: ...

    def later(self, seconds: float, call: Callable[[], None]) -> None: ...


class Publisher:
    """Orders and thins the messages of one process. Thread-safe."""

    def __init__(self, sender: Sender, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sender = sender
        self._throttle: Throttle[Callable[[], Event]] = Throttle(seconds=PROGRESS_SECONDS, clock=clock)
        # Held while a message is handed over, so that the order of calls is the order sent.
        self._lock = threading.Lock()
        self._timers: set[str] = set()

    def progress(self, task_id: str, make: Callable[[], Event], audience: Sequence[str]) -> None:
        """
        Send a progress message now, or when its turn comes unless a newer one takes its place.

        make: builds the message; called only for one that goes out, so that a function may
        report in a tight loop. It may be called later, in another thread.
        """
        with self._lock:
            if self._throttle.offer(task_id, make):
                self._sender.post(audience, make(), droppable=True)
            elif task_id not in self._timers:
                self._timers.add(task_id)
                wait = self._throttle.wait_seconds(task_id) or 0.0
                self._sender.later(wait, lambda: self._release(task_id, audience))

    def change(self, message: Event, audience: Sequence[str]) -> None:
        """Send a change of state, after whatever progress still waited."""
        with self._lock:
            make = self._throttle.close(message["task_id"])
            held = make() if make else None
            if held is not None and held["version"] <= message["version"]:
                self._sender.post(audience, held, droppable=True)
            self._sender.post(audience, message, droppable=False)

    def forget(self, task_id: str) -> None:
        """Drop progress that still waited: a change of state is being sent another way."""
        with self._lock:
            self._throttle.close(task_id)

    def _release(self, task_id: str, audience: Sequence[str]) -> None:
        with self._lock:
            self._timers.discard(task_id)
            make = self._throttle.release(task_id)
            if make is not None:
                self._sender.post(audience, make(), droppable=True)


_publishers: dict[int, Publisher] = {}


def publisher() -> Publisher:
    """Return this process's publisher. A forked child gets its own: a parent's thread does not live in it."""
    pid = os.getpid()
    # setdefault is one step under the interpreter's lock; two threads cannot end up with two.
    return _publishers.get(pid) or _publishers.setdefault(pid, Publisher(Wire.of_this_process()))


def letters(message: Event, audience: Sequence[str]) -> list[tuple[str, bytes]]:
    """Return what the channel layer would publish to reach each group: (channel, message)."""
    layer = get_channel_layer()
    data = layer.serialize({"type": MESSAGE_TYPE, "event": message})
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    return [(f"{prefix}__group__{group}", data) for group in audience]


def listen() -> None:
    task_changed.connect(_on_changed, weak=False, dispatch_uid="live.publish.changed")
    task_progressed.connect(_on_progressed, weak=False, dispatch_uid="live.publish.progressed")


def _on_changed(
    sender: Any,
    *,
    task: Task,
    position: int | None = None,
    outbox: list[tuple[str, bytes]] | None = None,
    **_more: Any,
) -> None:
    try:
        message, audience = event(task, position), _audience(task.pk, task.owner_id)
        if outbox is None:
            publisher().change(message, audience)
            return
        if (mine := _publishers.get(os.getpid())) is not None:
            mine.forget(str(task.pk))
        outbox += letters(message, audience)
    except Exception:
        logger.exception("change of a task not published")


def _on_progressed(sender: Any, *, context: Context, **_more: Any) -> None:
    try:
        make = partial(progress_event, context)
        publisher().progress(str(context.task_id), make, _audience(context.task_id, context.owner_id))
    except Exception:
        logger.exception("progress of a task not published")


def _audience(task_id: Any, owner_id: int) -> tuple[str, str, str]:
    return groups.of_task(task_id), groups.of_owner(owner_id), groups.STAFF
