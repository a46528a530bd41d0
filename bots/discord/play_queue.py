"""What one guild has to say, in order: the head is said, the next ones are being made, the rest waits.

Whatever finishes first, only the head is heard; a head without sound gives way after
`patience_seconds`, so no dead worker and no failed task stops a guild. Everything here
happens in the event loop; rows are written by the Writer, sound comes from the task's parts.

    add, edit, remove   a message came, was changed, was deleted
    skip, clear         a listener has heard enough
    run                 the guild's own loop, for as long as the bot is in its voice channel

saying.py says the head; hurry.py knows what a long queue does; stated.py makes rows of items.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from structlog.contextvars import bind_contextvars

from bots.discord import hurry, stated
from bots.discord.items import Item
from bots.discord.mouth import Mouth
from bots.discord.saying import Saying
from bots.discord.sound import ReadParts, Sound, listen
from bots.discord.writer import BufferFull, Writer
from bots.guilds.decided import Outcome, Reworded
from bots.guilds.models import State
from bots.guilds.reading import join
from jobs.runtime import parts
from jobs.runtime.identity import new_task_id

logger = logging.getLogger(__name__)

# Items whose parts are read ahead: the head and the one after it, so that it follows without a gap.
READ_AHEAD = 2


@dataclass(frozen=True)
class Limits:
    """ahead: items made before their turn; late_seconds: what is older is not said."""

    ahead: int
    of_member: int
    late_seconds: float
    patience_seconds: float


class PlayQueue:
    """
    max_waiting, max_characters, language: the guild's settings, changed while it runs.
    is_well: whether Redis answers; told: called with the seconds from message to first sound.
    """

    def __init__(
        self,
        guild_id: int,
        *,
        writer: Writer,
        mouth: Mouth,
        limits: Limits,
        cancel: Callable[[UUID], Coroutine[Any, Any, None]],
        is_well: Callable[[], bool] = lambda: True,
        told: Callable[[float], None] = lambda _seconds: None,
        read: ReadParts = parts.read,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.guild_id = guild_id
        self.items: list[Item] = []
        self.max_waiting, self.max_characters, self.language = 20, 140, "ja"
        self._writer, self._mouth, self._limits = writer, mouth, limits
        self._cancel, self._told, self._read, self._clock = cancel, told, read, clock
        self._changed = asyncio.Event()
        self._voice = Saying(mouth, writer, self._changed, limits.patience_seconds, is_well, clock)
        self._saying: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()

    # --- What comes in ---------------------------------------------------------

    def add(self, item: Item) -> bool:
        """Take an item that has no row yet; return False when even the buffer of the writer is full."""
        if any(item.message_id is not None and item.message_id in known.messages() for known in self.items):
            return True
        crowded_out = hurry.one_too_many(
            self._waiting(), item, max_waiting=self.max_waiting, max_of_member=self._limits.of_member
        )
        item.was_alone = not self.items
        ordered = len(self._waiting()) < self._limits.ahead
        if ordered:
            item.task_id, item.sound = new_task_id(), Sound()
        try:
            stored = self._writer.put(stated.new_of(item, waiting=len(self._waiting())))
        except BufferFull:
            return False
        self._insert(item)
        stored.add_done_callback(lambda outcome: self._stored(item, outcome))
        if crowded_out is not None:
            self._leave_out(crowded_out)
        return True

    def add_stored(self, item: Item) -> None:
        """Take an item that has a row: after a restart, or an announcement of somebody else."""
        if item.id in self.ids():
            return
        item.is_stored = True
        if item.task_id is not None:
            item.sound = Sound()
        self._insert(item)
        self._arrange()

    def ids(self) -> set[UUID]:
        """Return the utterances that are known here, those that are said with another among them."""
        return {each.id for item in self.items for each in (item, *item.absorbed)}

    def waiting(self, message_id: int) -> Item | None:
        """Return the item of a message that waits; None when it is said already, or in one breath with others."""
        found = (item for item in self._waiting() if item.message_id == message_id and not item.absorbed)
        return next(found, None)

    def edit(self, message_id: int, text: str) -> None:
        """A message that waits has other words now; one that is being said stays as it is."""
        item = self.waiting(message_id)
        if item is None or item.text == text:
            return
        if not text:
            self.remove(message_id)
            return
        item.text = text
        self._writer.put(Reworded(item.id, text))
        item.is_outdated = item.task_id is not None
        self._arrange()

    def remove(self, message_id: int) -> None:
        """A message was deleted: it is not said, or not to its end."""
        for item in list(self.items):
            if message_id in item.messages():
                self._drop(item, "deleted")

    # --- What listeners ask -----------------------------------------------------

    def skip(self) -> bool:
        """Silence the head; return False when there is none."""
        if not self.items:
            return False
        self._drop(self.items[0], "skip")
        return True

    def clear(self, reason: str = "cleared") -> int:
        """Silence the head and forget all that waits; return how many that were."""
        count = len(self.items)
        for item in reversed(list(self.items)):
            self._drop(item, reason)
        return count

    # --- The guild's own loop ---------------------------------------------------

    async def run(self) -> None:
        # This task's own, and inherited by what it starts.
        bind_contextvars(guild=self.guild_id)
        while True:
            while not self.items:
                self._changed.clear()
                await self._changed.wait()
            self._saying = asyncio.create_task(self._say(self.items[0]))
            try:
                # Not awaited itself: a skip cancels it, and that is no end of the loop.
                await asyncio.wait({self._saying})
            finally:
                self._saying.cancel()
            if not self._saying.cancelled() and (error := self._saying.exception()):
                logger.error("an item could not be said", exc_info=error, extra={"guild": self.guild_id})
                self._end(self.items[0] if self.items else None, State.SKIPPED, "error")

    async def _say(self, head: Item) -> None:
        await self._mouth.ready()
        if self._clock() - head.received_at > self._limits.late_seconds:
            self._end(head, State.SKIPPED, "late")
            return
        if reason := await self._voice.first_sound(head, is_head=lambda: self.items[:1] == [head]):
            if reason != "overtaken":
                self._end(head, State.SKIPPED, reason)
            return
        head.is_playing = True
        if not await self._voice.mark(head):
            self._end(head, State.SKIPPED, "taken")
            return
        if head.was_alone:
            self._told(self._clock() - head.received_at)
        self._arrange()
        reason = await self._voice.play(head)
        await self._mouth.heard()
        self._end(head, State.PLAYED, reason)

    # --- Ends -------------------------------------------------------------------

    def _drop(self, item: Item, reason: str) -> None:
        if self._saying is not None and self.items and item is self.items[0]:
            self._mouth.silence()
            self._saying.cancel()
        self._end(item, State.SKIPPED, reason)

    def _end(self, item: Item | None, state: State, reason: str) -> None:
        if item is None or item not in self.items:
            return
        self.items.remove(item)
        self._forget_sound(item)
        self._writer.put(stated.ended_of(item, state, reason))
        if reason:
            logger.info("not said to its end", extra={"guild": self.guild_id, "reason": reason})
        self._arrange()

    def _forget_sound(self, item: Item) -> None:
        unfinished = item.task_id is not None and (item.sound is None or not item.sound.is_complete)
        if item.reader is not None:
            item.reader.cancel()
        if unfinished and item.is_stored and item.task_id is not None:
            self._cancel_task(item.task_id)
        item.sound = item.reader = None

    def _cancel_task(self, task_id: UUID) -> None:
        errand = asyncio.create_task(self._cancel(task_id))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    def _leave_out(self, item: Item) -> None:
        """Forget a waiting item for the others' sake, and say so once."""
        self._end(item, State.SKIPPED, "backlog")
        if any(other.is_notice_of_loss for other in self._waiting()):
            return
        self.add(stated.loss_of(item, language=self.language, received_at=self._clock()))

    # --- Turns ------------------------------------------------------------------

    def _waiting(self) -> list[Item]:
        return [item for item in self.items if not item.is_playing]

    def _insert(self, item: Item) -> None:
        self.items.append(item)
        # What is being said stays the head, whatever comes before it in order.
        self.items.sort(key=lambda each: (not each.is_playing, *each.order))
        self._changed.set()

    def _stored(self, item: Item, stored: asyncio.Future[Outcome]) -> None:
        """Go on with an item whose row, or whose order, is committed now."""
        if stored.cancelled():
            return
        if item not in self.items:
            if stored.result() is Outcome.DONE and item.task_id is not None:
                self._cancel_task(item.task_id)
            return
        if stored.result() is not Outcome.DONE:
            # Another bot has it, or nothing in it can be read: it is gone without a sound.
            self.items.remove(item)
            self._forget_sound(item)
        item.is_stored = True
        self._arrange()

    def _arrange(self) -> None:
        """Order the sound of those whose turn comes near, and read that of the next."""
        waiting = self._waiting()
        for item in waiting:
            if item.is_outdated and item.is_stored:
                self._forget_sound(item)
                item.task_id, item.is_outdated = None, False
        for number, item in enumerate(waiting[: self._limits.ahead]):
            if item in self.items and item.is_stored and item.task_id is None:
                self._order(item, waiting[number + 1 :])
        for item in self.items[:READ_AHEAD]:
            if item.is_stored and item.reader is None and item.task_id is not None and item.sound is not None:
                item.reader = asyncio.create_task(listen(item.task_id, item.sound, read=self._read))
        self._changed.set()

    def _order(self, item: Item, followers: list[Item]) -> None:
        absorbed = hurry.mergeable(item, followers, waiting=len(self._waiting()), max_characters=self.max_characters)
        for other in absorbed:
            self.items.remove(other)
            item.absorbed.append(other)
            item.text = join(item.text, other.text)
        item.task_id, item.sound = new_task_id(), Sound()
        # The row waits for its order now; the reader begins when that is stored.
        item.is_stored = False
        change = stated.ordered_of(item, waiting=len(self._waiting()))
        self._writer.put(change).add_done_callback(lambda outcome: self._stored(item, outcome))
