"""What is said, and what is written down, when a command cannot be carried out."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest.mock import Mock

import aiohttp
import discord
import pytest
from discord import Locale
from django.db import OperationalError

from bots.database import in_thread
from bots.discord.commands import exchange, suggestions
from bots.guilds import edit
from bots.guilds.models import AutoJoin
from tests.bots_discord.commands.stage import CommandsBot
from tests.flows.house import eventually

SECRET = "花子の秘密の言葉"


@pytest.fixture
def busy_database(bot: CommandsBot):
    """The thread of the bot's rows is held until the test lets it go."""
    begun, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        may_end.wait(60)

    with ThreadPoolExecutor(1) as hand:
        held = hand.submit(bot.run, in_thread(hold))
        assert begun.wait(60)
        yield may_end
        may_end.set()
        held.result(60)


def test_an_error_nobody_foresaw_has_a_number_and_no_personal_text(discord, chat, hana, monkeypatch, caplog):
    def broken(*given, **named):
        raise ValueError(f"could not put {SECRET} into {given}")

    monkeypatch.setattr(edit, "add_entry", broken)
    with caplog.at_level(logging.INFO):
        english = discord.slash(hana, "dict add", channel=chat, locale="en-US", word=SECRET, reading="あ")
    japanese = discord.slash(hana, "dict add", channel=chat, word=SECRET, reading="あ")

    assert japanese.text.startswith("予期しない問題が起きました。")
    record, _ = [record for record in caplog.records if record.getMessage() == "command failed"]
    assert f"`{record.error_id}`" in english.text
    assert (record.command, record.error) == ("dict add", "ValueError")
    assert "in broken" in record.trace
    assert SECRET not in str([vars(record) for record in caplog.records])


def test_without_the_database_it_is_said_that_nothing_was_changed(discord, chat, hana, monkeypatch):
    def away(*given, **named):
        raise OperationalError(f"connection refused while storing {SECRET}")

    monkeypatch.setattr(edit, "set_silence", away)

    english = discord.slash(hana, "optout", channel=chat, locale="en-US")
    japanese = discord.slash(hana, "optout", channel=chat)

    assert english.text == ("My memory does not answer just now, so nothing was changed. Please try again in a minute.")
    assert japanese.text.startswith("今はデータベースが応答しないため")


def test_the_first_answer_does_not_wait_for_the_database(discord, chat, hana, busy_database):
    before = len(discord.calls("POST", "/callback"))
    other_line = type(discord)(discord.url, token=discord.token, certificate=discord.certificate)

    with ThreadPoolExecutor(1) as hand:
        asked = hand.submit(other_line.slash, hana, "optout", channel=chat)
        eventually(lambda: len(discord.calls("POST", "/callback")) > before, what="acknowledged")
        assert not asked.done()
        busy_database.set()
        assert asked.result(60).was_deferred


def test_suggestions_do_not_wait_for_the_database(discord, chat, hana, busy_database, monkeypatch):
    monkeypatch.setattr(suggestions, "MOST_SECONDS", 0.05)

    assert discord.autocomplete(hana, "dict remove", "word", "あ", channel=chat) == []


def test_who_asks_too_fast_is_told_to_wait(discord, chat, hana, taro):
    answers = [discord.slash(hana, "queue", channel=chat, locale="en-US").text for _ in range(7)]
    japanese = discord.slash(hana, "queue", channel=chat)
    other = discord.slash(taro, "queue", channel=chat, locale="en-US")

    assert answers[:6] == ["Nothing is being read and nothing waits."] * 6
    assert answers[6].startswith("That is a bit fast. Please ask again in ")
    assert japanese.text.startswith("少し速すぎます。")
    assert japanese.is_ephemeral
    assert other.text == "Nothing is being read and nothing waits."


def test_a_command_of_another_version_is_explained(discord, bot, chat, hana):
    bot.run(bot.tree.sync())
    old = {"name": "sing", "description": "of before the deploy", "type": 1, "options": []}
    known = [command.to_dict(bot.tree) for command in bot.tree.get_commands()]
    bot.run(bot.client.http.bulk_upsert_global_commands(bot.client.application_id, payload=[*known, old]))
    try:
        english = discord.slash(hana, "sing", channel=chat, locale="en-US")
        japanese = discord.slash(hana, "sing", channel=chat)
    finally:
        bot.run(bot.tree.sync())

    assert english.text == "This command has changed. Restart Discord, or try again in some minutes."
    assert japanese.text.startswith("このコマンドは変わりました。")


def test_a_server_that_discord_has_not_told_of_yet(discord, guild, chat, hana, rooms):
    discord.remove_guild(guild, unavailable=True)

    english = discord.slash(hana, "join", channel=chat, locale="en-US")
    japanese = discord.slash(hana, "optout", channel=chat)

    assert english.text == "Discord has not told me of this server yet. Please try again in a minute."
    assert japanese.text.startswith("このサーバーのことを")
    assert rooms.asked == []


async def test_a_private_message_is_answered_and_nothing_is_done(monkeypatch):
    told: list[str] = []

    async def note(interaction, text: str) -> None:
        told.append(text)

    monkeypatch.setattr(exchange, "answer_at_once", note)
    private = SimpleNamespace(guild=None, user=None, locale=Locale.japanese)

    with pytest.raises(exchange.AlreadyAnswered):
        async with exchange.answering(private):
            raise AssertionError("the command was carried out")

    assert told == ["これはサーバーの中でだけ使えます。ダイレクトメッセージでは使えません。"]


def test_values_that_discords_clients_would_not_send_are_refused(discord, guild, chat, boss):
    wrong_kind = discord.slash(boss, "settings autojoin-add", channel=chat, locale="en-US", voice=guild["words"])
    japanese = discord.slash(boss, "settings autojoin-add", channel=chat, voice=guild["words"])

    assert wrong_kind.text == "I cannot use one of these values. Please choose it from what is offered."
    assert japanese.text.startswith("使えない値があります。")
    assert not AutoJoin.objects.exists()


@pytest.mark.parametrize("lost", [aiohttp.ClientConnectionError("gone"), TimeoutError(), OSError("reset")])
async def test_without_a_line_to_discord_the_command_ends_quietly(caplog, lost):
    class Line:
        async def defer(self, **_options):
            raise lost

    member = Mock(spec=discord.Member)
    asked = Mock(guild=Mock(unavailable=False), user=member, locale=Locale.japanese, response=Line())
    asked.command.qualified_name = "join"

    async with exchange.answering(asked) as one:
        assert await one.say("参加しました") is None

    [record] = [record for record in caplog.records if record.getMessage() == "answer not sent"]
    assert (record.command, record.reason) == ("join", type(lost).__name__)
