"""Every command there is answers Japanese people in Japanese and all others in English."""

import re

import pytest
from discord import app_commands

from bots.guilds import edit
from bots.guilds.models import VoiceSession
from jobs.runtime import clock
from tests.discord_service.client import File

JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")

COMMANDS = (
    "join", "status", "queue", "skip", "clear", "leave", "voice", "nickname", "optout", "help", "announce",
    "dict add", "dict remove", "dict list", "dict import", "dict export",
    "settings show", "settings reading", "settings voice", "settings access", "settings mute", "settings unmute",
    "settings dictionary-channel", "settings autojoin-add", "settings autojoin-remove", "weather", "image",
)  # fmt: skip


def options(command: str, guild, taro) -> dict:
    return {
        "nickname": {"reading": "Boss"},
        "announce": {"text": "Closing soon"},
        "image": {"dishes": "ramen, gyoza"},
        "dict add": {"word": "box", "reading": "bokkusu"},
        "dict remove": {"word": "word"},
        "dict import": {"file": File("words.json", b'{"another": "anaza"}')},
        "settings mute": {"member": taro},
        "settings unmute": {"member": taro},
        "settings autojoin-add": {"voice": guild["lounge"]},
        "settings autojoin-remove": {"voice": str(guild["games"].id)},
    }.get(command, {})


def test_no_command_is_left_out(bot):
    there = {one.qualified_name for one in bot.tree.walk_commands() if isinstance(one, app_commands.Command)}

    assert there == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_speaks_both_languages(discord, guild, chat, boss, taro, command):
    discord.enter(boss, guild["lounge"])
    VoiceSession.objects.create(guild=edit.guild(guild.id), voice_channel_id=guild["lounge"].id, since=clock.now())
    edit.add_entry(guild.id, "word", "wado", by="staff")
    edit.set_auto_join(guild.id, voice_channel_id=guild["games"].id, text_channel_id=chat.id)
    given = options(command, guild, taro)

    english = discord.slash(boss, command, channel=chat, locale="en-GB", **given)
    japanese = discord.slash(boss, command, channel=chat, locale="ja", **given)

    for answer in (english, japanese):
        assert answer.was_deferred
        assert answer.is_ephemeral
        assert answer.message.form["allowed_mentions"] == {"parse": []}
        assert "`" not in answer.text  # no number of an error nobody foresaw
    assert not JAPANESE.search(english.text)
    assert JAPANESE.search(japanese.text)
