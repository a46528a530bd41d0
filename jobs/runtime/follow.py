"""Lines to Redis that follow the master when it moves.

A line that breaks is made again, and asks the Sentinels anew when there are any. One that
still stands, to a master that has become a replica, is told by its answer READONLY: it is
closed and the command sent once more over a new one. Nothing else is sent twice: a command
whose answer was lost may have been done.

Called by connection.py; redis_url.channel_host() gives Channels the same.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import redis
import redis.asyncio
import redis.asyncio.connection as asyncio_lines
import redis.asyncio.retry
import redis.asyncio.sentinel as asyncio_sentinel
import redis.connection as lines
import redis.sentinel as sync_sentinel
from redis.backoff import ConstantBackoff
from redis.exceptions import MasterDownError, ReadOnlyError

from jobs.runtime.redis_url import RedisPlace

# A promotion is known to the Sentinels and the old master within a second of each other.
MOVES_AWAITED, MOVE_SECONDS = 5, 0.2
# A Sentinel that hangs costs this before the next one is asked.
SENTINEL_SECONDS = 1.0
# A subscriber only listens; without these it would wait two hours for a host that lost its power.
KEEPALIVE_SECONDS = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}


class MasterMoved(redis.ConnectionError):
    """The server is no master any more and refused the command; another one is, or will be."""


class _Follows:
    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except (ReadOnlyError, MasterDownError) as error:
            self.disconnect()  # type: ignore[attr-defined]
            raise MasterMoved from error


class _FollowsWaiting:
    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().read_response(*args, **kwargs)  # type: ignore[misc]
        except (ReadOnlyError, MasterDownError) as error:
            await self.disconnect()  # type: ignore[attr-defined]
            raise MasterMoved from error


class _Asks:
    """
    One line at a time asks the Sentinels, and hangs up.

    redis-py moves the Sentinel that answered to the head of its list; two that do so at once lose one from it.
    """

    connection_pool: Any

    def _connect_retry(self) -> None:
        if self.is_connected:  # type: ignore[attr-defined]
            return
        manager = self.connection_pool.sentinel_manager
        with vars(manager).setdefault("one_asks", threading.Lock()):
            try:
                address = self.connection_pool.get_master_address()
            finally:
                manager.close()
        # Not under the lock: what greets the server may find the line broken and connect again.
        self.connect_to(address)  # type: ignore[attr-defined]


class _AsksWaiting:
    connection_pool: Any

    async def _connect_retry(self) -> None:
        if self.is_connected:  # type: ignore[attr-defined]
            return
        manager = self.connection_pool.sentinel_manager
        async with vars(manager).setdefault("one_asks", asyncio.Lock()):
            try:
                address = await self.connection_pool.get_master_address()
            finally:
                await manager.aclose()
        await self.connect_to(address)  # type: ignore[attr-defined]


class Socket(_Follows, lines.UnixDomainSocketConnection):
    pass


class Tcp(_Follows, lines.Connection):
    pass


class Tls(_Follows, lines.SSLConnection):
    pass


# In this order: theirs would turn READONLY into an error that tells nothing apart.
class SentinelTcp(_Asks, sync_sentinel.SentinelManagedConnection, Tcp):
    pass


class SentinelTls(_Asks, sync_sentinel.SentinelManagedSSLConnection, Tls):
    pass


class WaitingSocket(_FollowsWaiting, asyncio_lines.UnixDomainSocketConnection):
    pass


class WaitingTcp(_FollowsWaiting, asyncio_lines.Connection):
    pass


class WaitingTls(_FollowsWaiting, asyncio_lines.SSLConnection):
    pass


class WaitingSentinelTcp(_AsksWaiting, asyncio_sentinel.SentinelManagedConnection, WaitingTcp):
    pass


class WaitingSentinelTls(_AsksWaiting, asyncio_sentinel.SentinelManagedSSLConnection, WaitingTls):
    pass


def _kind(place: RedisPlace, *, socket_: Any, plain: tuple[Any, Any], watched: tuple[Any, Any]) -> Any:
    if "path" in place.options:
        return socket_
    return (watched if place.sentinels else plain)[place.tls]


def _options(place: RedisPlace, timeout_seconds: float | None, connect_seconds: float) -> dict[str, Any]:
    options = {"socket_timeout": timeout_seconds, "socket_connect_timeout": connect_seconds, **place.options}
    if "path" not in options:
        options["socket_keepalive_options"] = {
            getattr(socket, name): seconds for name, seconds in KEEPALIVE_SECONDS.items() if hasattr(socket, name)
        }
    return options


def _to_sentinels(place: RedisPlace) -> dict[str, Any]:
    # Not tried ten times, as redis-py would: there are others.
    limits = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS, "retry": None}
    return {**limits, **place.sentinel_options, "ssl": place.sentinel_tls}


def _retry(kind: Callable[..., Any]) -> Any:
    return kind(ConstantBackoff(MOVE_SECONDS), MOVES_AWAITED, supported_errors=(MasterMoved,))


def pool(place: RedisPlace, *, timeout_seconds: float | None, connect_seconds: float) -> lines.ConnectionPool:
    """Return a pool for threads. timeout_seconds: of a call; None waits for ever."""
    options = _options(place, timeout_seconds, connect_seconds) | {
        "connection_class": _kind(place, socket_=Socket, plain=(Tcp, Tls), watched=(SentinelTcp, SentinelTls)),
        "retry": _retry(redis.retry.Retry),
        # A connection idle for longer is checked before it is used again.
        "health_check_interval": place.options.get("health_check_interval", 30),
    }
    if not place.sentinels:
        return lines.ConnectionPool(**options)
    watchers = list(place.sentinels)
    asked = sync_sentinel.Sentinel(watchers, sentinel_kwargs=_to_sentinels(place))  # type: ignore[no-untyped-call]
    return sync_sentinel.SentinelConnectionPool(place.master, asked, **options)  # type: ignore[no-untyped-call]


def waiting_pool(
    place: RedisPlace, *, timeout_seconds: float | None, connect_seconds: float
) -> asyncio_lines.ConnectionPool:
    """Return a pool for one event loop."""
    options = _options(place, timeout_seconds, connect_seconds) | {
        "connection_class": _kind(
            place,
            socket_=WaitingSocket,
            plain=(WaitingTcp, WaitingTls),
            watched=(WaitingSentinelTcp, WaitingSentinelTls),
        ),
        "retry": _retry(redis.asyncio.retry.Retry),
        # Else redis-py reads its own version from disk for each line: 2 ms in which the event loop stands still.
        "driver_info": None,
    }
    if not place.sentinels:
        return asyncio_lines.ConnectionPool(**options)
    watchers = list(place.sentinels)
    asked = asyncio_sentinel.Sentinel(watchers, sentinel_kwargs=_to_sentinels(place))  # type: ignore[no-untyped-call]
    return asyncio_sentinel.SentinelConnectionPool(place.master, asked, **options)  # type: ignore[no-untyped-call]


def channel_host(place: RedisPlace, *, timeout_seconds: float) -> dict[str, Any]:
    """Return what channels_redis takes as one of its `hosts`: Sentinels and the name of the master they watch."""
    return {
        **_options(place, timeout_seconds, timeout_seconds),
        "master_name": place.master,
        "sentinels": list(place.sentinels),
        "sentinel_kwargs": _to_sentinels(place),
        "connection_class": WaitingSentinelTls if place.tls else WaitingSentinelTcp,
    }
