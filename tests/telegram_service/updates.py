"""What happened in the chats, on its way to the bot: long polling with offsets, or a webhook."""

import asyncio
import time
from typing import Any

import aiohttp

from tests.telegram_service.faults import ApiError
from tests.telegram_service.world import Json

# As Telegram calls it when a second one polls; the first one's request ends with it.
CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
AGAIN_SECONDS = 0.3


class Updates:
    def __init__(self) -> None:
        self.waiting: list[Json] = []
        self.polls = 0
        self.conflicts = 0
        self.polled_at = 0.0
        self.allowed: list[str] | None = None
        self.url = ""
        self.secret = ""
        self.delivered: list[Json] = []  # by webhook: update_id and status
        self._next = 880_000_000
        self._changed = asyncio.Condition()
        self._poller: asyncio.Task[Any] | None = None
        self._pusher: asyncio.Task[None] | None = None

    async def add(self, kind: str, form: Json) -> int:
        self._next += 1
        async with self._changed:
            self.waiting.append({"update_id": self._next, kind: form})
            self._changed.notify_all()
        return self._next

    async def repeat(self, update: Json) -> None:
        """Send an update once more, as Telegram does when it did not hear that it was taken."""
        async with self._changed:
            self.waiting.append(update)
            self._changed.notify_all()

    async def get(self, *, offset: int, limit: int, seconds: float, allowed: list[str] | None) -> list[Json]:
        """Return what waits from `offset` on; everything before it is confirmed and gone."""
        if self.url:
            raise ApiError(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook")
        self.polls += 1
        self.polled_at = time.monotonic()
        if allowed is not None:
            self.allowed = allowed
        if self._poller is not None and not self._poller.done():
            self.conflicts += 1
            self._poller.cancel()
        self._poller = poll = asyncio.create_task(self._wait(offset, limit, seconds))
        try:
            return await poll
        except asyncio.CancelledError:
            if poll.cancelled() and self._poller is not poll:
                raise ApiError(409, CONFLICT) from None
            poll.cancel()
            raise

    async def _wait(self, offset: int, limit: int, seconds: float) -> list[Json]:
        async with self._changed:
            if offset > 0:
                self.waiting = [update for update in self.waiting if update["update_id"] >= offset]
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait_for(lambda: self.waiting)
            except TimeoutError:
                return []
            return self.waiting[:limit]

    # Webhook

    def set_webhook(self, url: str, secret: str) -> None:
        self.url, self.secret = url, secret
        if self._pusher is not None:
            self._pusher.cancel()
            self._pusher = None
        if url:
            self._pusher = asyncio.create_task(self._push())

    async def _push(self) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
            while True:
                async with self._changed:
                    await self._changed.wait_for(lambda: self.waiting)
                    update = self.waiting[0]
                try:
                    async with session.post(self.url, json=update, headers=headers) as answer:
                        status = answer.status
                except aiohttp.ClientError:
                    status = 0
                self.delivered.append({"update_id": update["update_id"], "status": status})
                if 200 <= status < 300:
                    async with self._changed:
                        self.waiting.remove(update)
                else:
                    await asyncio.sleep(AGAIN_SECONDS)
