"""Telegram's Bot API, in the few calls this house makes. Only here are its errors known.

Every call has a timeout. What leaves is one of errors.py; what comes is the library's own types.
A chat that became a supergroup is followed. An edit that changes nothing has succeeded.

Called by the bot's process and by sender.py.
"""

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar

import telegram
from django.conf import settings
from telegram import error as telegram_errors
from telegram.constants import FileSizeLimit
from telegram.request import HTTPXRequest

from bots.telegram.errors import Blocked, Flooded, Rejected, TooLarge, Unknown, Unreachable, Vanished

# The library's next major version speaks of times so, and warns as long as nobody has said that it is known.
os.environ.setdefault("PTB_TIMEDELTA", "true")

T = TypeVar("T")
Buttons = Sequence[tuple[str, str]]  # words and data; each has a row of its own

CALL_SECONDS = 10.0
# 50 MB on a slow line; a delivery has 30 s in all.
UPLOAD_SECONDS = 25.0
# Of a long poll: Telegram holds the call for so long when nothing happens.
POLL_SECONDS = 25
# In flight at once; more wait for a line for up to this.
CONNECTIONS = 32
POOL_SECONDS = 10.0

_TELEGRAM = "https://api.telegram.org"
_LOST = ("message to edit not found", "message can't be edited", "message_id_invalid", "message to be edited not found")
_CLOSED = ("chat not found", "user is deactivated", "not enough rights", "have no rights", "bot is not a member")


def api_base() -> str:
    """Return what stands before the token in the address of a call; the setting may leave `/bot` out."""
    base = settings.TELEGRAM_API_BASE or _TELEGRAM
    return base if base.endswith("/bot") else f"{base}/bot"


def file_base() -> str:
    base = settings.TELEGRAM_FILE_BASE or f"{api_base().removesuffix('/bot')}/file"
    return base if base.endswith("/bot") else f"{base}/bot"


@asynccontextmanager
async def connected(*, connections: int = CONNECTIONS) -> AsyncIterator[telegram.Bot]:
    """Hold a bot whose lines are closed afterwards. Asks Telegram nothing by itself."""
    # httpx writes every address into the log, and with it the token; the library logs what it cannot read.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL)

    def lines(count: int) -> HTTPXRequest:
        return HTTPXRequest(
            connection_pool_size=count,
            connect_timeout=CALL_SECONDS,
            read_timeout=CALL_SECONDS,
            write_timeout=CALL_SECONDS,
            pool_timeout=POOL_SECONDS,
            media_write_timeout=UPLOAD_SECONDS,
        )

    calls, polls = lines(connections), lines(1)
    bot = telegram.Bot(
        settings.TELEGRAM_TOKEN,
        base_url=api_base(),
        base_file_url=file_base(),
        request=calls,
        get_updates_request=polls,
    )
    await calls.initialize()
    await polls.initialize()
    try:
        yield bot
    finally:
        await calls.shutdown()
        await polls.shutdown()


async def send_text(
    bot: telegram.Bot, chat_id: int, text: str, *, reply_to: int | None = None, buttons: Buttons = ()
) -> int:
    """Return the id of the new message."""

    async def send(where: int) -> int:
        sent = await bot.send_message(where, text, reply_parameters=_reply(reply_to), reply_markup=_markup(buttons))
        return sent.message_id

    return await _calling(send, chat_id)


async def edit_text(bot: telegram.Bot, chat_id: int, message_id: int, text: str, *, buttons: Buttons = ()) -> None:
    async def edit(where: int) -> None:
        try:
            await bot.edit_message_text(text, where, message_id, reply_markup=_markup(buttons))
        except telegram_errors.BadRequest as error:
            if "not modified" not in error.message.lower():
                raise

    await _calling(edit, chat_id)


async def send_voice(
    bot: telegram.Bot, chat_id: int, data: bytes, *, seconds: float, caption: str, reply_to: int | None
) -> int:
    """
    Send Ogg/Opus as a voice note; return the id of the new message.

    What is too large to be shown as one is sent as the file it would become anyway, under a name.
    """

    async def send(where: int) -> int:
        reply = _reply(reply_to)
        if len(data) > FileSizeLimit.VOICE_NOTE_FILE_SIZE:
            sent = await bot.send_document(
                where, data, filename="voice.ogg", caption=caption, reply_parameters=reply,
                disable_content_type_detection=True, read_timeout=UPLOAD_SECONDS,
            )  # fmt: skip
        else:
            sent = await bot.send_voice(
                where, data, duration=round(seconds), filename="voice.ogg", caption=caption,
                reply_parameters=reply, read_timeout=UPLOAD_SECONDS,
            )  # fmt: skip
        return sent.message_id

    return await _calling(send, chat_id)


async def answer_press(bot: telegram.Bot, query_id: str, text: str = "") -> None:
    """Let a pressed button rest; late answers are not worth an error."""
    with suppress(Rejected, Vanished, Unreachable), translated():
        await bot.answer_callback_query(query_id, text or None)


async def _calling(action: Callable[[int], Awaitable[T]], chat_id: int) -> T:
    with translated():
        try:
            return await action(chat_id)
        except telegram_errors.ChatMigrated as moved:
            return await action(moved.new_chat_id)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except telegram_errors.RetryAfter as error:
        wait = error.retry_after
        raise Flooded(float(wait if isinstance(wait, int) else wait.total_seconds())) from error
    except telegram_errors.Forbidden as error:
        raise Blocked from error
    except telegram_errors.InvalidToken:
        # Its words hold the token.
        raise Unknown from None
    except telegram_errors.BadRequest as error:
        raise _refusal(error.message) from error
    except telegram_errors.NetworkError as error:
        if "413" in error.message or "too large" in error.message.lower():
            raise TooLarge from error
        raise Unreachable(_kind(error)) from error
    except telegram_errors.TelegramError as error:
        # Conflict, an answer that is no JSON, whatever a proxy makes up.
        raise Unreachable(_kind(error)) from error


def _refusal(words: str) -> Exception:
    said = words.lower()
    if any(one in said for one in _LOST):
        return Vanished()
    if any(one in said for one in _CLOSED):
        return Blocked()
    if "file is too big" in said:
        return TooLarge()
    return Rejected(words[:120])


def _kind(error: Exception) -> str:
    # A proxy's words may be anything, a whole page or the address with the token.
    return type(error.__cause__ or error).__name__


def _reply(message_id: int | None) -> telegram.ReplyParameters | None:
    # People delete messages; the answer still comes.
    return None if message_id is None else telegram.ReplyParameters(message_id, allow_sending_without_reply=True)


def _markup(buttons: Iterable[tuple[str, str]]) -> telegram.InlineKeyboardMarkup | None:
    rows = [[telegram.InlineKeyboardButton(words, callback_data=data)] for words, data in buttons]
    return telegram.InlineKeyboardMarkup(rows) if rows else None
