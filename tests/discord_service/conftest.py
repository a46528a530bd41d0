"""A plain discord.Client, in a thread of the test: what a bot does, and nothing of ours."""

import asyncio
import ssl
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import aiohttp
import av
import numpy as np
import pytest
import yarl

from tests.discord_service.client import Channel, Discord
from tests.discord_service.heartbeats import end_heartbeats
from tests.discord_service.lines import Loop
from tests.discord_service.service import DiscordService
from tests.flows.house import eventually

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord

SECONDS = 60.0  # a machine shared by many starves a test for seconds


class Packets(discord.AudioSource):
    """Ready Opus packets, then the end."""

    def __init__(self, packets: list[bytes]) -> None:
        self.waiting = list(packets)

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        return self.waiting.pop(0) if self.waiting else b""


class Client(discord.Client):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait 5 s between two IDENTIFYs."""


class PlainBot:
    """discord.py's own client on its own loop; `do` runs a coroutine there and waits for it."""

    def __init__(self, service: Discord, monkeypatch: pytest.MonkeyPatch, intents: discord.Intents) -> None:
        environment = service.environment()
        monkeypatch.setattr(discord.http.Route, "BASE", environment["DISCORD_API_BASE"])
        gateway = yarl.URL(environment["DISCORD_GATEWAY_URL"])
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
        self.environment = environment
        self.intents = intents
        self.messages: list[discord.Message] = []
        self.texts: list[str] = []  # as they were when they came
        self.resumed = threading.Event()
        self.ready = threading.Event()
        self.ended_with: BaseException | None = None
        self.loop = Loop()
        self.runner = asyncio.Runner(loop_factory=lambda: self.loop)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with self.runner:
                self.runner.run(self._live())
        except BaseException as error:
            self.ended_with = error
            self.ready.set()

    async def _live(self) -> None:
        trusted = ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])
        self.client = Client(
            intents=self.intents,
            connector=aiohttp.TCPConnector(ssl=trusted),
            guild_ready_timeout=0.05,  # how long after the last guild it waits for one more
        )
        self.tree = discord.app_commands.CommandTree(self.client)
        self.client.event(self.on_ready)
        self.client.event(self.on_resumed)
        self.client.event(self.on_message)
        try:
            async with self.client:
                await self.client.start(self.environment["DISCORD_TOKEN"])
        finally:
            await self.loop.hung_up()

    async def on_ready(self) -> None:
        self.ready.set()

    async def on_resumed(self) -> None:
        self.resumed.set()

    async def on_message(self, message: discord.Message) -> None:
        self.messages.append(message)
        self.texts.append(message.clean_content)

    def start(self) -> "PlainBot":
        self.thread.start()
        assert self.ready.wait(SECONDS), "discord.py did not become ready"
        if self.ended_with is not None:
            raise self.ended_with
        return self

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(SECONDS)

    def channel(self, channel: Channel) -> Any:
        return eventually(
            lambda: self.client.get_channel(channel.id), what="the bot knows the channel", seconds=SECONDS
        )

    def join(self, channel: Channel) -> discord.VoiceClient:
        return self.do(self.channel(channel).connect(timeout=SECONDS / 2, reconnect=True))

    def play(self, voice: discord.VoiceClient, packets: list[bytes]) -> None:
        self.loop.call_soon_threadsafe(voice.play, Packets(packets))

    def stop(self) -> None:
        end_heartbeats(self.loop)
        if not self.client.is_closed():
            self.do(self.client.close())
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()


@pytest.fixture(scope="module")
def service() -> Iterator[Discord]:
    with DiscordService(dave=0) as discord_service:
        yield discord_service


@pytest.fixture(scope="module")
def dave_service() -> Iterator[Discord]:
    with DiscordService(require_dave=True) as discord_service:
        yield discord_service


@pytest.fixture
def start_bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., PlainBot]]:
    """start_bot(service, message_content=True) -> a bot that is ready."""
    started: list[PlainBot] = []

    def start(service: Discord, *, message_content: bool = True) -> PlainBot:
        intents = discord.Intents(guilds=True, voice_states=True, guild_messages=True, message_content=message_content)
        started.append(PlainBot(service, monkeypatch, intents))
        return started[-1].start()

    yield start
    for bot in started:
        bot.stop()


@pytest.fixture(scope="session")
def hum() -> list[bytes]:
    """A voiced sound of 200 Hz, ten Opus packets of 20 ms."""
    times = np.arange(int(0.2 * 48_000)) / 48_000
    wave = sum(np.sin(2 * np.pi * 200 * number * times) / number for number in range(1, 9))
    samples = (wave * 6_000).astype(np.int16)
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.options = {"frame_duration": "20", "application": "voip"}
    encoder.open()
    packets = []
    for start in range(0, len(samples), 960):
        frame = av.AudioFrame.from_ndarray(samples[start : start + 960].reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, start
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets[:10]
