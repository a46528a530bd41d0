# ruff: noqa: F401, F811 - fixtures of the deliveries are imported, then asked for by name

"""S1: whoever writes to Redis runs nothing and ends nobody, by rq's keys and the live layer neither.

The house's own queues: tests/runtime/test_hostile_redis.py, and a whole house: tests/flows/test_hostile_redis.py.
"""

import asyncio
import json
import os
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgpack
import pytest
import redis
from channels.layers import get_channel_layer
from django.conf import settings as house
from django.contrib.auth.models import User
from django.core import signing

from jobs.delivery import queue, rq_worker
from jobs.delivery.models import Delivery, State
from jobs.live import groups, watch
from jobs.runtime import clock
from jobs.runtime.queue import member_of
from tests.delivery.conftest import _not_in_production, receiver, send_due
from tests.security.table import Table

pytestmark = pytest.mark.django_db(transaction=True)


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.canary}",)


def hostile(canary: Path) -> dict[str, bytes]:
    """Return twenty things that are none of ours, by name."""
    bomb, key = pickle.dumps(Bomb(canary)), house.SECRET_KEY
    call = {"func": "os.system", "args": [f"touch {canary}"]}
    yaml = f"!!python/object/apply:os.system ['touch {canary}']"
    return {
        "empty": b"", "pickle": bomb, "pickle 0": pickle.dumps(Bomb(canary), protocol=0),
        "packed pickle": zlib.compress(bomb),
        "signed pickle": signing.dumps(bomb.hex()).encode(),
        "signed with our key": signing.Signer(key=key).sign(bomb.hex()).encode(),
        "django-q2": signing.dumps(call, key=key, salt="koebako").encode(), "yaml": yaml.encode(),
        "json": json.dumps(call).encode(),
        "rq's json": json.dumps(["os.system", None, [f"touch {canary}"], {}]).encode(), "deep json": b"[" * 100_000,
        "deep object": b'{"a":' * 50_000, "huge": b"A" * 1_000_000, "no text": b"\xff\xfe\x00" * 50, "nul": b"\x00",
        "one of the tasks'": member_of(UUID(int=7)).encode(), "an id": str(uuid4()).encode(),
        "path": b"../../etc/passwd",
        "template": b"{{ 7*7 }}${7*7}", "old version": json.dumps({"v": 0, "id": str(uuid4()),
        "data": bomb.hex()}).encode(),
        "msgpack": msgpack.packb({"__reduce__": ["os.system", [f"touch {canary}"]]}), "sql": b"1; DROP TABLE jobs_task",
    }  # fmt: skip


@pytest.fixture
def junk(tmp_path: Path) -> Any:
    canary = tmp_path / "canary"
    yield hostile(canary)
    assert not canary.exists()


def waiting(owner: User, url: str) -> Delivery:
    now = clock.now()
    return Delivery.objects.create(
        kind="webhook", owner=owner, key=uuid4().hex, target={"url": url}, receiver=f"webhook:{owner.pk}:x",
        next_at=now,
        payload={"type": "webhook.test", "timestamp": "x", "data": {}}, created_at=now,
    )  # fmt: skip


def job_of(body: bytes) -> dict[str, Any]:
    """Return a job as rq keeps it, with `body` in the place of everything that is ever taken apart."""
    return {
        "data": body, "origin": b"deliveries", "status": b"queued", "created_at": b"2026-01-01T00:00:00.000000Z",
        "meta": body,
        "exc_info": body, "callback_name": body, "success_callback_name": body, "failure_callback_name": body,
        "timeout": b"30",
        "enqueued_at": b"2026-01-01T00:00:00.000000Z", "serializer": body, "on_success": body, "webhook": body,
    }  # fmt: skip


def test_five_hundred_foreign_jobs_run_nothing_and_hold_nothing_up(
    junk: dict[str, bytes], valkey: redis.Redis, owner: User, receiver: Callable[..., Any], send_due: Callable[[], None]
) -> None:
    table, there, deliveries = Table(), receiver(), queue.deliveries(valkey)
    names = []
    for turn in range(23):
        for name, body in junk.items():
            job = body if turn % 2 else f"{turn}:{name}".encode()
            valkey.rpush(deliveries.key, job)
            names.append(job)
            if turn % 3 != 1:
                valkey.hset(deliveries.job_class.key_for(job.decode("latin-1")[:200]), mapping=job_of(body))
    made = waiting(owner, there.url)

    send_due()

    made.refresh_from_db()
    table.cell("what waited", made.state, State.SENT)
    table.cell("the receiver was told", [request.id for request in there.requests], [f"msg_{made.pk.hex}"])
    table.cell("left in the queue", valkey.llen(deliveries.key), 0)
    table.cell("left on the way", valkey.llen(deliveries.intermediate_queue_key), 0)
    assert len(names) >= 500
    table.check(at_least=4)


def test_no_command_of_rqs_is_listened_to(valkey: redis.Redis, send_due: Callable[[], None]) -> None:
    worker = rq_worker.DeliveryWorker(rq_worker.Crew(worker="here", max_lanes=1))

    worker.subscribe()
    valkey.set(worker.work_queue.key.rpartition("queue:")[0] + "suspended", 1)
    worker.check_for_suspension(burst=False)

    assert valkey.pubsub_numsub(worker.pubsub_channel_name) == [(worker.pubsub_channel_name.encode(), 0)]
    for command in ("shutdown", "kill-horse", "stop-job"):
        assert valkey.publish(worker.pubsub_channel_name, json.dumps({"command": command})) == 0


# --- The live layer -----------------------------------------------------------------


def foreign_messages(junk: dict[str, bytes]) -> list[bytes]:
    """Return what no serializer takes apart, and what one does and nobody of ours said."""
    ours = {"type": groups.MESSAGE_TYPE}
    odd: list[Any] = [
        None, 1, "x", [], {}, ours, {**ours, "event": None}, {**ours, "event": []}, {**ours, "event": {}},
        {**ours, "event": {"task_id": 1, "version": 2, "status": "x"}}, {**ours, "event": {"task_id": "x",
        "version": "x"}},
        {**ours, "event": {"task_id": "x", "version": 1, "status": b"\xff"}}, {"type": "os.system", "event": "touch"},
        {**ours, "event": {"task_id": "x", "version": 1, "status": "x", "more": b"\xff"}}, {b"type": b"live.event"},
        {**ours, "event": {"task_id": "x", "version": 1, "status": "x", 7: 7}}, {"type": "websocket.close"},
        {"type": "websocket.disconnect", "code": 1000}, [ours] * 50, {"event": {"task_id": "x"}},
    ]  # fmt: skip
    return [*junk.values(), *(msgpack.packb(each) for each in odd)]


async def test_what_somebody_else_says_in_the_live_layer_silences_nobody(
    junk: dict[str, bytes], valkey: redis.Redis
) -> None:
    layer: Any = get_channel_layer()
    group = groups.of_task(uuid4())
    messages = foreign_messages(junk)
    async with watch.listening(group) as inbox:
        [channel] = [name for name in valkey.pubsub_channels() if b"group" in name or b"task." in name]
        for message in messages:
            await asyncio.to_thread(valkey.publish, channel, message)
        ours = {"task_id": "mine", "version": 1, "status": "pending"}
        await layer.group_send(group, {"type": groups.MESSAGE_TYPE, "event": ours})

        assert await inbox.wait(60)
        await asyncio.sleep(0)
        heard = inbox.take(500)

    assert heard == [ours]
    assert len(messages) >= 40
