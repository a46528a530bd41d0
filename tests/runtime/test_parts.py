"""Pieces of a result reach a reader in order, once, whatever happens on the way."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from jobs.runtime import parts
from jobs.runtime.models import Status

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
async def no_connection_left():
    yield
    # asgiref's thread holds a connection of its own, which would keep the test database open.
    await sync_to_async(connections.close_all)()


async def read_all(task_id):
    return [piece async for piece in parts.read(task_id)]


async def test_pieces_that_are_there_already_are_read_at_once(accept, worker):
    task = (await sync_to_async(accept)("toy_echo")).task
    await sync_to_async(worker.work)()

    assert await read_all(task.pk) == [b"one", b"two"]


async def test_a_reader_gets_the_first_piece_before_the_second_is_made(accept):
    task = (await sync_to_async(accept)("toy_echo")).task
    reader = parts.read(task.pk)
    waiting = asyncio.ensure_future(anext(reader))

    await sync_to_async(parts.send)(task.pk, 0, b"one")

    assert await waiting == b"one"
    await reader.aclose()


async def test_a_second_attempt_is_not_heard_twice(accept, worker):
    task = (await sync_to_async(accept)("toy_echo")).task
    await sync_to_async(parts.send)(task.pk, 0, b"one")  # a first attempt, which died then
    await sync_to_async(worker.work)()

    assert b"".join(await read_all(task.pk)) == b"onetwo"


async def test_a_reader_whose_stream_is_gone_reads_the_artifact(accept, worker, valkey):
    task = (await sync_to_async(accept)("toy_echo")).task
    await sync_to_async(worker.work)()
    valkey.flushall()

    assert b"".join(await read_all(task.pk)) == b"onetwo"


async def test_a_stream_lost_half_way_is_continued_from_the_artifact(accept, worker, valkey):
    task = (await sync_to_async(accept)("toy_echo")).task
    reader = parts.read(task.pk)
    await sync_to_async(parts.send)(task.pk, 0, b"one")
    first = await anext(reader)
    await sync_to_async(worker.work)()
    valkey.flushall()

    assert first + b"".join([piece async for piece in reader]) == b"onetwo"


@pytest.mark.parametrize("status", [Status.FAILURE, Status.CANCELLED])
async def test_a_task_that_ends_without_a_result_ends_the_reading(make_task, valkey, status):
    task = await sync_to_async(make_task)()
    await sync_to_async(parts.send_end)(task.pk, status)

    with pytest.raises(parts.TaskEnded, match=status):
        await read_all(task.pk)


async def test_an_end_that_nobody_announced_is_found_in_the_row(make_task, valkey):
    from tests.runtime.conftest import NOON

    task = await sync_to_async(make_task)(status=Status.FAILURE, completed_at=NOON)

    with pytest.raises(parts.TaskEnded, match="failure"):
        await read_all(task.pk)
