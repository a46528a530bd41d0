"""Connections to Redis: one pool a process for calls, with a timeout on each of them."""

import os
from functools import lru_cache

import redis
import redis.asyncio
from django.conf import settings

from jobs.runtime.errors import QueueUnreachable

PREFIX = "koebako"


def key(*parts: str) -> str:
    """Return a Redis key of ours: `koebako:ready:bulk`."""
    return ":".join((PREFIX, *parts))


@lru_cache(maxsize=4)
def _client(url: str, _pid: int) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
        # A connection idle for longer is checked before it is used again.
        health_check_interval=30,
    )


def client() -> redis.Redis:
    """Return this process's client, safe for threads. Raises QueueUnreachable when no Redis is configured."""
    if not settings.REDIS_URL:
        raise QueueUnreachable
    # The process id keeps a forked child from sharing its parent's sockets.
    return _client(settings.REDIS_URL, os.getpid())


def waiting_client() -> redis.asyncio.Redis:
    """Return an asyncio client of its own, for a reader that blocks; close it with `aclose()`."""
    if not settings.REDIS_URL:
        raise QueueUnreachable
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
        socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
    )
