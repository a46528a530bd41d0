"""Many sockets at once: they open, stay, hear, leave and come back together."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.load.lines import Web

FINAL = {"success", "failure", "cancelled"}
# Connections that are opened at the same moment, beyond which loopback's own queue is what is measured.
AT_ONCE = 300


@dataclass(frozen=True)
class Return:
    """
    How it went for one who came back: seconds from its first knock until it saw the end; None: never saw it.

    status: the last that it was told. reason: why it saw no end.
    """

    seconds: float | None
    status: str
    reason: str = ""


class Crowd:
    """Watchers of tasks, one socket each, by one person's token."""

    def __init__(self, web: Web, tasks: Sequence[str], *, secret: str) -> None:
        self._web = web
        self._tasks = tasks
        self._secret = secret
        self._sockets: list[ClientConnection] = []

    async def come(self) -> list[str]:
        """Open all of them; return the status that each was told first."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(task: str) -> tuple[ClientConnection, str]:
            async with gate:
                return await self._open(task)

        opened = await asyncio.gather(*[one(task) for task in self._tasks])
        self._sockets = [socket for socket, _status in opened]
        return [status for _socket, status in opened]

    async def leave(self) -> None:
        """All at once, as behind a router that restarts: without a word."""
        for socket in self._sockets:
            socket.transport.abort()
        await asyncio.gather(*[socket.wait_closed() for socket in self._sockets])
        self._sockets = []

    async def come_back(self, *, per_second: float, within_seconds: float) -> list[Return]:
        """Knock again, `per_second` of them, and wait for the end of each one's task."""
        began = time.monotonic()

        async def one(number: int, task: str) -> Return:
            await asyncio.sleep(max(0.0, number / per_second - (time.monotonic() - began)))
            knocked, status = time.monotonic(), ""
            try:
                async with asyncio.timeout(within_seconds), AsyncExitStack() as ending:
                    socket, status = await self._open(task)
                    ending.push_async_callback(socket.close)
                    while status not in FINAL:
                        status = json.loads(await socket.recv())["status"]
                return Return(time.monotonic() - knocked, status)
            except (TimeoutError, OSError, ConnectionClosed) as error:
                return Return(None, status, f"{type(error).__name__}: {error}")

        return await asyncio.gather(*[one(number, task) for number, task in enumerate(self._tasks)])

    async def _open(self, task: str) -> tuple[ClientConnection, str]:
        address = f"ws://127.0.0.1:{self._web.port}/api/v1/tasks/ws/task/{task}"
        socket = await connect(address, open_timeout=30, ping_interval=None, close_timeout=1, compression=None)
        await socket.send(json.dumps({"token": self._secret}))
        return socket, json.loads(await socket.recv())["status"]
