"""The Redis side of the queue: ids that are ready, delayed, or held by a worker.

Nothing here is a source of truth. Everything can be lost and is rebuilt from the rows
(sweep.py). Only ids cross Redis, each with an HMAC, so that nobody who can write to
Redis can make a worker run what was never accepted.
"""

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, wraps
from itertools import groupby
from typing import Any, ParamSpec, Protocol, TypeVar, cast
from uuid import UUID

import redis
from django.conf import settings

from jobs.runtime import queue_scripts as scripts
from jobs.runtime.connection import client, key, sending_client
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.identity import age_seconds
from jobs.runtime.limits import text_of
from jobs.runtime.models import Task
from jobs.runtime.models.task import WAITING
from jobs.runtime.registry import QUEUES

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# One script run holds up every other client of Redis for some 2 ms.
SEND_BATCH = 500
# Tasks whose limit is reached that one look for work passes over; the next look goes on behind them.
MAX_PASSED_OVER = 200
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
def script_of(source: str) -> redis.commands.core.Script:
    # Bound to no connection here; redis-py loads it again when a restarted server forgot it.
    return redis.Redis().register_script(source)


def run_script(source: str, *, keys: Sequence[str], args: Sequence[Any]) -> Any:
    return script_of(source)(keys=keys, args=args, client=client())


class RunScript(Protocol):
    """How a script is run: by the client of the process, or by a worker's own line."""

    def __call__(self, source: str, *, keys: Sequence[str], args: Sequence[Any]) -> Any: ...


def member_of(task_id: UUID) -> str:
    """Return the queue entry of a task: its id and a keyed hash over it (128 bits of HMAC-SHA256)."""
    text = task_id.hex
    return f"{text}.{_seal(text)}"


def _seal(text: str) -> str:
    return hmac.digest(_seal_key(settings.SECRET_KEY), text.encode(), "sha256").hex()[:32]


@lru_cache(maxsize=2)
def _seal_key(secret: str) -> bytes:
    # The queue's own key, as django.utils.crypto.salted_hmac derives one; made once, not for every id.
    return hashlib.sha256(b"koebako.queue" + secret.encode()).digest()


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


def send(task: Task, *, run: RunScript = run_script) -> int | None:
    """Put a waiting task into its queue (again does no harm); return its place, None for a delayed one."""
    return send_all([task], run=run)[0]


@reaching
def send_all(tasks: Sequence[Task], *, run: RunScript = run_script) -> list[int | None]:
    """Put waiting tasks into their queues, in this order, in one step for each SEND_BATCH; return their places."""
    ready = [task for task in tasks if task.not_before is None]
    for task in tasks:
        if task.not_before is not None:
            delay(task.pk, until=task.not_before)
    ranks: dict[UUID, int | None] = {}
    for start in range(0, len(ready), SEND_BATCH):
        batch = ready[start : start + SEND_BATCH]
        args: list[Any] = []
        for place, alike in groupby(batch, lambda one: (one.queue, int(one.priority), one.order_key, text_of(one))):
            members = [member_of(task.id) for task in alike]
            args += [len(members), *place, *members]
        ranks |= zip((task.id for task in batch), run(scripts.SEND, keys=[], args=args), strict=True)
    return [ranks.get(task.id) for task in tasks]


@reaching
def delay(task_id: UUID, *, until: datetime) -> None:
    """Keep a task out of its queue until then; the keeper of any cluster moves it when it is due."""
    sending_client().zadd(key("delayed"), {member_of(task_id): until.timestamp() * 1000})


@reaching
def due(*, now: datetime, limit: int = 500) -> list[bytes]:
    """Return the delayed entries whose time has come."""
    found = client().zrangebyscore(key("delayed"), "-inf", now.timestamp() * 1000, start=0, num=limit)
    return cast("list[bytes]", found)


@reaching
def withdraw(task: Task) -> None:
    """Take a task out of its queue, wherever it waits."""
    run_script(scripts.WITHDRAW, keys=[], args=[member_of(task.pk), task.queue, text_of(task)])


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
    return cast("int | None", run_script(scripts.RANK, keys=[], args=[member_of(task.pk), task.queue]))


@dataclass(frozen=True)
class Held:
    """An id that a worker has taken and not let go of yet, with the limits it counts against."""

    task_id: UUID
    limits: str = ""


@reaching
def take(
    worker: str, queues: Sequence[str], *, done: Sequence[Held] = (), most: int = 1, run: RunScript = run_script
) -> list[Held]:
    """
    Take the next ids for `worker` from the first of `queues` that has one; each is held until `done` names it.

    most: how many at once; fewer when few wait. What is no entry of ours is set aside, counted, and the
    next one is tried.
    """
    finished = [word for each in done for word in (member_of(each.task_id), each.limits)]
    keys, args = [key("held", worker)], [len(done), *finished, most, MAX_PASSED_OVER, *queues]
    while True:
        answer = run(scripts.TAKE, keys=keys, args=args)
        if answer is None:
            return []
        ids = [(id_of(member), member, limits) for member, limits in zip(answer[::2], answer[1::2], strict=True)]
        for foreign in [member for task_id, member, _limits in ids if task_id is None]:
            set_aside(worker, foreign)
        known = [Held(task_id, limits.decode("ascii", "replace")) for task_id, _member, limits in ids if task_id]
        if known:
            return known
        args = [0, most, MAX_PASSED_OVER, *queues]


def set_aside(worker: str, member: bytes) -> None:
    client().hdel(key("held", worker), member)
    count_aside([member])


def count_aside(members: Sequence[bytes]) -> None:
    """Keep the beginnings of foreign entries for a look, and count them."""
    logger.warning("foreign queue entries set aside", extra={"entries": len(members), "bytes": sum(map(len, members))})
    pipeline = client().pipeline(transaction=False)
    pipeline.lpush(key("aside"), *(member[:200] for member in members))
    pipeline.ltrim(key("aside"), 0, MAX_SET_ASIDE - 1)
    pipeline.incrby(key("aside_total"), len(members))
    # Whoever spoiled these keys too must not stop the work: the sweep moves them aside.
    pipeline.execute(raise_on_error=False)


@reaching
def drop(worker: str, held: Held) -> None:
    """Let go of a held id: its row needs no run, or has been run."""
    run_script(scripts.DROP, keys=[key("held", worker)], args=[member_of(held.task_id), held.limits])


@reaching
def put_back(worker: str, held: Held) -> None:
    """Put an id that a living worker will not run after all back where it was."""
    run_script(scripts.GIVE_BACK, keys=[key("held", worker)], args=[member_of(held.task_id)])


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
            returned += int(run_script(scripts.GIVE_BACK, keys=[key("held", worker)], args=[member, queue]))
    client().delete(key("held", worker))
    return returned


@reaching
def holders() -> list[str]:
    """Return the names of all workers, dead or alive, that hold something."""
    start = len(key("held", ""))
    found = client().scan_iter(match=key("held", "*"), count=500)
    # A name that is no text is nobody's; the sweep moves it aside.
    return [name[start:] for raw in found if "\ufffd" not in (name := raw.decode("utf-8", "replace"))]


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
def backlog() -> tuple[float | None, int]:
    """Return how old, in seconds, the first of what may run now is, and how many wait."""
    paused = {name.decode("utf-8", "replace") for name in cast("set[bytes]", client().smembers(key("paused")))}
    ages, waiting = [], 0
    for queue in QUEUES:
        if queue not in paused and (first := entries(queue, limit=1)):
            waiting += client().zcard(key("ready", queue))
            ages += [age_seconds(task_id) for task_id in map(id_of, first) if task_id is not None]
    return max(ages, default=None), waiting


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
