"""Keep what Redis knows of limits and pauses true to the rows. Safe at any time, any number of times.

The scripts count by themselves what starts and ends; here is what they cannot see: a Redis
that was emptied, a count that nobody took back, time that has passed, a pause that staff set.

Called by the keeper of every cluster and the admin.
"""

from collections.abc import Iterable, Sequence
from typing import cast

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jobs.runtime import clock, queue
from jobs.runtime import limit_scripts as scripts
from jobs.runtime.connection import client, key
from jobs.runtime.limits import text_of
from jobs.runtime.models import Pause, Status, Task
from jobs.runtime.queue import MAX_PASSED_OVER, member_of, reaching, run_script


def keep_limits() -> int:
    """Let go on what a limit leaves room for again; return how many. Tells an emptied Redis first what runs."""
    moved = _unblock()
    if moved is None:
        _restore_limits(Task.objects.filter(status=Status.PROCESSING).defer("inputs", "steps"))
        moved = _unblock()
    return moved or 0


def prune() -> int:
    """Take off the limits what neither runs nor is held any more; return how many entries that were."""
    pruned = 0
    if not (counted := _busy()):
        return 0
    held = {member for worker in queue.holders() for member, _queue in queue.held_by(worker)}
    for name, members in counted.items():
        ids = {member: queue.id_of(member) for member in members}
        known = [task_id for task_id in ids.values() if task_id is not None]
        running = set(Task.objects.filter(pk__in=known, status=Status.PROCESSING).values_list("pk", flat=True))
        gone = [member for member, task_id in ids.items() if task_id not in running and member not in held]
        if gone:
            _free_busy(name, gone)
            pruned += len(gone)
    return pruned


def pause(queue_name: str, *, by: AbstractBaseUser | None = None) -> bool:
    """
    Hand nothing more out of a queue; what runs goes on. False when it was paused already.

    The row says it; Redis is told after the commit. QueueUnreachable from there changes nothing but the moment: the
    keepers tell Redis within a second of its return.
    """
    name = by.get_username() if by is not None else ""
    _row, made = Pause.objects.get_or_create(queue=queue_name, defaults={"paused_at": clock.now(), "paused_by": name})
    transaction.on_commit(keep_pauses)
    return made


def resume(queue_name: str) -> bool:
    """Hand out again what waits in a queue. False when it was not paused. Redis is told as by pause()."""
    deleted, _each = Pause.objects.filter(queue=queue_name).delete()
    transaction.on_commit(keep_pauses)
    return deleted > 0


def keep_pauses() -> None:
    """Make Redis hold back exactly the queues whose rows say so."""
    _set_paused(Pause.objects.values_list("queue", flat=True))


@reaching
def _unblock() -> int | None:
    """Return how many could go on; None when Redis does not know what counts against the limits."""
    moved = run_script(scripts.UNBLOCK, keys=[], args=[MAX_PASSED_OVER])
    return None if moved is None else int(moved)


@reaching
def _restore_limits(running: Iterable[Task]) -> None:
    """Tell Redis what runs, so that limited tasks may start again."""
    args = [word for task in running for word in (member_of(task.pk), text_of(task))]
    run_script(scripts.RESTORE_LIMITS, keys=[], args=args)


@reaching
def _busy() -> dict[str, list[bytes]]:
    """Return what counts against each limit that somebody waits for."""
    names = [name.decode("ascii", "replace") for name in cast("set[bytes]", client().smembers(key("blocked")))]
    counted = {name: cast("set[bytes]", client().smembers(key("busy", name))) for name in names if name[:2] != "r:"}
    return {name: list(members) for name, members in counted.items() if members}


@reaching
def _free_busy(name: str, members: Sequence[bytes]) -> None:
    """Take off a limit what does not run any more."""
    run_script(scripts.FREE_BUSY, keys=[], args=[name, *members])


@reaching
def _set_paused(queues: Iterable[str]) -> None:
    """Make Redis hold back exactly these queues; the others are woken."""
    wanted = {name.encode() for name in queues}
    paused = cast("set[bytes]", client().smembers(key("paused")))
    pipeline = client().pipeline()
    for name in wanted - paused:
        pipeline.sadd(key("paused"), name)
    for name in paused - wanted:
        pipeline.srem(key("paused"), name)
        pipeline.rpush(key("wake", name.decode("ascii", "replace")), "1")
    pipeline.execute()
