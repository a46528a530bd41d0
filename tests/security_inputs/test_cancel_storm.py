"""S22: thousands of requests given up at any moment, behind a slow line: each answer belongs to its question."""

import asyncio
import contextlib
import random

from jobs.runtime import connection

STORM = 2000
AT_ONCE = 80
DELAY_SECONDS = 0.1


async def slow_line(path):
    """A proxy in front of Redis that hands each answer on after a while. Return it, and its port."""

    async def pass_on(reader, writer, delay):
        queue = asyncio.Queue()

        async def read():
            with contextlib.suppress(OSError):
                while data := await reader.read(65_536):
                    queue.put_nowait((asyncio.get_running_loop().time() + delay, data))
            queue.put_nowait((0.0, b""))

        reading = asyncio.create_task(read())
        try:
            while True:
                due, data = await queue.get()
                if not data:
                    break
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
                writer.write(data)
                await writer.drain()
        finally:
            reading.cancel()
            writer.close()

    async def serve(reader, writer):
        far_reader, far_writer = await asyncio.open_unix_connection(path)
        # A side that has hung up is what this is about.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(pass_on(reader, far_writer, 0.0), pass_on(far_reader, writer, DELAY_SECONDS))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


def test_each_answer_belongs_to_its_question_whatever_is_given_up(valkey, settings):
    fate = random.Random(8)
    keys = [f"koebako:t:{number}" for number in range(STORM)]
    valkey.mset({key: key for key in keys})
    path = settings.REDIS_URL.removeprefix("unix://").partition("?")[0]
    mixed, answered, given_up = [], 0, 0

    async def ask(client, key):
        nonlocal answered, given_up
        try:
            # Around the moment at which the answer comes: before, at, and after it.
            async with asyncio.timeout(fate.uniform(0.0, 2.5) * DELAY_SECONDS):
                got = await client.get(key)
        except TimeoutError:
            given_up += 1
            return
        answered += 1
        if got != key.encode():
            mixed.append((key, got))

    async def storm():
        server, port = await slow_line(path)
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        async with connection.waiting_client() as client:
            client.connection_pool.max_connections = AT_ONCE
            for start in range(0, STORM, AT_ONCE):
                await asyncio.gather(*[ask(client, key) for key in keys[start : start + AT_ONCE]])
            # All lines that are left are asked once more.
            calm = await asyncio.gather(*[client.get(key) for key in keys[:AT_ONCE]])
        server.close()
        return calm

    calm = asyncio.run(storm())

    assert mixed == []
    assert calm == [key.encode() for key in keys[:AT_ONCE]]
    assert answered > STORM / 10
    assert given_up > STORM / 10
