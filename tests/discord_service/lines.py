"""An event loop that is closed when its lines are, and not before.

A line over TLS, as a bot's to the voice server, says good-bye and waits to hear it; aiohttp does not wait for that. A
loop closed in between leaves the socket open, and the collector complains of it in the middle of some later test.
"""

import asyncio
from asyncio.trsock import TransportSocket
from typing import Any

# asyncio itself cuts a line over TLS that hears no good-bye for half of it.
HANGING_UP_SECONDS = 60.0


class Loop(asyncio.SelectorEventLoop):
    """Knows the lines that were drawn in it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[asyncio.BaseTransport, TransportSocket]] = []

    async def create_connection(self, *given: Any, **named: Any) -> Any:
        line, protocol = await super().create_connection(*given, **named)
        self._lines.append((line, line.get_extra_info("socket")))
        return line, protocol

    async def hung_up(self) -> None:
        """Wait until the lines that are being closed are closed. One that nobody closes is not waited for."""
        await hung_up(*(socket for line, socket in self._lines if line.is_closing()))


async def hung_up(*sockets: TransportSocket) -> None:
    """Wait until these are closed, which somebody has asked for."""
    async with asyncio.timeout(HANGING_UP_SECONDS):
        while any(socket.fileno() != -1 for socket in sockets):
            # The other side decides when; asyncio tells nobody but the library that drew the line.
            await asyncio.sleep(0.005)
