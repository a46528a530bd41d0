"""The Redis side of the queue: ids that are ready, delayed, or held by a worker.

Nothing here is a source of truth. Everything can be lost and is rebuilt from the rows
(sweep.py). Only ids cross Redis, each with an HMAC, so that nobody who can write to
Redis can make a worker run what was never accepted.
"""

import hmac
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

import redis
from django.utils.crypto import salted_hmac

from jobs.runtime import queue_scripts as scripts
from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Task
from jobs.runtime.models.task import WAITING
from jobs.runtime.registry import QUEUES

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# Foreign entries kept for a look; more would let a stranger fill the memory.
MAX_SET_ASIDE = 1000


def reaching(call: Callable[P, R]) -> Callable[P, R]:
    """Turn every way in which Redis can be away, full or confused into QueueUnreachable."""

    @wraps(call)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except redis.RedisError as error:
            logger.warning("redis did not do as asked", extra={"reason": type(error).__name__})
            raise QueueUnreachable from error

    return guarded


@lru_cache(maxsize=16)
def _script(source: str) -> redis.commands.core.Script:
    # Bound to no connection here; redis-py loads it again when a restarted server forgot it.
    return redis.Redis().register_script(source)


def run_script(source: str, *, keys: Sequence[str], args: Sequence[Any], connection: redis.Redis | None = None) -> Any:
    return _script(source)(keys=keys, args=args, client=connection or client())


def member_of(task_id: UUID) -> str:
    """Return the queue entry of a task: its id and a keyed hash over it (128 bits of HMAC-SHA256)."""
    return f"{task_id.hex}.{_seal(task_id.hex)}"


def _seal(text: str) -> str:
    return salted_hmac("koebako.queue", text, algorithm="sha256").hexdigest()[:32]


def id_of(member: bytes) -> UUID | None:
    """Return the id in a queue entry, None for anything that is not ours. Never raises."""
    head, dot, seal = member.partition(b".")
    if len(head) != 32 or not dot:
        return None
    try:
        text = head.decode("ascii")
        # Bytes, because compare_digest refuses text that is not ASCII.
        if not hmac.compare_digest(_seal(text).encode(), seal):
            return None
        return UUID(hex=text)
    except ValueError:
        return None


def places(queue: str) -> list[str]:
    return [key("ready", queue), key("fair", queue), key("wake", queue)]


@reaching
def send(task: Task) -> int | None:
    """Put a waiting task into its queue (again does no harm); return its place, None for a delayed one."""
    if task.not_before is not None:
        delay(task.pk, until=task.not_before)
        return None
    rank = run_script(
        scripts.SEND,
        keys=[*places(task.queue), key("delayed")],
        args=[member_of(task.pk), int(task.priority), task.order_key],
    )
    return None if rank is None else int(rank)


@reaching
def delay(task_id: UUID, *, until: datetime) -> None:
    """Keep a task out of its queue until then; the keeper of any cluster moves it when it is due."""
    client().zadd(key("delayed"), {member_of(task_id): until.timestamp() * 1000})


@reaching
def due(*, now: datetime, limit: int = 500) -> list[bytes]:
    """Return the delayed entries whose time has come."""
    found = client().zrangebyscore(key("delayed"), "-inf", now.timestamp() * 1000, start=0, num=limit)
    return cast("list[bytes]", found)


@reaching
def withdraw(task: Task) -> None:
    """Take a task out of its queue, wherever it waits."""
    member = member_of(task.pk)
    pipeline = client().pipeline(transaction=False)
    pipeline.zrem(key("ready", task.queue), member)
    pipeline.zrem(key("delayed"), member)
    pipeline.execute()


@reaching
def forget_delayed(members: Iterable[bytes]) -> None:
    client().zrem(key("delayed"), *members)


def position_or_none(task: Task) -> int | None:
    """Return how many tasks run before this one in its queue; None when it does not wait or Redis is away."""
    if task.status not in WAITING:
        return None
    with suppress(QueueUnreachable):
        return _position(task)
    return None


@reaching
def _position(task: Task) -> int | None:
    return cast("int | None", client().zrank(key("ready", task.queue), member_of(task.pk)))


@reaching
def take(worker: str, queues: Sequence[str], *, done: UUID | None, connection: redis.Redis) -> UUID | None:
    """
    Take the next id for `worker` from the first of `queues` that has one; it is held until `done` names it.

    What is no entry of ours is set aside, counted, and the next one is tried.
    """
    keys = [key("held", worker)]
    for queue in queues:
        keys += places(queue)
    finished = member_of(done) if done else ""
    while True:
        member = run_script(scripts.TAKE, keys=keys, args=[finished, *queues], connection=connection)
        if member is None:
            return None
        task_id = id_of(member)
        if task_id is not None:
            return task_id
        set_aside(worker, member)


def set_aside(worker: str, member: bytes) -> None:
    logger.warning("foreign queue entry set aside", extra={"bytes": len(member)})
    pipeline = client().pipeline(transaction=False)
    pipeline.hdel(key("held", worker), member)
    pipeline.lpush(key("aside"), member[:200])
    pipeline.ltrim(key("aside"), 0, MAX_SET_ASIDE - 1)
    pipeline.incr(key("aside_total"))
    pipeline.execute()


@reaching
def wait(queues: Sequence[str], *, seconds: float, connection: redis.Redis) -> None:
    """Block until a queue may have work, or the time is over."""
    connection.blpop([key("wake", queue) for queue in queues], timeout=seconds)


@reaching
def drop(worker: str, task_id: UUID) -> None:
    """Let go of a held id whose row needs no run."""
    client().hdel(key("held", worker), member_of(task_id))


@reaching
def held_by(worker: str) -> list[tuple[bytes, str]]:
    """Return (member, queue) of all a worker holds."""
    held = cast("dict[bytes, bytes]", client().hgetall(key("held", worker)))
    return [(member, value.partition(b"|")[0].decode("ascii", "replace")) for member, value in held.items()]


@reaching
def give_back(worker: str) -> int:
    """Put all that a dead worker held back where it was; return how many. A row that needs no run is dropped later."""
    returned = 0
    for member, queue in held_by(worker):
        if queue in QUEUES and id_of(member) is not None:
            keys = [key("held", worker), key("ready", queue), key("wake", queue)]
            returned += int(run_script(scripts.GIVE_BACK, keys=keys, args=[member]))
    client().delete(key("held", worker))
    return returned


@reaching
def holders() -> list[str]:
    """Return the names of all workers, dead or alive, that hold something."""
    start = len(key("held", ""))
    return [found.decode()[start:] for found in client().scan_iter(match=key("held", "*"), count=500)]


@reaching
def missing(task_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of the ids that Redis knows nowhere."""
    keys = [*(key("ready", queue) for queue in QUEUES), key("delayed")]
    first_held = len(keys) + 1
    keys += [key("held", worker) for worker in holders()]
    answer = run_script(scripts.MISSING, keys=keys, args=[first_held, *(member_of(task_id) for task_id in task_ids)])
    return [task_id for task_id, absent in zip(task_ids, answer, strict=True) if absent]


@reaching
def sizes() -> dict[str, int]:
    """Return how many tasks are ready in each queue."""
    pipeline = client().pipeline(transaction=False)
    for queue in QUEUES:
        pipeline.zcard(key("ready", queue))
    return dict(zip(QUEUES, pipeline.execute(), strict=True))


@reaching
def entries(queue: str, *, limit: int) -> list[bytes]:
    """Return the first entries of a queue, for `reconcile`."""
    return cast("list[bytes]", client().zrange(key("ready", queue), 0, limit - 1))


@reaching
def remove_entries(queue: str, members: Iterable[bytes]) -> None:
    client().zrem(key("ready", queue), *members)


@reaching
def announce_cancel(task_id: UUID) -> None:
    """Tell every cluster that a running task was cancelled. Lost messages are found by the lease renewal."""
    client().publish(key("control"), f"cancel:{task_id.hex}")
