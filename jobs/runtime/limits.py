"""How many of a kind may run at once, and how many may start in a time: declared here, kept in Redis.

A task that is limited carries its limits through Redis as a short text beside its id
(`text_of`); the scripts in queue_scripts.py admit it or let it wait. What counts is held
against one of five things:

    f:{function}                    the function, in the whole house
    r:{function}                    its starts in a time
    k:{function}:{order key}        the function and the order key: a guild, a user
    b:{parent}                      the parts of one batch
    s:{sequence}                    one ordered group: one at a time

A limit holds also right after Redis was emptied: limited tasks wait until a keeper has told
Redis again what is running (sweep.restore_limits), about a second.
"""

import hashlib

from jobs.runtime import registry
from jobs.runtime.models import Task


def limits_of(task: Task) -> list[str]:
    """Return the limits of a task, each as the scripts read it: `kind;name;most[;milliseconds]`."""
    found = []
    if spec := registry.find(task.function):
        if spec.max_running is not None:
            found.append(f"c;f:{task.function};{spec.max_running}")
        if spec.max_running_per_key is not None:
            found.append(f"c;k:{task.function}:{_short(task.order_key)};{spec.max_running_per_key}")
        if spec.rate is not None:
            found.append(f"r;r:{task.function};{spec.rate.count};{int(spec.rate.per_seconds * 1000)}")
    if task.siblings_at_once is not None and task.parent_id is not None:
        found.append(f"c;b:{task.parent_id.hex};{task.siblings_at_once}")
    if task.sequence_key:
        found.append(f"c;s:{_short(task.sequence_key)};1")
    return found


def text_of(task: Task) -> str:
    """Return `queue|limit|limit...` for a limited task, "" for one that may run whenever there is a worker."""
    limits = limits_of(task)
    return "|".join([task.queue, *limits]) if limits else ""


def _short(key: str) -> str:
    # Keys may hold anything, names no separator; 64 bits tell a house's keys apart.
    return hashlib.sha256(key.encode()).hexdigest()[:16]
