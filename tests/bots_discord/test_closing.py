"""What a bot that ends leaves to itself, and what it does not do any more."""

import asyncio
from collections.abc import Iterator

import pytest

from jobs.runtime import memory
from tests.bots_discord.in_process import Bot
from tests.discord_service.client import Discord
from tests.discord_service.service import DiscordService
from tests.flows.house import eventually


@pytest.fixture
def discord() -> Iterator[Discord]:
    with DiscordService() as service:
        yield service


@pytest.fixture
def bot(discord: Discord, transactional_db: None, valkey: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    # Frozen objects would stay for the tests after this one.
    monkeypatch.setattr(memory, "settle", lambda: None)
    with Bot(discord) as bot:
        eventually(discord.commands, what="the slash commands are registered")
        yield bot


async def watchers() -> int:
    """Of lines to voice servers: discord.py's tasks that come again when such a line ends."""
    return sum(task.get_name() == "Voice websocket poller" for task in asyncio.all_tasks())


def test_it_comes_again_to_no_voice_server(discord: Discord, bot: Bot) -> None:
    guild = discord.add_guild("テスト", text=["chat"], voice=["lounge"])
    hana = discord.add_user("花子")
    discord.add_member(guild, hana)
    discord.enter(hana, guild["lounge"])
    discord.slash(hana, "join", channel=guild["chat"])
    discord.wait_in_voice(guild)
    eventually(lambda: bot.run(watchers()) == 1, what="the line to the voice server is watched")

    bot.run(bot.client.close())

    assert bot.run(watchers()) == 0
