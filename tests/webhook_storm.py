"""Many webhooks to 20 receivers, some of which hang or answer 500, through real `rqworker` processes.

Called by tests/delivery/test_storm.py with 100, and by `python -m tests.benchmarks webhooks` with 1,000.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from django.contrib.auth.models import User
from django.db import transaction

from jobs.delivery.models import Delivery, State
from jobs.delivery.outbox import prepared, store
from jobs.delivery.wishes import receiver_of
from tests.flows.house import eventually
from tests.receivers import Receiver


@dataclass
class Seen:
    """What became of a storm. lost: in no state that leads anywhere; twice: told under more than one id."""

    healthy_count: int
    healthy_seconds: float
    p95_seconds: float
    lost: int
    twice: int
    repeated: int


def wait_for_workers(client: redis.Redis, count: int) -> None:
    eventually(lambda: client.scard("rq:workers") >= count, what=f"{count} workers are there")


def blow(
    owner: User,
    healthy: Sequence[Receiver],
    sick: Sequence[Any],
    *,
    for_each: int,
    half_way: Callable[[], Any] = lambda: None,
    seconds: float = 60,
) -> Seen:
    """
    Send `for_each` webhooks to each receiver, in one transaction; return once the healthy ones have theirs.

    Their seconds run from when Redis has their ids, all in one step, to their last request.
    """
    before = {there.port: len(there.requests) for there in (*healthy, *sick)}
    # One after the other in turn, as events come.
    made = [_webhook(owner, there, number) for number in range(for_each) for there in (*sick, *healthy)]
    with transaction.atomic():
        store(made)
    began = time.monotonic()
    wanted = for_each * len(healthy)

    def told() -> int:
        return sum(len(_numbers(there, before[there.port])) for there in healthy)

    eventually(lambda: told() >= wanted // 2, what="half of them are there", seconds=seconds, every=0.01)
    half_way()
    eventually(lambda: told() >= wanted, what="the healthy have theirs", seconds=seconds, every=0.01)
    arrived = sorted(request.at - began for there in healthy for request in there.requests[before[there.port] :])
    mine = Delivery.objects.filter(pk__in=[each.pk for each in made])
    eventually(lambda: mine.filter(state=State.SENT).count() >= wanted, what="what arrived is noted", seconds=seconds)
    ids: dict[tuple[int, int], Counter[str]] = {}
    for there in (*healthy, *sick):
        for request in there.requests[before[there.port] :]:
            number = json.loads(request.body)["data"]["number"]
            ids.setdefault((there.port, number), Counter())[request.id] += 1
    return Seen(
        healthy_count=wanted,
        healthy_seconds=arrived[-1],
        p95_seconds=arrived[int(0.95 * len(arrived)) - 1],
        lost=len(made) - mine.filter(state__in=[State.SENT, State.WAITING, State.SENDING]).count(),
        twice=sum(len(each) > 1 for each in ids.values()),
        repeated=sum(each.total() - 1 for key, each in ids.items() if key[0] in {there.port for there in healthy}),
    )


def _numbers(there: Receiver, first: int) -> set[str]:
    return {request.id for request in there.requests[first:]}


def _webhook(owner: User, there: Receiver, number: int) -> Delivery:
    return prepared(
        "webhook",
        task_id=None,
        owner_id=owner.pk,
        target={"url": there.url},
        payload={"type": "webhook.test", "data": {"number": number}},
        key=f"storm:{there.port}:{number}:{time.time_ns()}",
        receiver=receiver_of(owner.pk, there.url),
    )
