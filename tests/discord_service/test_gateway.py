"""The gateway's faults, as discord.py meets them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import discord
import pytest

from tests.discord_service.client import Discord
from tests.discord_service.service import DiscordService
from tests.flows.house import eventually
from tests.waits import next_line


def contents(bot, guild):
    return [message.content for message in bot.messages if message.guild.id == guild.id]


def test_after_a_cut_the_session_goes_on_with_what_was_missed(service, start_bot):
    guild = service.add_guild()
    hana = service.add_user("hana")
    bot = start_bot(service)
    before = service.state()

    assert service.cut_gateway() == 1
    service.say(hana, guild["chat"], "その間に")

    assert bot.resumed.wait(60)
    eventually(lambda: contents(bot, guild) == ["その間に"], what="the missed message came")
    assert service.state()["resumed"] == before["resumed"] + 1
    assert service.state()["identified"] == before["identified"]


def test_an_invalid_session_is_begun_anew(service, start_bot):
    guild = service.add_guild()
    start_bot(service)
    before = service.state()["identified"]

    service.invalidate_session()

    eventually(lambda: service.state()["identified"] == before + 1, what="the bot identified again")
    assert service.state()["connected"] == 1
    assert guild.id


def test_without_the_intent_there_is_no_text_and_a_forbidden_one_is_closed_with_4014(service, start_bot):
    guild = service.add_guild()
    hana = service.add_user("hana")
    bot = start_bot(service, message_content=False)

    service.say(hana, guild["chat"], "ひみつ")
    service.say(hana, guild["chat"], f"{service.bot.mention} きこえる?")

    eventually(lambda: len(contents(bot, guild)) == 2, what="both messages came")
    assert contents(bot, guild) == ["", f"{service.bot.mention} きこえる?"]

    service.forbid_message_content()
    try:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            start_bot(service)
    finally:
        service.forbid_message_content(forbidden=False)


def test_a_guild_that_throws_the_bot_out_is_gone_and_one_it_is_added_to_is_there(service, start_bot):
    bot = start_bot(service)

    guild = service.add_guild("あたらしい")

    eventually(lambda: bot.client.get_guild(guild.id), what="the new guild is known")
    assert bot.client.get_guild(guild.id).name == "あたらしい"

    service.remove_guild(guild)

    eventually(lambda: bot.client.get_guild(guild.id) is None, what="the guild is gone")


BOT = """
import os, warnings
warnings.simplefilter("ignore")
import discord, yarl

discord.http.Route.BASE = os.environ["DISCORD_API_BASE"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])
class Client(discord.AutoShardedClient):
    async def before_identify_hook(self, shard_id, *, initial=False):
        pass  # no 5 s between two IDENTIFYs

client = Client(
    intents=discord.Intents(guilds=True, voice_states=True), shard_count=SHARDS, guild_ready_timeout=0.05
)

class Hum(discord.AudioSource):
    def is_opus(self):
        return True
    def read(self):
        return b"\\xf8hum"

@client.event
async def on_ready():
    for guild in client.guilds:
        voice = await guild.voice_channels[0].connect(timeout=60)
        print(guild.shard_id, guild.name, voice.is_connected(), flush=True)
        voice.play(Hum())

client.run(os.environ["DISCORD_TOKEN"], log_handler=None)
"""


@contextmanager
def bot_process(service: Discord, *, shards: int) -> Iterator[subprocess.Popen[str]]:
    """A bot with nothing but its environment, that hums in every guild's first voice channel; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", BOT.replace("SHARDS", str(shards))],
        env=os.environ | service.environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        yield process
        process.kill()


def test_a_process_with_nothing_but_the_environment_comes_here_with_two_shards_and_trusts_the_voice_server():
    with DiscordService() as service:
        guilds = [service.add_guild(f"guild {number}") for number in range(4)]

        with bot_process(service, shards=2) as bot:
            said = {next_line(bot, what="that it is connected to a voice channel").rstrip() for _ in guilds}

        assert said == {f"{(guild.id >> 22) % 2} {guild.name} True" for guild in guilds}
        assert service.state()["identified"] == 2


def test_a_killed_bot_is_heard_again_after_it_has_come_back():
    with DiscordService() as service:
        guild = service.add_guild()
        service.enter(service.add_user("hana"), guild["lounge"])

        for _ in range(2):
            with bot_process(service, shards=1) as bot:
                next_line(bot, what="that it is connected to the voice channel")
                service.forget_heard()
                eventually(lambda: len(service.heard(guild).frames) > 10, what="it is heard")
                assert {frame.opus for frame in service.heard(guild).frames} == {b"\xf8hum"}
                assert service.voice_counts(guild)["bad"] == 0
            eventually(lambda: not service.state()["voice_connected"], what="its voice is gone")
        assert service.state()["identified"] == 2
