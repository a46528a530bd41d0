"""The same under DAVE: discord.py and davey seal every frame, and only the listener in the channel can open it."""

import discord
import pytest

from tests.discord_service import hearing
from tests.discord_service.client import Discord, Guild
from tests.discord_service.conftest import SECONDS
from tests.flows.house import eventually


def is_sealed(voice: discord.VoiceClient) -> bool:
    return voice._connection.can_encrypt


def is_settled(service: Discord, guild: Guild, voice: discord.VoiceClient, *, heard: bool) -> bool:
    """Whether the listener is in, or out, and the bot knows: until then it seals for whom it knew before."""
    found = service.dave(guild)
    return found["is_heard"] is heard and voice._connection.dave_session.epoch == found["epoch"]


def test_a_bot_that_comes_to_a_listener_is_welcomed_and_heard(dave_service, start_bot, hum):
    guild = dave_service.add_guild()
    bot = start_bot(dave_service)
    bot.channel(guild["lounge"])
    dave_service.enter(dave_service.add_user("hana"), guild["lounge"])

    voice = bot.join(guild["lounge"])
    eventually(lambda: is_sealed(voice), what="the group stands")
    bot.play(voice, hum)

    [clip] = dave_service.wait_clips(guild, 1)
    assert clip.is_end_to_end
    assert clip.packets == hum
    assert clip.pitch() == pytest.approx(200, rel=0.02)
    assert voice.voice_privacy_code
    assert dave_service.voice_counts(guild)["bad"] == 0


def test_a_bot_that_was_alone_adds_who_comes_and_goes_and_comes_again(dave_service, start_bot, hum):
    guild = dave_service.add_guild()
    hana, taro = dave_service.add_user("hana"), dave_service.add_user("taro")
    bot = start_bot(dave_service)
    voice = bot.join(guild["lounge"])

    bot.play(voice, hum)
    [clear] = dave_service.wait_clips(guild, 1)
    assert not clear.is_end_to_end  # nobody else is in the group
    assert clear.packets == hum

    for count, person in enumerate((hana, taro), start=2):
        dave_service.enter(person, guild["lounge"])
        eventually(lambda: is_settled(dave_service, guild, voice, heard=True), what="the listener is in")
        bot.play(voice, hum)
        clips = dave_service.wait_clips(guild, count)
        assert clips[-1].is_end_to_end
        assert clips[-1].fingerprint == hearing.fingerprint(hum)
        dave_service.leave(person, guild)
        eventually(lambda: is_settled(dave_service, guild, voice, heard=False), what="the listener is out")

    assert dave_service.dave(guild)["commits"] == 4
    assert dave_service.dave(guild)["invalid"] == 0
    assert dave_service.voice_counts(guild)["bad"] == 0


def test_a_bot_that_could_not_take_a_commit_is_welcomed_anew(dave_service, start_bot, hum):
    guild = dave_service.add_guild()
    bot = start_bot(dave_service)
    bot.channel(guild["lounge"])
    dave_service.enter(dave_service.add_user("hana"), guild["lounge"])
    voice = bot.join(guild["lounge"])
    eventually(lambda: is_sealed(voice), what="the group stands")
    before = voice.voice_privacy_code

    bot.do(voice._connection._recover_from_invalid_commit(1))

    eventually(lambda: voice.voice_privacy_code not in (None, before), what="another group stands")
    assert dave_service.dave(guild)["invalid"] == 1
    bot.play(voice, hum)
    [clip] = dave_service.wait_clips(guild, 1)
    assert clip.is_end_to_end
    assert clip.packets == hum


def test_without_dave_the_voice_server_closes_with_4017(dave_service, start_bot, monkeypatch):
    guild = dave_service.add_guild()
    bot = start_bot(dave_service)
    monkeypatch.setattr(discord.voice_state, "has_dave", False)

    with pytest.raises(discord.errors.ConnectionClosed) as refused:
        bot.do(bot.channel(guild["lounge"]).connect(timeout=SECONDS / 2, reconnect=False))

    assert refused.value.code == 4017
