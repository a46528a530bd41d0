"""What other processes changed reaches the bot."""

import asyncio

import pytest

from bots.discord import listener as listeners
from bots.discord.listener import Listener
from bots.guilds import changes

pytestmark = pytest.mark.django_db(transaction=True)


class Ears:
    def __init__(self) -> None:
        self.heard: list[tuple] = []
        self.news = asyncio.Event()

    def _note(self, *what) -> None:
        self.heard.append(what)
        self.news.set()

    def guild_changed(self, guild_id):
        self._note("guild", guild_id)

    def member_changed(self, member):
        self._note("member", member)

    def something_to_say(self, guild_id):
        self._note("say", guild_id)

    def guild_erased(self, guild_id):
        self._note("left", guild_id)

    def everything_changed(self):
        self._note("everything")

    async def until(self, *what) -> None:
        async with asyncio.timeout(60):
            while what not in self.heard:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def ears(valkey):
    ears = Ears()
    running = asyncio.create_task(Listener(ears).run())
    yield ears
    running.cancel()
    await asyncio.wait({running})


async def test_each_change_is_heard(ears):
    await ears.until("everything")
    await ears.until("say", None)

    for tell in (
        lambda: changes.guild_changed(7),
        lambda: changes.member_changed("discord", "11"),
        lambda: changes.something_to_say(8),
        lambda: changes.left(9),
    ):
        await asyncio.to_thread(tell)

    for what in (("guild", 7), ("member", "discord:11"), ("say", 8), ("left", 9)):
        await ears.until(*what)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"guild": "x"}', b'{"who": 1}', b"\xff\xfe", b"[" * 5000])
async def test_a_message_of_a_stranger_is_passed_over(ears, valkey, data):
    await ears.until("everything")

    valkey.publish(changes.CHANNEL, data)
    valkey.publish(changes.CHANNEL, b'{"guild": 7}')

    await ears.until("guild", 7)


async def test_after_an_outage_everything_is_taken_for_changed(ears, valkey, monkeypatch):
    monkeypatch.setattr(listeners, "AGAIN_SECONDS", 0.0)
    await ears.until("say", None)
    ears.heard.clear()

    for connection in valkey.client_list(_type="pubsub"):
        valkey.client_kill_filter(_id=connection["id"])

    await ears.until("everything")
    await ears.until("say", None)
