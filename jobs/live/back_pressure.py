"""Let an answer wait for its reader, and leave a reader who does not read.

daphne hands on whatever the house says at once, and Twisted keeps it in memory until the reader has taken it
(django/daphne #170): ten readers of a file of 100 MB who never read are a gigabyte. Here saying more waits while
MAX_WAITING_BYTES wait for a reader, so that a file is read piece by piece as it is taken; and who takes less than that
in PATIENCE_SECONDS is cut off. What the kernel holds for a connection, some MB, is its own and comes before ours.

It works on a plain connection, such as a proxy's; where daphne itself speaks TLS nothing is known of what waits.

install() is called once, by urls.py; tests/load/test_slow_readers.py holds it to the names of daphne and Twisted.
"""

import asyncio
import logging
from typing import Any

from daphne.server import Server

logger = logging.getLogger(__name__)

# A piece of a file (jobs/api/serving.py) goes out whole; a message of a socket has 500 bytes.
MAX_WAITING_BYTES = 262_144
# 9 kB a second: half of what the slowest phone line carries, and a quarter of what a flood of messages needs.
PATIENCE_SECONDS = 30.0
# Between two looks, the first and the longest; a reader who keeps up is never waited for.
_LOOK_SECONDS = (0.005, 0.25)

_hand_on = Server.handle_reply


def install() -> None:
    Server.handle_reply = _hand_on_and_wait


async def _hand_on_and_wait(server: Any, protocol: Any, message: dict[str, Any]) -> None:
    await _hand_on(server, protocol, message)
    transport = _transport(protocol)
    if transport is None or waiting_bytes(transport) <= MAX_WAITING_BYTES:
        return
    clock = asyncio.get_running_loop().time
    until, pause = clock() + PATIENCE_SECONDS, _LOOK_SECONDS[0]
    while waiting_bytes(transport) > MAX_WAITING_BYTES:
        if clock() >= until:
            logger.info("a reader who does not read was left", extra={"waiting_bytes": waiting_bytes(transport)})
            transport.abortConnection()
            return
        # Twisted has a word for it, but only to one listener, which is its own.
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LOOK_SECONDS[1])


def _transport(protocol: Any) -> Any:
    """Return the connection of a request or a socket, None when it has ended."""
    channel = getattr(protocol, "channel", None)
    transport = getattr(protocol if channel is None else channel, "transport", None)
    return transport if hasattr(transport, "_tempDataLen") else None


def waiting_bytes(transport: Any) -> int:
    """Return what Twisted holds for the reader; nothing of a connection that has ended."""
    if transport.disconnected:
        return 0
    return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)
