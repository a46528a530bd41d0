"""Dramatiq with two processes of eight threads. It keeps no result: it is the ceiling without a record."""

import os
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.job import mark as job

TITLE = "Dramatiq, 2 x 8 threads"
NEEDS = "dramatiq"
NOTE = "keeps no result: counted when the last job's message is acknowledged"
BATCH = "loop"
# A minute by default; the message of a dead process waits for it.
HEARTBEAT_MS = 10_000
# Of a million commands, how many look for dead processes' messages; 1,000 by default, too few to be seen here.
MAINTENANCE_CHANCE = 50_000


def environment(home: Path) -> dict[str, str]:
    return {}


def worker(redis_url: str) -> list[str]:
    return [sys.executable, "-m", "dramatiq", "tests.benchmarks.rivals.dramatiq_threads", "--processes", "2",
            "--threads", "8", "--worker-shutdown-timeout", "5000"]  # fmt: skip


def _broker() -> Any:
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(
        url=os.environ["BENCHMARK_REDIS_URL"],
        heartbeat_timeout=HEARTBEAT_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
    )
    dramatiq.set_broker(broker)
    return broker


class Caller:
    def __init__(self) -> None:
        self.given = 0

    def reset(self) -> None:
        self.given = 0

    def single(self) -> None:
        mark.send()
        self.given += 1

    def batch(self, count: int) -> None:
        for _ in range(count):
            self.single()

    def stored(self) -> int:
        # A message is in the queue's hash from `send` until it is acknowledged.
        return self.given - self.waiting()

    def careful(self, seconds: float) -> None:
        mark.send(seconds)
        self.given += 1

    def waiting(self) -> int:
        return int(broker.client.hlen("dramatiq:default.msgs"))


if os.environ.get("BENCHMARK_ENGINE") == "dramatiq_threads":
    import dramatiq

    broker = _broker()

    @dramatiq.actor(actor_name="mark", time_limit=60_000)
    def mark(seconds: float = 0.0) -> None:
        job(seconds)
