"""The sounds of all guilds come over few lines to Redis, and a line that breaks is drawn again."""

import asyncio
from uuid import uuid4

import pytest

from bots.discord.clips import Clips
from jobs.runtime import parts
from jobs.runtime.connection import client
from jobs.runtime.models import Status


@pytest.fixture
async def clips(valkey):
    clips = Clips()
    yield clips
    await clips.close()


def made(*pieces: bytes):
    """Return a task whose sound lies in Redis."""
    task = uuid4()
    for number, piece in enumerate(pieces):
        parts.send(task, number, piece)
    parts.send_end(task, Status.SUCCESS, count=len(pieces))
    return task


async def heard(clips: Clips, task) -> list[bytes]:
    return [piece async for piece in clips.read(task, is_new=True)]


def lines_drawn() -> int:
    return int(client().info("stats")["total_connections_received"])


async def test_a_clip_is_read_whole_over_a_line_that_was_drawn_for_another(clips):
    first, second = made(b"one", b"two"), made(b"three")
    assert await heard(clips, first) == [b"one", b"two"]
    before = lines_drawn()

    assert await heard(clips, second) == [b"three"]

    assert lines_drawn() == before


async def test_clips_of_many_guilds_do_not_mix(clips):
    tasks = {made(b"%d" % number, b"end"): b"%d" % number for number in range(20)}

    found = await asyncio.gather(*(heard(clips, task) for task in tasks))

    assert found == [[word, b"end"] for word in tasks.values()]


async def test_who_waits_for_a_piece_and_is_cancelled_leaves_nothing_for_the_next(clips):
    waiting, ready = uuid4(), made(b"mine")
    reader = asyncio.create_task(heard(clips, waiting))
    async with asyncio.timeout(60):
        while not client().info("clients")["blocked_clients"]:
            await asyncio.sleep(0)

    reader.cancel()
    await asyncio.wait({reader})
    parts.send(waiting, 0, b"not mine")

    assert await heard(clips, ready) == [b"mine"]


async def test_lines_that_the_server_closed_are_drawn_again(clips):
    assert await heard(clips, made(b"before")) == [b"before"]
    client().client_kill_filter(_type="normal", skipme=True)

    assert await heard(clips, made(b"after")) == [b"after"]
