"""Share out the event loop: so many pieces of work in one turn of it, in the order they came.

A hundred guilds may begin to speak in one moment. Each of them costs a millisecond, and together they would keep the
loop, and with it everybody's commands and heartbeats, for a tenth of a second. Between two turns the loop looks at its
sockets and the pacer's thread gets the interpreter.

Called by client.py for messages, clips.py for sounds.
"""

import asyncio
from collections import deque


class Turns:
    """
    at_once: pieces in one turn of the loop.

        await turns.mine()  # then up to some milliseconds of work without a wait
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_open = False

    async def mine(self) -> None:
        """Return when it is the caller's turn; it costs one turn of the loop when nobody else waits."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._is_open:
            self._is_open = True
            loop.call_soon(self._next)
        await turn

    def _next(self) -> None:
        left = self._at_once
        while self._waiting and left:
            turn = self._waiting.popleft()
            # Whoever was cancelled while they waited takes nobody's place.
            if not turn.done():
                turn.set_result(None)
                left -= 1
        self._is_open = bool(self._waiting)
        if self._is_open:
            # After those who were just let in: futures call back in the next turn, in order.
            asyncio.get_running_loop().call_soon(self._next)
