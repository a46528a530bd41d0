"""Where a bot that starts again goes, and when it may judge that."""

from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from bots.discord.client import ReadAloudBot
from bots.guilds import sessions
from bots.guilds.models import VoiceSession

pytestmark = pytest.mark.django_db(transaction=True)

GUILD = 7


@pytest.fixture
def session():
    return sessions.open_session(GUILD, voice_channel_id=70, text_channel_id=71, invited_by=None)


@pytest.fixture(autouse=True)
async def no_connection_left():
    """The bot's rows are read in a thread that other tests of this process share; theirs may not touch the database."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.mark.parametrize("guild", [None, SimpleNamespace(unavailable=True)], ids=["unnamed", "not described yet"])
async def test_a_session_waits_until_discord_has_described_its_guild(session, monkeypatch, guild):
    bot = ReadAloudBot()
    bot._pending = {GUILD: session}
    monkeypatch.setattr(bot, "get_guild", lambda _id: guild)

    await bot._restore()

    assert bot._pending == {GUILD: session}
    assert await VoiceSession.objects.filter(guild_id=GUILD).aexists()


async def test_a_session_of_a_channel_that_is_gone_ends(session, monkeypatch):
    bot = ReadAloudBot()
    bot._pending = {GUILD: session}
    described = SimpleNamespace(unavailable=False, get_channel=lambda _id: None)
    monkeypatch.setattr(bot, "get_guild", lambda _id: described)
    bot.rooms._find_guild = bot.get_guild

    await bot._restore()

    assert bot._pending == {}
    assert not await VoiceSession.objects.filter(guild_id=GUILD).aexists()
