"""Read the answer of a service as a whole, bounded in time and size.

A read has a timeout of its own, but a service that sends a byte now and then would never run into it.
Called by the engines that speak HTTP through httpx, and by bots/guilds/who_manages.py.
"""

import time

import httpx

from jobs.engines.errors import EngineRefused, EngineUnavailable


def read_whole(answer: httpx.Response, *, engine: str, until: float, max_bytes: int) -> bytes:
    """
    Return what a streamed answer holds.

    until: by the monotonic clock. Raises EngineUnavailable when it goes on after it, EngineRefused beyond max_bytes.
    """
    data = bytearray()
    for piece in answer.iter_bytes():
        data += piece
        if time.monotonic() > until:
            raise EngineUnavailable(engine)
        if len(data) > max_bytes:
            raise EngineRefused(engine, f"its answer has more than {max_bytes} bytes")
    return bytes(data)
