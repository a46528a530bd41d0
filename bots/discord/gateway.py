"""discord.py's line to the gateway, with a breath of the event loop between two events.

What has arrived together discord.py takes in one go: the descriptions of a thousand guilds after a start, or a hundred
messages. Meanwhile nothing else happened in the process.

Put in place by run.py, once, before the bot connects.
"""

import asyncio
from typing import Any

import discord.shard
from discord.gateway import DiscordWebSocket


class HouseGateway(DiscordWebSocket):
    async def received_message(self, msg: Any, /) -> None:
        await super().received_message(msg)
        await asyncio.sleep(0)


def put_in_place() -> None:
    """Have discord.py's shards use it; tests/bots_discord/test_discord_py.py holds the name."""
    discord.shard.DiscordWebSocket = HouseGateway  # type: ignore[misc]
