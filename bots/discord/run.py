"""Start the bot, alone with its token, and end it in good order."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from django.conf import settings
from yarl import URL

from bots.discord import collector, gateway
from bots.discord.client import ReadAloudBot
from bots.lock import TokenLock

logger = logging.getLogger(__name__)

STOP_SECONDS = 8.0
# How long a thread that computes keeps the interpreter from the others; Python's own 5 ms would let the event loop
# wait that long each time it comes back from the network while rows are read.
SWITCH_SECONDS = 0.001


class CannotRun(Exception):
    """Discord will never let this bot in as it is set up. The message tells the operator what to do."""


def run() -> None:
    """Run until SIGTERM or SIGINT, or until another bot has the token. Raises CannotRun."""
    if settings.DISCORD_API_BASE:
        Route.BASE = settings.DISCORD_API_BASE
    if settings.DISCORD_GATEWAY_URL:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.DISCORD_GATEWAY_URL)
    gateway.put_in_place()
    sys.setswitchinterval(SWITCH_SECONDS)
    collector.keep_rounds_short()
    # All libraries are there by now, a third of a million objects; a round through them would hold the loop for 0.1 s.
    collector.settle()
    try:
        asyncio.run(_run())
    except discord.PrivilegedIntentsRequired as error:
        raise CannotRun(
            "Discord gives this bot no message content: switch on “Message Content Intent” on the page of the bot in "
            "the developer portal (Bot, Privileged Gateway Intents), then start it again"
        ) from error
    except discord.LoginFailure as error:
        raise CannotRun("Discord does not know DISCORD_TOKEN: make a new one in the developer portal") from error


async def _run() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lock = TokenLock("discord", settings.DISCORD_TOKEN)
    stopped = asyncio.create_task(stop.wait())
    taken = asyncio.create_task(lock.take())
    await asyncio.wait({stopped, taken}, return_when=asyncio.FIRST_COMPLETED)
    if not taken.done():
        taken.cancel()
        return
    bot = ReadAloudBot()
    speaking = asyncio.create_task(bot.start(settings.DISCORD_TOKEN, reconnect=True))
    held = asyncio.create_task(lock.keep())
    try:
        await asyncio.wait({stopped, held, speaking}, return_when=asyncio.FIRST_COMPLETED)
        if speaking.done():
            speaking.result()
    finally:
        held.cancel()
        stopped.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await bot.close()
        await asyncio.wait({speaking}, timeout=1)
        speaking.cancel()
        await lock.release()
