"""Ask Telegram for what happened, and keep it: the next question confirms it, so it is stored before that.

Waits and asks again when Telegram does not answer, asks to wait, or says that another one polls. A batch
that cannot be stored is asked for once more, since it was not confirmed.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

import telegram
from django.db import Error as DatabaseError

from bots.database import in_thread
from bots.telegram import intake, wire
from bots.telegram.errors import Flooded, Rejected, TelegramFault, Unknown

logger = logging.getLogger(__name__)

KINDS = ("message", "callback_query")
# After a failure, doubled with each, up to the most.
AGAIN_SECONDS, MOST_AGAIN_SECONDS = 0.5, 30.0


class Poll:
    def __init__(self, bot: telegram.Bot, arrived: Callable[[Sequence[int]], None]) -> None:
        """arrived: called with the ids of what was stored."""
        self._bot, self._arrived = bot, arrived
        self._next: int | None = None

    async def run(self) -> None:
        """Never returns. Raises Unknown when Telegram does not know the token."""
        failures = 0
        while True:
            try:
                await self._once()
                failures = 0
            except Unknown:
                raise
            except (TelegramFault, DatabaseError) as error:
                failures += 1
                wait = min(AGAIN_SECONDS * 2 ** (failures - 1), MOST_AGAIN_SECONDS)
                if isinstance(error, Flooded):
                    wait = error.wait_seconds
                if failures in (1, 10) or isinstance(error, Rejected):
                    logger.warning("no updates", extra={"reason": str(error)[:100], "failures": failures})
                await asyncio.sleep(wait)

    async def _once(self) -> None:
        with wire.translated():
            updates = await self._bot.get_updates(
                offset=self._next,
                timeout=wire.POLL_SECONDS,
                # Beside the long poll's own time, which the library adds.
                read_timeout=wire.CALL_SECONDS,
                allowed_updates=KINDS,
            )
        if not updates:
            return
        new = await in_thread(intake.store, [(update.update_id, update.to_dict()) for update in updates])
        self._next = updates[-1].update_id + 1
        self._arrived(new)
