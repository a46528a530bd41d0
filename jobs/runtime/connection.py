"""Connections to Redis: one pool a process for calls, with a timeout on each of them.

Every line to Redis that the house draws is drawn here, but for Channels', whose options
settings.py takes from follow.channel_host(). All of them follow the master of Sentinels.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from jobs.runtime import follow, redis_url
from jobs.runtime.errors import QueueUnreachable

PREFIX = "koebako"
# A Redis that is well answers in a thousandth of it.
BRIEF_SECONDS = 0.5
# Of what is sent again by the sweep anyway, while somebody waits for an answer that does not need it.
SENDING_SECONDS = 1.0


def key(*parts: str) -> str:
    """Return a Redis key of ours: `koebako:ready:bulk`."""
    return ":".join((PREFIX, *parts))


@lru_cache(maxsize=4)
def _client(url: str, _pid: int, timeout: float) -> redis.Redis:
    pool = follow.pool(redis_url.read(url), timeout_seconds=timeout, connect_seconds=timeout)
    return redis.Redis.from_pool(pool)


def client() -> redis.Redis:
    """Return this process's client, safe for threads. Raises QueueUnreachable when no Redis is configured."""
    # The process id keeps a forked child from sharing its parent's sockets.
    return _client(_url(), os.getpid(), settings.REDIS_TIMEOUT_SECONDS)


def brief_client() -> redis.Redis:
    """Return a client like client(), for what a request is better off without than late: half a second a call."""
    return _client(_url(), os.getpid(), BRIEF_SECONDS)


def sending_client() -> redis.Redis:
    """Return a client like client(), for an id whose row is committed: a second a call, or less where less is set."""
    return _client(_url(), os.getpid(), min(SENDING_SECONDS, settings.REDIS_TIMEOUT_SECONDS))


def blocking_client() -> redis.Redis:
    """Return a client of its own for rq's loop, which waits for work in one command and sets how long itself."""
    pool = follow.pool(redis_url.read(_url()), timeout_seconds=None, connect_seconds=settings.REDIS_TIMEOUT_SECONDS)
    return redis.Redis.from_pool(pool)


def waiting_client() -> redis.asyncio.Redis:
    """Return an asyncio client of its own, for a reader that blocks; close it with `aclose()`."""
    timeout = settings.REDIS_TIMEOUT_SECONDS
    pool = follow.waiting_pool(redis_url.read(_url()), timeout_seconds=timeout, connect_seconds=timeout)
    return redis.asyncio.Redis.from_pool(pool)


def leave_if_cancelled() -> None:
    """Raise CancelledError when this task was cancelled: redis-py swallows one that comes while it connects."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@contextmanager
def subscription(*channels: str) -> Iterator[Any]:
    """
    Hold a subscription on a line of its own, for a thread that listens.

    No timeout on its socket: `get_message()` takes one. When it raises a RedisError, take a new subscription.
    """
    place = redis_url.read(_url())
    pool = follow.pool(place, timeout_seconds=None, connect_seconds=settings.REDIS_TIMEOUT_SECONDS)
    with redis.Redis.from_pool(pool) as listener, listener.pubsub() as heard:
        heard.subscribe(*channels)
        yield heard


def _url() -> str:
    if not settings.REDIS_URL:
        raise QueueUnreachable
    return str(settings.REDIS_URL)
