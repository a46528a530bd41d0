"""One writer for all guilds: what they decide is stored in order, together with whatever came meanwhile.

Nobody waits for the database to read a message: changes lie in a bounded buffer until a
transaction has taken them, also through an outage. When the buffer is full, new messages are
not taken any more (they would be late anyway); what was said and skipped still is.

Called by play_queue.py; one instance for the process.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from django.db import Error as DatabaseError

from bots.database import in_thread
from bots.guilds.decided import Change, New, Outcome
from bots.guilds.utterances import Ledger

logger = logging.getLogger(__name__)

# One transaction's worth: a new message costs a millisecond, most of it the check of its text, and the first waits for
# the last.
MAX_BATCH = 32
# What is done with an outcome takes some tenths of a millisecond: the next sound is ordered, its reader begun.
TOLD_IN_ONE_TURN = 10
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0


class BufferFull(Exception):
    """The database has been away for longer than the buffer lasts."""


class Apply(Protocol):
    def __call__(self, changes: Sequence[Change]) -> list[Outcome]: ...


class Writer:
    """
    capacity: changes that may wait; beyond it no new message is taken.
    """

    def __init__(self, *, capacity: int, apply: Apply | None = None) -> None:
        self._capacity = capacity
        self._apply = apply or Ledger().apply
        self._waiting: deque[tuple[Change, asyncio.Future[Outcome]]] = deque()
        self._arrived = asyncio.Event()
        self.is_away = False

    def put(self, change: Change) -> asyncio.Future[Outcome]:
        """Return what becomes of the change, once it is stored. Raises BufferFull for something new."""
        if isinstance(change, New) and len(self._waiting) >= self._capacity:
            raise BufferFull
        stored: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, stored))
        self._arrived.set()
        return stored

    async def run(self) -> None:
        """Store for ever; a cancelled one has stored all that was put before."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await self._empty()

    async def drain(self, seconds: float) -> bool:
        """Return True once nothing waits any more, False when that takes longer than `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(stored for _change, stored in self._waiting), return_exceptions=True)
        except TimeoutError:
            return False
        return True

    async def _empty(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while self._waiting:
            batch = [self._waiting[number] for number in range(min(MAX_BATCH, len(self._waiting)))]
            try:
                outcomes = await in_thread(self._apply, [change for change, _stored in batch])
            except DatabaseError as error:
                if _is_outage(error):
                    self._note(away=True, reason=type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                    continue
                outcomes = await self._one_by_one(batch)
            self._note(away=False)
            pause = FIRST_PAUSE_SECONDS
            await self._tell(outcomes)

    async def _tell(self, outcomes: Sequence[Outcome]) -> None:
        """Let those whose changes are stored go on, a few in one turn of the event loop."""
        for number, outcome in enumerate(outcomes, 1):
            _change, stored = self._waiting.popleft()
            if not stored.done():
                stored.set_result(outcome)
            if number % TOLD_IN_ONE_TURN == 0:
                await asyncio.sleep(0)

    async def _one_by_one(self, batch: Sequence[tuple[Change, asyncio.Future[Outcome]]]) -> list[Outcome]:
        """
        Store what can be stored of a batch in which something cannot, which counts as come too late.

        Return the outcomes of the first ones, up to an outage: the others wait for its end.
        """
        outcomes: list[Outcome] = []
        for change, _stored in batch:
            try:
                outcomes += await in_thread(self._apply, [change])
            except DatabaseError as error:
                if _is_outage(error):
                    break
                logger.exception("a change could not be stored", extra={"change": type(change).__name__})
                outcomes.append(Outcome.TOO_LATE)
        return outcomes

    def _note(self, *, away: bool, reason: str = "") -> None:
        if away and not self.is_away:
            logger.warning("rows wait for the database", extra={"reason": reason, "waiting": len(self._waiting)})
        if self.is_away and not away:
            logger.info("the database is back", extra={"waiting": len(self._waiting)})
        self.is_away = away


def _is_outage(error: DatabaseError) -> bool:
    """Return True for an error that may be over soon: no connection, a lock; False for one of the data."""
    from django.db import InterfaceError, OperationalError

    return isinstance(error, InterfaceError | OperationalError)
