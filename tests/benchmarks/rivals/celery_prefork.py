"""Celery with two prefork processes and its results in Redis."""

import os
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.job import mark as job

TITLE = "Celery, prefork 2, results in Redis"
NEEDS = "celery"
NOTE = "results in Redis"
BATCH = "loop"
# The shortest that outlasts the benchmark's longer job many times over; an hour by default.
VISIBILITY_SECONDS = 10


def environment(home: Path) -> dict[str, str]:
    return {}


def worker(redis_url: str) -> list[str]:
    options = "--pool prefork --concurrency 2 --loglevel ERROR --without-gossip --without-mingle"
    return [sys.executable, "-m", "celery", "-A", "tests.benchmarks.rivals.celery_prefork", "worker", *options.split()]


def _app() -> Any:
    from celery import Celery

    url = os.environ["BENCHMARK_REDIS_URL"]
    app = Celery("benchmark", broker=url, backend=url)
    app.conf.broker_transport_options = {"visibility_timeout": VISIBILITY_SECONDS}
    app.conf.broker_connection_retry_on_startup = True
    app.conf.worker_hijack_root_logger = False
    return app


class Caller:
    def __init__(self) -> None:
        self.ids: list[str] = []
        self.client = app.backend.client

    def reset(self) -> None:
        self.ids = []

    def single(self) -> None:
        self.ids.append(mark.delay().id)

    def batch(self, count: int) -> None:
        with app.producer_pool.acquire() as producer:
            self.ids += [mark.apply_async(producer=producer).id for _ in range(count)]

    def stored(self) -> int:
        return int(self.client.exists(*[app.backend.get_key_for_task(name) for name in self.ids]))

    def careful(self, seconds: float) -> None:
        self.ids.append(careful_mark.delay(seconds).id)

    def waiting(self) -> int:
        return int(self.client.llen("celery")) + int(self.client.hlen("unacked"))


if os.environ.get("BENCHMARK_ENGINE") == "celery_prefork":
    app = _app()

    @app.task(name="mark")
    def mark() -> None:
        job()

    @app.task(name="careful_mark", acks_late=True, reject_on_worker_lost=True)
    def careful_mark(seconds: float) -> None:
        job(seconds)
