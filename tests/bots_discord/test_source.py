"""What the player's thread takes: packets as they were pushed, silence between them, and an end after a while."""

import asyncio

import pytest

from bots.discord.source import IDLE_PACKETS, SILENCE, PacketSource


@pytest.fixture
async def source():
    return PacketSource(asyncio.get_running_loop())


async def test_packets_come_out_as_they_went_in(source):
    source.push([b"one", b"two"])

    assert [source.read(), source.read(), source.read()] == [b"one", b"two", SILENCE]
    assert source.packets_read == 2


async def test_between_two_clips_there_is_silence_and_after_a_second_the_end(source):
    assert [source.read() for _ in range(IDLE_PACKETS)] == [SILENCE] * IDLE_PACKETS
    assert source.read() is None

    source.push([b"again"])

    assert source.read() == b"again"


async def test_who_waits_for_the_end_is_told_when_the_last_packet_was_taken(source):
    told = asyncio.Event()
    source.push([b"one"])
    source.call_after(told.set)

    assert source.read() == b"one"
    await asyncio.sleep(0)
    assert not told.is_set()
    assert source.read() == SILENCE
    async with asyncio.timeout(60):
        await told.wait()


async def test_silence_forgets_what_was_not_heard(source):
    source.push([b"one", b"two"])

    source.silence()

    assert not source.has_sound()
    assert source.read() == SILENCE
