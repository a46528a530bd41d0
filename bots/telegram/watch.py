"""Keep acknowledgements true while messages wait and are worked on, and take up what was left lying.

Looks at the open messages of all chats twice a second, and at nothing while there are none. Left lying is: a
message nobody acknowledged, a recording nobody fetched (their bot died), an answer that never came.

Called by run.py.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

import telegram
from django.db import Error as DatabaseError

from bots.database import in_thread
from bots.telegram import acknowledgement, ending, fetching, pace, wire, words
from bots.telegram.acknowledgement import Verdict
from bots.telegram.desk import Desk
from bots.telegram.errors import Blocked, Flooded, TelegramFault, Vanished
from bots.telegram.models import OPEN, Message, Part, Status
from jobs.runtime import clock, queue
from jobs.runtime.gate import writing
from jobs.runtime.models import Status as TaskStatus

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
# While nothing was open the last time.
IDLE_SECONDS = 1.0
# More are looked at in turns; each edit is a call, and Telegram takes 30 a second of a bot.
AT_ONCE = 300
# A bot that lives acknowledges within this.
UNTOLD_FOR = timedelta(seconds=5)
# Most messages are answered sooner, and an edit just before would hold the answer's own up for a second.
WORK_AFTER = timedelta(seconds=2)
# A place in the queue is told once it has been waited in for this long.
PLACE_AFTER = timedelta(seconds=3)
# Deliveries are given up after a day.
LOST_AFTER = timedelta(hours=25)


@dataclass(frozen=True)
class Shown:
    """An open message and what its acknowledgement should say."""

    message: Message
    text: str


class Watch:
    def __init__(self, bot: telegram.Bot, desk: Desk) -> None:
        self._bot, self._desk = bot, desk

    async def run(self) -> None:
        while True:
            is_busy = False
            try:
                is_busy = await self._look()
            except (DatabaseError, TelegramFault) as error:
                logger.warning("acknowledgements not looked at", extra={"reason": type(error).__name__})
            await asyncio.sleep(LOOK_SECONDS if is_busy else IDLE_SECONDS)

    async def _look(self) -> bool:
        """Edit what is to be edited; return whether anything is open."""
        found, untold = await in_thread(look)
        for row in await in_thread(fetching.to_fetch, set(self._desk.fetching)):
            self._desk.fetch(row)
        for row in untold:
            await self._desk.acknowledge(row)
        for shown in found:
            await self._edit(shown)
        return bool(found or untold)

    async def _edit(self, shown: Shown) -> None:
        message = shown.message
        if await in_thread(acknowledgement.claim, message, shown.text) is not Verdict.NOW:
            return
        assert message.ack_message_id is not None  # noqa: S101 - the claim looked
        try:
            await wire.edit_text(self._bot, message.chat_id, message.ack_message_id, shown.text)
        except Flooded as error:
            await in_thread(pace.hold, message.chat_id, error.wait_seconds)
            await in_thread(acknowledgement.unsay, message.pk)
        except Blocked:
            await in_thread(ending.block, message)
            return
        except Vanished:
            return
        except TelegramFault as error:
            logger.info("an acknowledgement was not edited", extra={"row": message.pk, "reason": str(error)[:100]})
        finally:
            await in_thread(acknowledgement.made, message)
        await in_thread(_catch_up, message)


def look() -> tuple[list[Shown], list[Message]]:
    """Return the open messages whose acknowledgement may change, and those that have none; end what is lost."""
    now = clock.now()
    rows = list(Message.objects.filter(status__in=OPEN).select_related("account__user").order_by("pk")[:AT_ONCE])
    for row in [row for row in rows if row.updated_at < now - LOST_AFTER]:
        ending.end(row, code="not_delivered")
    parts: dict[int, list[Part]] = {}
    for part in Part.objects.filter(message__in=rows).select_related("task"):
        parts.setdefault(part.message_id, []).append(part)
    untold = [row for row in rows if row.ack_message_id is None and row.created_at < now - UNTOLD_FOR]
    told = [row for row in rows if row.ack_message_id is not None]
    shown = [_shown(row, [part for part in parts.get(row.pk, []) if part.run == row.run]) for row in told]
    return [one for one in shown if one is not None], untold


def _shown(row: Message, parts: list[Part]) -> Shown | None:
    tasks = [part.task for part in parts if part.task is not None and part.sent_at is None]
    begun = [task for task in tasks if task.status != TaskStatus.PENDING]
    if begun or any(part.sent_at for part in parts):
        if row.status == Status.PENDING:
            with writing():
                Message.objects.filter(pk=row.pk, status=Status.PENDING).update(status=Status.PROCESSING)
            row.status = Status.PROCESSING
        if clock.now() - row.updated_at < WORK_AFTER or (tasks and all(task.is_final() for task in tasks)):
            # Its end is on the way.
            return None
        with words.speaking(row.language):
            return Shown(row, words.processing())
    if not tasks or row.ack_edits or clock.now() - row.updated_at < PLACE_AFTER:
        return None
    with words.speaking(row.language):
        return Shown(row, words.pending(queue.position_or_none(tasks[0])))


def _catch_up(message: Message) -> None:
    """The end may have come while an edit was on its way, and be written over now."""
    status = Message.objects.filter(pk=message.pk, run=message.run).values_list("status", flat=True).first()
    if status is not None and status not in OPEN:
        ending.speak_last(message)
