"""The whole bot in a thread of the test's process, so that a test can break its parts: `with Bot(discord) as bot:`."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any, Self

import aiohttp
import discord as library
import yarl
from django.db import connections

from bots.database import in_thread
from bots.discord.client import ReadAloudBot
from tests.discord_service.client import Discord
from tests.discord_service.heartbeats import end_heartbeats
from tests.discord_service.lines import Loop


class Bot:
    def __init__(self, service: Discord) -> None:
        self.service = service
        self.loop = Loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="bot")

    def run(self, work: Coroutine[Any, Any, Any], seconds: float = 90.0) -> Any:
        """Return what `work` gives, run in the bot's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def __enter__(self) -> Self:
        environment = self.service.environment()
        self.seams = (library.http.Route.BASE, library.gateway.DiscordWebSocket.DEFAULT_GATEWAY)
        library.http.Route.BASE = environment["DISCORD_API_BASE"]
        library.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(environment["DISCORD_GATEWAY_URL"])
        self.thread.start()
        self.run(self._start(environment["DISCORD_TOKEN"], environment["SSL_CERT_FILE"]))
        self.run(self.client.wait_until_ready())
        return self

    async def _start(self, token: str, certificate: str) -> None:
        self.client = ReadAloudBot()
        self.client.http.connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=certificate))
        await self.client.login(token)
        self.connecting = asyncio.create_task(self.client.connect())

    def __exit__(self, *_: object) -> None:
        self.run(self._stop())
        end_heartbeats(self.loop)
        library.http.Route.BASE, library.gateway.DiscordWebSocket.DEFAULT_GATEWAY = self.seams
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(60)
        self.loop.close()

    async def _stop(self) -> None:
        await self.client.close()
        await asyncio.wait({self.connecting}, timeout=60)
        # The thread of the bot's rows keeps a connection, which would hold the test's database.
        await in_thread(connections.close_all)
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self.loop.hung_up()
