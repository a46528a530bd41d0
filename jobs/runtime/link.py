"""What a guard and its workers know of each other, in shared memory without a single lock.

A lock could be held by a process at the moment it is killed, and whoever waits for it then
waits for ever; that is how stock django-q2 freezes. Here every field has one writer, and a
reader that sees an old value acts one beat later.
"""

import ctypes
import time
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.sharedctypes import RawArray
from typing import Any
from uuid import UUID

FREE, LIVE, DEAD = 0, 1, 2
NO_TASK = bytes(16)
# What staff wish of a worker: to leave after its task, or now.
STAY, GENTLY, AT_ONCE = 0, 1, 2


class Slot(ctypes.Structure):
    """
    One worker. Written by the guard: state, pid, alone, born, births, stop, timed_out, over_memory. By the
    worker: name, running, saving, deadline, memory_ceiling, unannounced_since. By the keeper: cancel,
    cancel_after, leave (and state, from DEAD to FREE).

    deadline, cancel_after, unannounced_since: seconds of the shared monotonic clock; 0 for none.
    The last is when a task began that watchers were not told of; the keeper tells them, and sets it to 0.
    born: Unix seconds. births: how many workers this slot has had; kept when it is freed.
    """

    _fields_ = (
        ("state", ctypes.c_int),
        ("pid", ctypes.c_int),
        ("name", ctypes.c_char * 120),
        ("alone", ctypes.c_bool),  # takes the interactive queue alone
        ("born", ctypes.c_double),
        ("births", ctypes.c_int),
        ("stop", ctypes.c_bool),
        ("leave", ctypes.c_int),  # as staff wish it: STAY, GENTLY, AT_ONCE
        ("timed_out", ctypes.c_bool),
        ("over_memory", ctypes.c_bool),
        ("saving", ctypes.c_bool),  # a commit is under way: not to be killed
        ("running", ctypes.c_ubyte * 16),
        ("unannounced_since", ctypes.c_double),
        ("memory_ceiling", ctypes.c_int),  # megabytes, of what runs; 0 for none
        ("deadline", ctypes.c_double),
        ("cancel", ctypes.c_ubyte * 16),
        ("cancel_after", ctypes.c_double),
    )

    def clear(self) -> None:
        self.deadline = self.cancel_after = self.unannounced_since = 0.0
        self.stop = self.timed_out = self.over_memory = self.saving = False
        self.memory_ceiling = 0
        self.leave = STAY
        self.running[:] = NO_TASK
        self.cancel[:] = NO_TASK

    def run(self, task_id: UUID | None) -> None:
        self.running[:] = task_id.bytes if task_id else NO_TASK

    def running_id(self) -> UUID | None:
        raw = bytes(self.running)
        return None if raw == NO_TASK else UUID(bytes=raw)

    def ask_to_cancel(self, task_id: UUID, *, grace_seconds: float) -> None:
        if bytes(self.cancel) != task_id.bytes:
            self.cancel_after = time.monotonic() + grace_seconds
            self.cancel[:] = task_id.bytes

    def is_cancelled(self) -> bool:
        raw = bytes(self.running)
        return raw != NO_TASK and raw == bytes(self.cancel)

    def is_overdue(self, now: float) -> bool:
        return not self.saving and 0 < self.deadline < now

    def outstays_cancel(self, now: float) -> bool:
        return not self.saving and self.is_cancelled() and 0 < self.cancel_after < now


def new_slots(count: int) -> Any:
    """Return an array of `count` free slots that forked children share."""
    return RawArray(Slot, count)


class Timer:
    """
    Stands where django-q2's worker expects `multiprocessing.Value("f")`: -1 idle, -2 recycled,
    0 timed out, else the seconds left. Kept as a deadline, so that nobody has to count it down.
    """

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._special = -1.0

    @property
    def value(self) -> float:
        if self._slot.deadline:
            return max(0.001, self._slot.deadline - time.monotonic())
        return self._special

    @value.setter
    def value(self, seconds: float) -> None:
        self._special = seconds
        self._slot.deadline = time.monotonic() + seconds if seconds > 0 else 0.0

    def get_lock(self) -> AbstractContextManager[None]:
        # worker() stores its result inside this: a child killed there would leave a real lock taken.
        return nullcontext()
