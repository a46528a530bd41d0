"""One stand-in for Discord and one bot for all these tests; a server and people of its own for each."""

from collections.abc import Iterator

import pytest

from tests.bots_discord.commands.stage import CommandsBot, FakeRooms
from tests.discord_service.client import Channel, Discord, Guild, User
from tests.discord_service.service import DiscordService


@pytest.fixture(scope="package")
def discord() -> Iterator[Discord]:
    with DiscordService() as service:
        yield service


@pytest.fixture(scope="package")
def commands_bot(discord: Discord, django_db_setup: None) -> Iterator[CommandsBot]:
    with CommandsBot(discord) as bot:
        yield bot


@pytest.fixture
def bot(commands_bot: CommandsBot, transactional_db: None, valkey: object) -> CommandsBot:
    fresh = FakeRooms()
    commands_bot.rooms.__dict__.update(fresh.__dict__)
    return commands_bot


@pytest.fixture
def rooms(bot: CommandsBot) -> FakeRooms:
    return bot.rooms


@pytest.fixture
def guild(discord: Discord, bot: CommandsBot) -> Guild:
    return discord.add_guild("テスト", text=["chat", "words"], voice=["lounge", "games"])


@pytest.fixture
def chat(guild: Guild) -> Channel:
    return guild["chat"]


@pytest.fixture
def hana(discord: Discord, guild: Guild) -> User:
    """A member who is in the voice channel."""
    member = discord.add_user("花子")
    discord.enter(member, guild["lounge"])
    return member


@pytest.fixture
def taro(discord: Discord, guild: Guild) -> User:
    """A member who is in no voice channel."""
    member = discord.add_user("太郎")
    discord.add_member(guild, member)
    return member


@pytest.fixture
def boss(discord: Discord, guild: Guild) -> User:
    """A member who manages the server; in no voice channel."""
    member = discord.add_user("店長")
    role = discord.add_role(guild, "管理", permissions=["manage_guild"])
    discord.add_member(guild, member, roles=[role])
    return member
