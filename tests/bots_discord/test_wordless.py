"""S10: what people write, how they are called, their dictionary and the bot's token: in no line of the bot's log.

The whole bot beside the stand-in, with every part broken in turn by an error that quotes what it was given; the log
is what both formats would write, of all libraries, at DEBUG.
"""

import asyncio
import gc
import io
import logging
import secrets
from collections.abc import Iterator

import pytest
import structlog
from django.db import DataError

from bots import wordless
from bots.discord import dictionary_channel, intake, saying
from bots.guilds import edit
from core import logs
from jobs.runtime import memory
from tests.bots_discord.in_process import Bot
from tests.discord_service.client import Discord
from tests.discord_service.service import DiscordService
from tests.discord_service.things import File
from tests.flows.house import eventually

PLACES = ("text", "broken", "refused", "stuck", "nick", "name", "word", "reading", "line", "file", "lost")


@pytest.fixture(scope="module")
def discord() -> Iterator[Discord]:
    with DiscordService() as service:
        yield service


@pytest.fixture
def said() -> dict[str, str]:
    return {place: f"canary{place}{secrets.token_hex(4)}" for place in PLACES}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """All that is logged, as both formats would write it."""
    heard, root, handlers = io.StringIO(), logging.getLogger(), []
    before, filters = root.level, {handler: list(handler.filters) for handler in root.handlers}
    levels = {name: logging.getLogger(name).level for name in wordless.LIBRARIES}
    for form in ("json", "console"):
        handler = logging.StreamHandler(heard)
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(foreign_pre_chain=logs.SHARED, processors=logs.processors(form))
        )
        handlers.append(handler)
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    wordless.keep_words_out()
    yield heard
    root.setLevel(before)
    for handler in handlers:
        root.removeHandler(handler)
    for handler, own in filters.items():
        handler.filters = own
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def bot(discord: Discord, lines, transactional_db, valkey, monkeypatch) -> Iterator[Bot]:
    # Frozen objects would stay for the tests after this one.
    monkeypatch.setattr(memory, "settle", lambda: None)
    with Bot(discord) as bot:
        eventually(discord.commands, what="the slash commands are registered")
        yield bot


def breaks(holder, name, monkeypatch, *, quoting: str, error: type[Exception] = ValueError) -> None:
    """Let a part break, in an error that quotes what it was given, when that holds the canary."""
    whole = getattr(holder, name)

    def broken(*given, **named):
        if quoting in repr((given, named)):
            raise error(f"DETAIL: Failing row contains {given} {named} {quoting}")
        return whole(*given, **named)

    monkeypatch.setattr(holder, name, broken)


def test_no_word_of_anybody_and_no_token_is_in_the_log_whatever_breaks(discord, bot, lines, said, monkeypatch):
    def wait_for(sentence: str) -> None:
        eventually(lambda: sentence in lines.getvalue(), what=f"the log says {sentence!r}")

    guild = discord.add_guild("テスト", text=["chat", "words"], voice=["lounge"])
    hana = discord.add_user("花子", display_name=said["name"])
    discord.add_member(guild, hana, nick=said["nick"])
    discord.enter(hana, guild["lounge"])
    discord.slash(hana, "join", channel=guild["chat"])
    discord.wait_in_voice(guild)
    discord.slash(hana, "dict add", channel=guild["chat"], word=said["word"], reading=said["reading"])
    edit.change_settings(guild.id, dictionary_channel_id=guild["words"].id, dictionary_is_open=True)
    facts = bot.client.memory.guild
    eventually(lambda: bot.run(facts(guild.id)).dictionary_channel_id == guild["words"].id, what="the bot knows")
    room = bot.client.rooms.get(guild.id)

    # What goes well, and is ended by hand.
    discord.say(
        hana, guild["chat"], f"{said['text']} {said['word']}", files=[File(f"{said['file']}.png", b"", "image/png")]
    )
    eventually(lambda: room.queue.items and room.queue.items[0].is_stored, what="the message waits")
    assert said["text"] in room.queue.items[0].text
    discord.slash(hana, "skip", channel=guild["chat"])
    wait_for("not said to its end")

    # Reading it breaks.
    breaks(intake.reading, "read", monkeypatch, quoting=said["broken"])
    discord.say(hana, guild["chat"], said["broken"])
    wait_for("Ignoring exception in on_message")

    # The database refuses its row.
    breaks(bot.client.writer, "_apply", monkeypatch, quoting=said["refused"], error=DataError)
    discord.say(hana, guild["chat"], said["refused"])
    wait_for("a change could not be stored")

    # Saying it breaks.
    breaks(saying.Saying, "first_sound", monkeypatch, quoting=said["stuck"])
    discord.say(hana, guild["chat"], said["stuck"])
    wait_for("an item could not be said")

    # The dictionary cannot be changed.
    breaks(dictionary_channel.dictionary_lines, "apply", monkeypatch, quoting=said["line"], error=DataError)
    discord.say(hana, guild["words"], f"{said['line']} よみ")
    wait_for("dictionary lines not taken")

    # An errand fails, and nobody asks.
    async def forgotten() -> None:
        raise ValueError(said["lost"])

    bot.run(_leave_behind(bot, forgotten()))
    wait_for("an error that nobody caught")

    log = lines.getvalue()
    assert [place for place, word in said.items() if word in log] == []
    assert discord.token not in log
    assert "DETAIL" not in log
    assert all(f'"error": "{kind}"' in log for kind in ("ValueError", "DataError"))


async def _leave_behind(bot: Bot, errand) -> None:
    """Run an errand to its end; asyncio tells of its error when its task is forgotten."""
    bot.client.rooms._run(errand)
    while bot.client.rooms._errands:
        await asyncio.sleep(0)
    gc.collect()
