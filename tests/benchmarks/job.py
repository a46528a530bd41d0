"""The one job every engine runs: a single Redis write that says when it started and where.

Imported by the workers of each engine, so it must not need Django.
"""

import os
import time
from functools import lru_cache

import redis

MARKS = "benchmark:marks"


@lru_cache(maxsize=2)
def _client(_pid: int) -> redis.Redis:
    # By process: a forked worker must not write to its parent's socket.
    return redis.Redis.from_url(os.environ["BENCHMARK_REDIS_URL"])


def mark(seconds: float = 0.0) -> None:
    """Say that a run has started (CLOCK_MONOTONIC is one clock for all processes), then take `seconds`."""
    _client(os.getpid()).rpush(MARKS, f"{time.monotonic():.6f} {os.getpid()}")
    if seconds:
        time.sleep(seconds)
