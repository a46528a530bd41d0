"""Deal with updates: a message is stored and acknowledged, a command answered, a button obeyed.

One update of a chat at a time, several chats at once. Whatever is not dealt with when this process dies is
found in the rows by the next.

Called by run.py, with what poll.py stored; looks by itself for what a webhook or an earlier bot stored.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import telegram
from django.db import Error as DatabaseError

from bots.database import in_thread
from bots.telegram import acknowledgement, addressed, ending, fetching, intake, pace, wire, words
from bots.telegram.commands import Asked, Commands
from bots.telegram.errors import Blocked, Flooded, TelegramFault, Unreachable
from bots.telegram.intake import TOO_MANY, Incoming
from bots.telegram.models import OPEN, Chat, Kind, Message, Status
from jobs.runtime import queue
from jobs.runtime.whereabouts import whereabouts

logger = logging.getLogger(__name__)

CHATS_AT_ONCE = 16
# Downloads; each may hold 20 MB on disk and a child process that looks into it.
FETCHES_AT_ONCE = 4
# What nobody told of is looked for this often.
LOOK_SECONDS = 1.0
# What is given up has so long to let go; with all the rest it fits into what `up` grants a bot.
GIVE_UP_SECONDS = 1.0
ACK_TRIES = 3


class Desk:
    def __init__(self, bot: telegram.Bot, me: telegram.User) -> None:
        self._bot, self._id, self._name = bot, me.id, me.username or ""
        self.commands = Commands(bot, me)
        self._chats: dict[int, tuple[asyncio.Lock, int]] = {}  # with how many hold it or wait for it
        self._room = asyncio.Semaphore(CHATS_AT_ONCE)
        self._fetches = asyncio.Semaphore(FETCHES_AT_ONCE)
        self._taken: set[int] = set()  # updates
        self.fetching: set[int] = set()  # messages
        self.working: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()

    def arrived(self, _update_ids: Sequence[int] = ()) -> None:
        """There may be something to do. Safe to call for nothing."""
        self._arrived.set()

    async def run(self) -> None:
        while True:
            self._arrived.clear()
            try:
                for update_id in await in_thread(intake.open_updates, without=list(self._taken)):
                    self._taken.add(update_id)
                    self._start(self._deal(update_id))
            except DatabaseError as error:
                logger.warning("updates not looked for", extra={"reason": type(error).__name__})
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                continue

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self.working.add(task)
        task.add_done_callback(self.working.discard)

    async def drain(self, seconds: float) -> None:
        """Let what was begun come to its end; what has none in time is given up."""
        if self.working:
            await asyncio.wait(self.working, timeout=seconds)
        for task in list(self.working):
            task.cancel()
        if self.working:
            # Or it would still speak and write while the line and the database are closed.
            await asyncio.wait(self.working, timeout=GIVE_UP_SECONDS)

    async def _deal(self, update_id: int) -> None:
        try:
            payload = await in_thread(intake.begin, update_id)
            if payload is None:
                return
            update = telegram.Update.de_json(payload, self._bot)
            async with self._alone(update.effective_chat), self._room:
                await self._one(update)
            await in_thread(intake.finish, update_id)
        except (TelegramFault, DatabaseError) as error:
            # It stays open; the next look takes it up again, a bounded number of times.
            logger.warning("an update waits", extra={"update": update_id, "reason": type(error).__name__})
            await asyncio.sleep(LOOK_SECONDS)
        except Exception as error:
            # No words of the error's message: they may be the person's.
            logger.error("an update cannot be dealt with", extra={"update": update_id, **whereabouts(error)})
        finally:
            self._taken.discard(update_id)

    @asynccontextmanager
    async def _alone(self, chat: telegram.Chat | None) -> AsyncIterator[None]:
        """Hold a chat for one update; who came first goes first."""
        key = chat.id if chat else 0
        lock, comers = self._chats.get(key, (asyncio.Lock(), 0))
        self._chats[key] = lock, comers + 1
        try:
            async with lock:
                yield
        finally:
            lock, comers = self._chats.pop(key)
            if comers > 1:
                self._chats[key] = lock, comers - 1

    async def _one(self, update: telegram.Update) -> None:
        if update.callback_query is not None:
            await self._press(update.callback_query)
            return
        message = update.message
        if message is None or message.from_user is None or message.from_user.is_bot:
            return
        if addressed.is_for_another(message, bot_name=self._name):
            return
        language = await in_thread(intake.language_of, message.from_user.id, message.from_user.language_code)
        command = addressed.command(message, bot_name=self._name)
        if command is not None:
            await self._command(Asked(message, message.from_user, language, command.name, command.rest))
        elif await self._is_ours(message):
            await self._content(update.update_id, message, message.from_user, language)

    async def _command(self, asked: Asked) -> None:
        try:
            await self.commands.answer(asked)
        except Blocked:
            return

    async def _is_ours(self, message: telegram.Message) -> bool:
        if message.chat.type == telegram.constants.ChatType.PRIVATE:
            return True
        if addressed.is_addressed(message, bot_id=self._id, bot_name=self._name):
            return True
        return await self._reads_all(message.chat)

    async def _reads_all(self, chat: telegram.Chat) -> bool:
        """True for a group that has everything read aloud."""
        if chat.type == telegram.constants.ChatType.PRIVATE:
            return False
        row = await in_thread(Chat.objects.filter(pk=chat.id).first)
        return row is not None and row.answers_all

    # --- Messages -------------------------------------------------------------------

    async def _content(self, update_id: int, message: telegram.Message, user: telegram.User, language: str) -> None:
        sound = addressed.sound(message)
        text = "" if sound else addressed.words(message, bot_name=self._name)
        if sound is None and not text:
            return
        incoming = Incoming(
            chat_id=message.chat.id,
            message_id=message.message_id,
            user_id=user.id,
            kind=sound.kind if sound else Kind.TEXT,
            language=language,
            text=text,
            file_id=sound.file_id if sound else "",
            file_bytes=sound.size if sound else None,
            author=user.first_name if await self._reads_all(message.chat) else "",
        )
        row = await in_thread(intake.accept, incoming, update_id=update_id)
        if row is not None:
            if row.status in OPEN and row.kind != Kind.TEXT:
                self.fetch(row)
            await self.acknowledge(row)

    async def acknowledge(self, row: Message) -> None:
        """Say that a message was taken in, with its place; or why not. Tried a few times, then left to watch.py."""
        if row.status == Status.ERROR:
            if row.error_code == TOO_MANY and await in_thread(_was_told, row):
                return
            with words.speaking(row.language):
                text, buttons = words.failed(row.error_code), words.buttons(row.pk, row.error_code)
        else:
            position = await in_thread(_position, row)
            with words.speaking(row.language):
                text, buttons = words.pending(position), []
        ack_id = await self._send_ack(row, text, buttons)
        if ack_id is None:
            return
        await in_thread(acknowledgement.sent, row.pk, ack_id, text)
        if row.status in OPEN:
            await in_thread(_catch_up, row)

    async def _send_ack(self, row: Message, text: str, buttons: list[tuple[str, str]]) -> int | None:
        for left in reversed(range(ACK_TRIES)):
            try:
                return await wire.send_text(self._bot, row.chat_id, text, reply_to=row.message_id, buttons=buttons)
            except Blocked:
                await in_thread(ending.block, row)
                return None
            except Flooded as error:
                await in_thread(pace.hold, row.chat_id, error.wait_seconds)
                return None
            except Unreachable as error:
                if not left:
                    logger.info("not acknowledged yet", extra={"row": row.pk, "reason": str(error)})
                    return None
                await asyncio.sleep(0.3)
        return None

    def fetch(self, row: Message) -> None:
        """Have a recording brought and heard, beside everything else."""
        if row.pk not in self.fetching:
            self.fetching.add(row.pk)
            self._start(self._fetch(row))

    async def _fetch(self, row: Message) -> None:
        try:
            async with self._fetches:
                await fetching.fetch(self._bot, row)
        except (TelegramFault, DatabaseError) as error:
            # watch.py begins again.
            logger.info("a recording is not here yet", extra={"row": row.pk, "reason": str(error)[:100]})
            await asyncio.sleep(error.wait_seconds if isinstance(error, Flooded) else LOOK_SECONDS)
        except Exception as error:
            # It would fail again; and asyncio would print the error's message, which may be the person's words.
            logger.error("a recording cannot be fetched", extra={"row": row.pk, **whereabouts(error)})
            await in_thread(ending.end, row, code="failed")
        finally:
            self.fetching.discard(row.pk)

    # --- Buttons --------------------------------------------------------------------

    async def _press(self, query: telegram.CallbackQuery) -> None:
        name, _colon, value = (query.data or "").partition(":")
        if name != "again":
            await self.commands.press(query, name, value)
            return
        row = await in_thread(intake.again, int(value), user_id=query.from_user.id) if value.isdecimal() else None
        await wire.answer_press(self._bot, query.id)
        if row is None:
            return
        if row.status == Status.ERROR:
            await in_thread(ending.speak_last, row)
        elif row.kind != Kind.TEXT and not row.text:
            self.fetch(row)


def _position(row: Message) -> int | None:
    part = row.parts.filter(run=row.run).select_related("task").order_by("number").first()
    return queue.position_or_none(part.task) if part is not None and part.task is not None else None


def _was_told(row: Message) -> bool:
    """True when its sender has another one that was refused for the same reason a moment ago."""
    before = Message.objects.filter(account=row.account_id, error_code=TOO_MANY, pk__lt=row.pk)
    return before.filter(created_at__gt=row.created_at - intake.TOLD_FOR).exists()


def _catch_up(row: Message) -> None:
    """The answer may have been faster than the acknowledgement: then that says so now."""
    status = Message.objects.filter(pk=row.pk, run=row.run).values_list("status", flat=True).first()
    if status is not None and status not in OPEN:
        ending.speak_last(row)
