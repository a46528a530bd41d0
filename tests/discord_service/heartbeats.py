"""End the threads of discord.py's heartbeats: nobody waits for them, and a closed loop would be an error of theirs."""

import asyncio
import threading

from discord.gateway import KeepAliveHandler


def end_heartbeats(loop: asyncio.AbstractEventLoop, *, within_seconds: float = 10.0) -> None:
    """Stop those of `loop`, which must still run, from another thread."""
    for thread in threading.enumerate():
        if isinstance(thread, KeepAliveHandler) and thread.ws.loop is loop:
            thread.stop()
            thread.join(within_seconds)
