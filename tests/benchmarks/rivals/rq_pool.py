"""rq with a pool of two SimpleWorkers: no fork for each job, results in Redis."""

import os
import sys
from pathlib import Path

TITLE = "rq, SimpleWorker pool of 2"
NEEDS = "rq"
NOTE = "results in Redis"
BATCH = "enqueue_many"


def environment(home: Path) -> dict[str, str]:
    return {}


def worker(redis_url: str) -> list[str]:
    return [sys.executable, "-m", "rq.cli", "worker-pool", "benchmark", "-n", "2", "-w", "rq.worker.SimpleWorker",
            "-u", redis_url, "--logging-level", "WARNING"]  # fmt: skip


class Caller:
    def __init__(self) -> None:
        import redis
        from rq import Queue

        self.queue = Queue("benchmark", connection=redis.Redis.from_url(os.environ["BENCHMARK_REDIS_URL"]))

    def reset(self) -> None:
        """Nothing to do: the database of Redis has been emptied."""

    def single(self) -> None:
        self.queue.enqueue("tests.benchmarks.job.mark")

    def batch(self, count: int) -> None:
        self.queue.enqueue_many([self.queue.prepare_data("tests.benchmarks.job.mark") for _ in range(count)])

    def stored(self) -> int:
        return int(self.queue.connection.zcard(self.queue.finished_job_registry.key))

    def careful(self, seconds: float) -> None:
        from rq import Retry

        self.queue.enqueue("tests.benchmarks.job.mark", seconds, retry=Retry(max=3))

    def waiting(self) -> int:
        # Not the registry's own count, which would look for abandoned jobs and so do the worker's duty.
        return len(self.queue) + int(self.queue.connection.zcard(self.queue.started_job_registry.key))
