"""The sounds of all guilds, read over lines to Redis that are kept.

A line of its own for each clip cost 1.3 ms of the event loop to draw, as much as all that is done with the clip: when a
hundred guilds began to speak together, the loop stood for a tenth of a second. A kept line costs a sixth of it, and
only a few clips are begun, or taken apart into packets, in one turn of the loop.

Called by rooms.py; one instance for the process.
"""

from collections.abc import AsyncIterator
from uuid import UUID

import redis.asyncio

from bots.discord.turns import Turns
from jobs.runtime import parts
from jobs.runtime.connection import waiting_client

# Of a millisecond each: a line is drawn, or some seconds of sound are taken apart.
PIECES_IN_ONE_TURN = 4


class Clips:
    def __init__(self) -> None:
        self._turns = Turns(PIECES_IN_ONE_TURN)
        self._lines: redis.asyncio.Redis | None = None

    async def read(self, task_id: UUID, *, is_new: bool) -> AsyncIterator[bytes]:
        """Yield the pieces of a task's sound, as parts.read() does; raises what it raises."""
        await self._turns.mine()
        if self._lines is None:
            self._lines = waiting_client()
        async for piece in parts.read(task_id, is_new=is_new, over=self._lines):
            await self._turns.mine()
            yield piece

    async def close(self) -> None:
        """Give the lines back; readers that are left find them drawn anew."""
        lines, self._lines = self._lines, None
        if lines is not None:
            await lines.aclose()
