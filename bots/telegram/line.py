"""One line to Telegram for all threads of a process: an event loop of its own, with a bot whose connections stay open.

A new connection for each call would cost a handshake, and reading the certificates, each time.

Called by sender.py.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import telegram
from django.conf import settings

from bots.telegram import wire
from bots.telegram.errors import Unreachable

T = TypeVar("T")

# A whole action: an upload, or an edit and some texts; the delivery's own time ends soon after.
ACTION_SECONDS = 28.0


class _Line:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._bot: telegram.Bot | None = None
        self._is_open = threading.Event()
        threading.Thread(target=self._serve, name="telegram", daemon=True).start()
        self._is_open.wait()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._hold())

    async def _hold(self) -> None:
        async with wire.connected() as self._bot:
            self._is_open.set()
            await asyncio.Event().wait()

    def run(self, action: Callable[[telegram.Bot], Awaitable[T]]) -> T:
        async def bounded() -> T:
            assert self._bot is not None  # noqa: S101 - opened in __init__
            async with asyncio.timeout(ACTION_SECONDS):
                return await action(self._bot)

        return asyncio.run_coroutine_threadsafe(bounded(), self._loop).result()


_lines: dict[tuple[int, str, str], _Line] = {}
_opening = threading.Lock()


def run(action: Callable[[telegram.Bot], Awaitable[T]]) -> T:
    """Return what `action` returns. Raises what it raises, and Unreachable after ACTION_SECONDS."""
    # Of this process: a fork has the parent's line, but not its thread.
    name = (os.getpid(), settings.TELEGRAM_TOKEN, wire.api_base())
    with _opening:
        if name not in _lines:
            _lines[name] = _Line()
    try:
        return _lines[name].run(action)
    except TimeoutError as error:
        raise Unreachable("too slow") from error
