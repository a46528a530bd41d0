"""The real discord.py speaks, and the stand-in hears it."""

import ssl

import aiohttp
import discord
import pytest

from tests.discord_service import hearing
from tests.discord_service.lines import hung_up
from tests.flows.house import eventually


def test_ten_packets_arrive_as_they_were_sent_and_sound_as_they_should(service, start_bot, hum):
    guild = service.add_guild()
    bot = start_bot(service)
    voice = bot.join(guild["lounge"])

    bot.play(voice, hum)

    [clip] = service.wait_clips(guild, 1)
    assert clip.packets == hum
    assert clip.fingerprint == hearing.fingerprint(hum)
    assert clip.lost == 0
    assert not clip.is_end_to_end
    assert clip.pitch() == pytest.approx(200, rel=0.02)
    assert service.voice_counts(guild)["bad"] == 0
    assert any(flag for _, flag in service.speaking(guild))


def test_two_clips_are_told_apart_by_their_packets_also_when_one_is_cut(service, start_bot, hum):
    guild = service.add_guild()
    bot = start_bot(service)
    voice = bot.join(guild["lounge"])
    other = [packet[:1] + bytes(10) + packet[1:] for packet in hum]

    bot.play(voice, [*hum, hearing.SILENCE, *other[:7]])

    service.wait_clips(guild, 2)
    first, second = service.heard(guild).recognise({"hum": hum, "other": other})
    assert (first.name, first.is_whole) == ("hum", True)
    assert (second.name, second.heard, second.missing) == ("other", 7, 3)
    assert first.ended_at < second.started_at
    assert service.voice_counts(guild)["lost"] == 0


def test_moved_by_an_administrator_the_bot_follows_and_is_heard_there(service, start_bot, hum):
    guild = service.add_guild(voice=["lounge", "den"])
    bot = start_bot(service)
    voice = bot.join(guild["lounge"])
    connections = service.state()["voice_identified"]

    service.move_bot(guild["den"])

    eventually(lambda: service.state()["voice_identified"] > connections, what="the bot connected anew")
    eventually(voice.is_connected, what="its voice stands")
    assert voice.channel.id == guild["den"].id
    bot.play(voice, hum)
    [clip] = service.wait_clips(guild, 1)
    assert clip.packets == hum


def test_kicked_by_an_administrator_the_bot_is_out(service, start_bot):
    guild = service.add_guild()
    bot = start_bot(service)
    voice = bot.join(guild["lounge"])

    service.kick_bot(guild)

    eventually(lambda: not voice.is_connected(), what="the bot saw it")
    eventually(lambda: str(guild.id) not in service.state()["bot_in"], what="nobody is shown in voice")


@pytest.mark.parametrize("code", [4006, 4009])
def test_a_session_that_is_gone_is_begun_anew(service, start_bot, code):
    guild = service.add_guild()
    bot = start_bot(service)
    voice = bot.join(guild["lounge"])
    service.murmur(guild)
    asked = service.state()["voice_identified"]

    service.close_voice(guild, code)

    eventually(lambda: service.state()["voice_identified"] > asked, what="the bot identified again")
    eventually(voice.is_connected, what="its voice stands")


def test_without_the_permission_to_connect_op_4_is_not_answered(service, start_bot):
    guild = service.add_guild()
    service.forbid(guild["lounge"], "connect")
    bot = start_bot(service)
    channel = bot.channel(guild["lounge"])

    assert not channel.permissions_for(channel.guild.me).connect
    with pytest.raises(TimeoutError):
        bot.do(channel.connect(timeout=0.5, reconnect=False))
    assert str(guild.id) not in service.state()["bot_in"]


async def test_a_voice_session_is_resumed_after_4015_and_gets_what_it_missed(service, start_bot):
    guild = service.add_guild()
    bot = start_bot(service)
    state = bot.join(guild["lounge"])._connection
    trusted = ssl.create_default_context(cafile=service.certificate)
    resume = {"token": state.token, "server_id": str(guild.id), "session_id": state.session_id, "seq_ack": 0}

    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"wss://{state.endpoint}/?v=8", ssl=trusted) as socket,
    ):
        line = socket.get_extra_info("socket")
        assert (await socket.receive_json())["op"] == 8
        await socket.send_json({"op": 7, "d": resume})
        missed, resumed = await socket.receive_json(), await socket.receive_json()
    await hung_up(line)

    assert (missed["op"], missed["seq"]) == (4, 1)
    assert resumed["op"] == 9
    assert service.state()["voice_resumed"] == 1


def test_on_a_stage_the_bot_is_suppressed_until_it_may_speak(service, start_bot):
    guild = service.add_guild()
    stage = service.add_channel(guild, "stage", kind="stage")
    bot = start_bot(service)
    voice = bot.join(stage)
    member = voice.channel.guild.me
    assert service.state()["suppressed"] == [guild.id]

    with pytest.raises(discord.Forbidden):
        bot.do(member.edit(suppress=False))
    service.add_member(guild, service.bot, roles=[service.add_role(guild, "speaker", permissions=["mute_members"])])
    bot.do(member.edit(suppress=False))

    assert service.state()["suppressed"] == []


def test_another_voice_server_in_the_middle_is_taken(service, start_bot, hum):
    guild = service.add_guild()
    bot = start_bot(service)
    voice = bot.join(guild["lounge"])
    identified = service.state()["voice_identified"]

    service.change_voice_server(guild)

    eventually(lambda: service.state()["voice_identified"] > identified, what="the bot connected anew")
    service.wait_in_voice(guild)
    eventually(voice.is_connected, what="its voice stands")
    bot.play(voice, hum)
    [clip] = service.wait_clips(guild, 1)
    assert clip.packets == hum
