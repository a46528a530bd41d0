"""Hear what other processes changed: facts that are old, announcements that wait, guilds that were erased.

The counterpart of bots/guilds/changes.py. Messages that were lost while Redis was away are
made up for: after each new connection everything is taken for changed.
"""

import asyncio
import json
import logging
from typing import Any, Protocol

import redis

from bots.guilds.changes import CHANNEL
from jobs.runtime.connection import leave_if_cancelled, waiting_client
from jobs.runtime.errors import QueueUnreachable

logger = logging.getLogger(__name__)

# Between two tries to reach a Redis that is away.
AGAIN_SECONDS = 0.5
# A connection that says nothing for so long is asked whether it is there.
QUIET_SECONDS = 2.0


class Hears(Protocol):
    """Who is told. Guilds by id, members as `platform:id`."""

    def guild_changed(self, guild_id: int) -> None: ...
    def member_changed(self, member: str) -> None: ...
    def something_to_say(self, guild_id: int | None) -> None:
        """None: in any guild."""
        ...

    def guild_erased(self, guild_id: int) -> None: ...
    def everything_changed(self) -> None: ...


class Listener:
    """is_well: Redis answers, as far as is known."""

    def __init__(self, hears: Hears) -> None:
        self._hears = hears
        self.is_well = False

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except (redis.RedisError, QueueUnreachable, OSError) as error:
                if self.is_well:
                    logger.warning("no word from Redis", extra={"reason": type(error).__name__})
                self.is_well = False
                leave_if_cancelled()
                await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self) -> None:
        connection = waiting_client()
        try:
            async with connection.pubsub() as heard:
                await heard.subscribe(CHANNEL)
                self.is_well = True
                self._hears.everything_changed()
                self._hears.something_to_say(None)
                while True:
                    message = await heard.get_message(ignore_subscribe_messages=True, timeout=QUIET_SECONDS)
                    leave_if_cancelled()
                    if message is None:
                        await heard.ping()
                    elif message["type"] == "message":
                        self._tell(message["data"])
        finally:
            await connection.aclose()

    def _tell(self, data: bytes) -> None:
        try:
            message: dict[str, Any] = json.loads(data)
            ((kind, about),) = message.items()
            if kind == "member":
                self._hears.member_changed(str(about))
                return
            {
                "guild": self._hears.guild_changed,
                "say": self._hears.something_to_say,
                "left": self._hears.guild_erased,
            }[kind](int(about))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # Anybody who reaches Redis can write into the channel.
            logger.warning("a message of nobody was passed over")
