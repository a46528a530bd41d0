"""One active bot per token."""

import asyncio

import pytest

from bots import lock as locks
from bots.lock import TokenLock


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(locks, "RENEW_SECONDS", 0.01)


async def soon(coroutine):
    async with asyncio.timeout(60):
        return await coroutine


async def test_the_second_waits_until_the_first_gives_it_back(valkey):
    first, second = TokenLock("discord", "secret"), TokenLock("discord", "secret")
    await soon(first.take())

    waiting = asyncio.create_task(second.take())
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    await first.release()

    await soon(waiting)


async def test_the_second_follows_a_first_that_was_killed(valkey):
    await soon(TokenLock("discord", "secret").take())
    (name,) = valkey.keys("koebako:bot:*")
    assert 0 < valkey.pttl(name) <= locks.LOCK_SECONDS * 1000

    valkey.pexpire(name, 30)

    await soon(TokenLock("discord", "secret").take())


async def test_other_tokens_and_platforms_do_not_disturb_each_other(valkey):
    for platform, token in (("discord", "a"), ("discord", "b"), ("telegram", "a")):
        await soon(TokenLock(platform, token).take())


async def test_a_holder_keeps_it_for_as_long_as_it_lives(valkey, monkeypatch):
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.2)
    holder = TokenLock("discord", "secret")
    await soon(holder.take())
    (name,) = valkey.keys("koebako:bot:*")
    keeping = asyncio.create_task(holder.keep())

    valkey.pexpire(name, 20)
    async with asyncio.timeout(60):
        while valkey.pttl(name) < 100:
            await asyncio.sleep(0)

    keeping.cancel()


async def test_a_holder_whose_key_another_has_stands_down(valkey):
    holder = TokenLock("discord", "secret")
    await soon(holder.take())
    (name,) = valkey.keys("koebako:bot:*")

    valkey.set(name, "another")

    await soon(holder.keep())


async def test_a_holder_goes_on_while_redis_is_away_and_takes_an_emptied_one(valkey, settings):
    holder = TokenLock("discord", "secret")
    await soon(holder.take())
    keeping = asyncio.create_task(holder.keep())

    url, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    async with asyncio.timeout(60):
        while holder.is_known:
            await asyncio.sleep(0)
    assert not keeping.done()
    valkey.flushall()
    settings.REDIS_URL = url
    async with asyncio.timeout(60):
        while not valkey.keys("koebako:bot:*"):
            await asyncio.sleep(0)

    assert not keeping.done()
    keeping.cancel()


async def test_the_token_stands_nowhere_in_redis(valkey):
    await soon(TokenLock("discord", "very-secret-token").take())

    for name in valkey.keys("*"):
        assert b"very-secret" not in name
        assert b"very-secret" not in valkey.get(name)
