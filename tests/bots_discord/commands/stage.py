"""A bot that has the commands and nothing else: the real discord.py, and Rooms that write down what they are asked.

It runs in a thread with its own event loop, as the bot does in its process; the test's thread is the people.
"""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
import discord
import yarl
from discord import app_commands
from django.db import connections

from bots.database import in_thread
from bots.discord import words
from bots.discord.commands import build
from bots.discord.commands.sync import sync_if_changed
from bots.discord.room import Standing, Waiting
from bots.guilds import facts
from tests.discord_service.client import Discord
from tests.discord_service.heartbeats import end_heartbeats
from tests.discord_service.lines import Loop
from tests.flows.house import eventually


@dataclass
class FakeRooms:
    """Where the bot is, as a dictionary. asked: every call in order. fails: raised by the next call of that name."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    reads: dict[int, list[int]] = field(default_factory=dict)
    waiting: dict[int, list[Waiting]] = field(default_factory=dict)
    latency_ms: float | None = None
    fails: dict[str, Exception] = field(default_factory=dict)

    def _note(self, name: str, *given: Any) -> None:
        self.asked.append((name, *given))
        if name in self.fails:
            raise self.fails.pop(name)

    async def join(self, guild_id: int, *, voice_channel_id: int, text_channel_id: int, invited_by: int | None) -> None:
        self._note("join", guild_id, voice_channel_id, text_channel_id, invited_by)
        self.places[guild_id] = voice_channel_id
        self.reads.setdefault(guild_id, []).append(text_channel_id)

    async def leave(self, guild_id: int) -> bool:
        self._note("leave", guild_id)
        return self.places.pop(guild_id, None) is not None

    async def skip(self, guild_id: int) -> bool:
        self._note("skip", guild_id)
        return bool(self.waiting.get(guild_id))

    async def clear(self, guild_id: int) -> int:
        self._note("clear", guild_id)
        return len(self.waiting.pop(guild_id, []))

    def queue(self, guild_id: int) -> list[Waiting]:
        return self.waiting.get(guild_id, [])

    def standing(self, guild_id: int) -> Standing:
        return Standing(
            voice_channel_id=self.places.get(guild_id),
            text_channel_ids=self.reads.get(guild_id, []),
            is_connected=guild_id in self.places,
            waiting=len(self.queue(guild_id)),
            latency_ms=self.latency_ms,
        )

    async def facts(self, guild_id: int) -> facts.GuildFacts:
        return await in_thread(facts.of_guild, guild_id)


class CommandsBot:
    """`with CommandsBot(service) as bot:` connected, and its commands known to Discord."""

    def __init__(self, service: Discord) -> None:
        self.service = service
        self.rooms = FakeRooms()
        self.loop = Loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="bot")

    def __enter__(self) -> Self:
        environment = self.service.environment()
        self.seams = (discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY)
        discord.http.Route.BASE = environment["DISCORD_API_BASE"]
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(environment["DISCORD_GATEWAY_URL"])
        self.thread.start()
        self.run(self._start(environment["DISCORD_TOKEN"], environment["SSL_CERT_FILE"]))
        eventually(self.client.is_ready, what="the bot is ready")
        return self

    def run(self, work: Coroutine[Any, Any, Any], seconds: float = 90.0) -> Any:
        """Return what `work` gives, run in the bot's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def sync(self) -> bool:
        return bool(self.run(sync_if_changed(self.tree, application_id=self.client.application_id or 0)))

    async def _start(self, token: str, certificate: str) -> None:
        trusted = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=certificate))
        intents = discord.Intents(guilds=True, voice_states=True)
        self.client = discord.Client(intents=intents, connector=trusted)
        self.tree = app_commands.CommandTree(self.client)
        build(self.tree, self.rooms)
        await self.tree.set_translator(words.Words())
        await self.client.login(token)
        await self.tree.sync()
        self.connecting = asyncio.create_task(self.client.connect())

    def __exit__(self, *_: object) -> None:
        self.run(self._stop())
        end_heartbeats(self.loop)
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = self.seams
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(60)
        self.loop.close()

    async def _stop(self) -> None:
        await self.client.close()
        await self.connecting
        # The thread of the bot's rows keeps a connection, which would hold the test's database.
        await in_thread(connections.close_all)
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self.loop.hung_up()
