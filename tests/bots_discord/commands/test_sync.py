"""Commands are sent to Discord when they are new or other than before, and never otherwise."""

import pytest
import redis

from tests.bots_discord.commands.stage import CommandsBot


@pytest.fixture
def told(bot: CommandsBot) -> CommandsBot:
    bot.run(bot.tree.sync())
    return bot


def puts(discord) -> int:
    return len(discord.calls("PUT", "/commands"))


def test_the_same_commands_are_not_sent_again(discord, told, valkey):
    before = puts(discord)

    assert told.sync() is False
    assert told.sync() is False

    assert puts(discord) == before
    assert len(valkey.keys("koebako:discord:commands:*")) == 1


def test_a_changed_description_is_sent_once(discord, told):
    told.sync()
    command = told.tree.get_command("help")
    was = command.description
    before = puts(discord)
    command.description = "Something else"
    try:
        assert told.sync() is True
        assert told.sync() is False
    finally:
        command.description = was
        told.run(told.tree.sync())

    assert puts(discord) == before + 2


def test_commands_that_somebody_deleted_are_sent_again_although_the_hash_is_known(discord, told):
    told.sync()
    http = told.client.http
    told.run(http.bulk_upsert_global_commands(told.client.application_id, payload=[]))

    assert told.sync() is True

    assert "join" in {command["name"] for command in discord.commands()}


def test_without_redis_what_discord_has_is_compared(discord, told, monkeypatch):
    def away() -> redis.Redis:
        raise redis.ConnectionError

    monkeypatch.setattr("bots.discord.commands.sync.client", away)
    before = puts(discord)

    assert told.sync() is False

    assert puts(discord) == before
