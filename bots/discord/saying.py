"""Say one thing: wait for its first sound, write down that it is being said, hand its packets on as they come.

Every wait here ends: whoever waits for longer than `patience_seconds` gives way to the next. Time in which Redis or the
database is away does not count, since nothing could have come.

Called by play_queue.py, for the head of its queue.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bots.discord.items import Item
from bots.discord.mouth import Mouth
from bots.discord.sound import Sound
from bots.discord.writer import Writer
from bots.guilds.decided import Outcome, Playing

# How long the first sound waits for the row that says it is being said; without a database it goes on.
MARK_SECONDS = 0.3
# A wait for sound is counted in slices of this; a slice in which Redis or the database is away does not count.
SLICE_SECONDS = 0.5


@dataclass(frozen=True)
class Saying:
    """changed: set when something changes in the queue. is_well: Redis answers. clock: monotonic seconds."""

    mouth: Mouth
    writer: Writer
    changed: asyncio.Event
    patience_seconds: float
    is_well: Callable[[], bool]
    clock: Callable[[], float]

    async def first_sound(self, head: Item, *, is_head: Callable[[], bool]) -> str:
        """Wait for the head's first packets; return why there will be none, or that it is the head no more."""
        waited = 0.0
        while waited < self.patience_seconds:
            if not is_head():
                return "overtaken"
            if head.sound is not None and head.sound.has_packets():
                return ""
            if head.sound is not None and head.sound.is_complete:
                return head.sound.failed or "empty"
            began = self.clock()
            self.changed.clear()
            await self._anything(head.sound)
            # Made, stored and sent it must be before it can be late.
            if head.reader is not None and self.is_well() and not self.writer.is_away:
                waited += self.clock() - began
        return "no_sound"

    async def mark(self, head: Item) -> bool:
        """Write down that it is being said, so that no restart says it again; False when another has."""
        stored = self.writer.put(Playing(head.id))
        try:
            async with asyncio.timeout(MARK_SECONDS):
                return await asyncio.shield(stored) is not Outcome.TOO_LATE
        except TimeoutError:
            return True

    async def play(self, head: Item) -> str:
        """Hand on the packets as they come; return why it was cut short, if it was."""
        sound, waited = head.sound, 0.0
        assert sound is not None  # noqa: S101 - it has packets
        while waited < self.patience_seconds:
            if packets := sound.take():
                self.mouth.push(packets)
                waited = 0.0
            if sound.is_complete and not sound.has_packets():
                return sound.failed
            began = self.clock()
            self.changed.clear()
            await self._anything(sound)
            if self.is_well():
                waited += self.clock() - began
        return "cut"

    async def _anything(self, sound: Sound | None) -> None:
        """Return when something changes in the queue or the sound, or after a slice of time."""
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self.changed.wait())]
        if sound is not None:
            waits.append(asyncio.create_task(sound.news()))
        try:
            await asyncio.wait(waits, timeout=SLICE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
