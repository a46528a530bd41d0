"""Between two events from Discord the rest of the bot has its turn."""

import asyncio
import json

import aiohttp
import discord.shard
from discord.gateway import DiscordWebSocket

from bots.discord.gateway import HouseGateway, put_in_place


class Line:
    """A websocket on which a thousand events have arrived already."""

    def __init__(self, count: int) -> None:
        self.left = count

    async def receive(self, timeout: float):
        self.left -= 1
        event = {"op": 0, "t": "TYPING_START", "s": self.left, "d": {}}
        return type("Message", (), {"type": aiohttp.WSMsgType.TEXT, "data": json.dumps(event)})


async def test_what_has_arrived_together_is_taken_one_by_one():
    gateway = HouseGateway(Line(100), loop=asyncio.get_running_loop())
    taken, others = [], 0
    gateway._discord_parsers = {"TYPING_START": taken.append}
    gateway._dispatch = lambda *_given: None
    gateway._max_heartbeat_timeout, gateway.shard_id = 60, 0

    async def read() -> None:
        for _ in range(100):
            await gateway.poll_event()

    reading = asyncio.create_task(read())
    while not reading.done():
        others += 1
        await asyncio.sleep(0)

    await reading
    assert len(taken) == 100
    assert others >= 100


def test_the_houses_line_is_put_where_discord_pys_shards_look(monkeypatch):
    # Given back afterwards.
    monkeypatch.setattr(discord.shard, "DiscordWebSocket", DiscordWebSocket)

    put_in_place()

    assert discord.shard.DiscordWebSocket is HouseGateway
