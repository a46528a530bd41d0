"""Start the bot, alone with its token, and end it in good order."""

import asyncio
import logging
import signal

import redis
import telegram
from django.conf import settings

from bots.lock import TokenLock
from bots.telegram import webhook, wire
from bots.telegram.commands import menu
from bots.telegram.desk import Desk
from bots.telegram.errors import Flooded, Rejected, TelegramFault, Unknown, Unreachable
from bots.telegram.poll import KINDS, Poll
from bots.telegram.watch import Watch
from jobs.functions.speech import ENGINE
from jobs.runtime import memory
from jobs.runtime.connection import leave_if_cancelled, waiting_client
from jobs.runtime.errors import QueueUnreachable

logger = logging.getLogger(__name__)

# What was begun may come to its end in this; the rest is found in the rows.
DRAIN_SECONDS = 5.0
AGAIN_SECONDS, MOST_AGAIN_SECONDS = 1.0, 30.0


class CannotRun(Exception):
    """Telegram will never let this bot in as it is set up. The message tells the operator what to do."""


def run() -> None:
    """Run until SIGTERM or SIGINT, or until another bot has the token. Raises CannotRun."""
    try:
        asyncio.run(_run())
    except Unknown as error:
        raise CannotRun("Telegram does not know TELEGRAM_TOKEN: ask @BotFather for a new one") from error
    except Rejected as error:
        raise CannotRun(f"Telegram does not take TELEGRAM_WEBHOOK_URL: {error}") from error


async def _run() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lock = TokenLock("telegram", settings.TELEGRAM_TOKEN)
    stopped = asyncio.create_task(stop.wait())
    taken = asyncio.create_task(lock.take())
    await asyncio.wait({stopped, taken}, return_when=asyncio.FIRST_COMPLETED)
    if not taken.done():
        taken.cancel()
        return
    held = asyncio.create_task(lock.keep())
    serving = asyncio.create_task(_serve())
    try:
        await asyncio.wait({stopped, held, serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (held, stopped, serving):
            task.cancel()
        await asyncio.wait({serving})
        await lock.release()
    if not serving.cancelled():
        serving.result()


async def _serve() -> None:
    """Serve for ever, or until a part of the bot ends. Raises Unknown, Rejected."""
    async with wire.connected() as bot:
        me = await _introduced(bot)
        logger.info("the bot is ready", extra={"link": f"https://t.me/{me.username}"})
        memory.settle()
        desk = Desk(bot, me)
        work = [
            asyncio.create_task(desk.run()),
            asyncio.create_task(Watch(bot, desk).run()),
            # The first long text would wait for the dictionary.
            asyncio.create_task(asyncio.to_thread(ENGINE.load)),
            asyncio.create_task(_woken(desk) if settings.TELEGRAM_WEBHOOK_URL else Poll(bot, desk.arrived).run()),
        ]
        try:
            running = {task for task in work if task is not work[2]}
            done, _pending = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                # None of them ends by itself: the supervisor starts this process again.
                task.result()
        finally:
            for task in (work[3], work[0], work[1]):
                task.cancel()
            await asyncio.wait(work[:2] + work[3:])
            await desk.drain(DRAIN_SECONDS)


async def _introduced(bot: telegram.Bot) -> telegram.User:
    """Return who we are, with webhook and commands set; waits for a Telegram that is away."""
    wait = AGAIN_SECONDS
    while True:
        try:
            with wire.translated():
                await bot.initialize()
                me = await bot.get_me()
                await _set_door(bot)
                await _set_menu(bot)
        except (Unreachable, Flooded) as error:
            logger.warning("Telegram cannot be reached yet", extra={"reason": str(error)[:100]})
            await asyncio.sleep(error.wait_seconds if isinstance(error, Flooded) else wait)
            wait = min(wait * 2, MOST_AGAIN_SECONDS)
        else:
            return me


async def _set_door(bot: telegram.Bot) -> None:
    if settings.TELEGRAM_WEBHOOK_URL:
        await bot.set_webhook(
            f"{settings.TELEGRAM_WEBHOOK_URL}/{webhook.PATH}", secret_token=webhook.secret(), allowed_updates=KINDS
        )
    else:
        await bot.delete_webhook()


async def _set_menu(bot: telegram.Bot) -> None:
    try:
        with wire.translated():
            await bot.set_my_commands(menu("en"))
            await bot.set_my_commands(menu("ja"), language_code="ja")
    except (Rejected, TelegramFault) as error:
        logger.warning("commands not brought up to date", extra={"reason": str(error)[:100]})


async def _woken(desk: Desk) -> None:
    """Hear of what the webhook stored. What is missed is found by the desk's own look."""
    while True:
        try:
            connection = waiting_client()
            try:
                async with connection.pubsub() as heard:
                    await heard.subscribe(webhook.WAKE)
                    while True:
                        if await heard.get_message(ignore_subscribe_messages=True, timeout=2.0):
                            desk.arrived()
                        leave_if_cancelled()
            finally:
                await connection.aclose()
        except (redis.RedisError, QueueUnreachable, OSError):
            leave_if_cancelled()
            await asyncio.sleep(AGAIN_SECONDS)
