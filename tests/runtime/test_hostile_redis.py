"""Whoever can write to Redis can slow the house down, but make nobody run, die or stop for good."""

import asyncio
import json
import os
import pickle
from contextlib import suppress
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.core import signing

from jobs.functions import phrases
from jobs.runtime import admission, clock, foreign, parts, queue, result_cache, run_log, stats, sweep
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.keeper import Keeper
from jobs.runtime.models import Status
from jobs.runtime.queue import member_of


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


def hostile(canary, settings):
    """Entries that are none of ours: by name, so that a failure says which."""
    bomb = pickle.dumps(Bomb(canary))
    return {
        "empty": b"",
        "truncated": member_of(_ID).encode()[:-1],
        "forged": f"{_ID.hex}.{'0' * 32}".encode(),
        "not utf-8": b"\xff\xfe\x00" * 30,
        "huge": b"A" * 5_000_000,
        "pickle": bomb,
        "signed pickle": signing.dumps(bomb.hex()).encode(),
        "signed with our key": signing.Signer(key=settings.SECRET_KEY).sign(bomb.decode("latin-1")).encode(),
        "django-q2": signing.dumps({"func": "os.system", "args": [f"touch {canary}"]}, salt="koebako").encode(),
        "json": json.dumps({"func": "os.system", "args": [f"touch {canary}"]}).encode(),
        "deep json": b"[" * 200_000,
    }


_ID = UUID(int=7)
KINDS = list(hostile("/nowhere", SimpleNamespace(SECRET_KEY="x")))


@pytest.fixture
def junk(tmp_path, settings):
    canary = tmp_path / "canary"
    yield hostile(canary, settings)
    assert not canary.exists()


def spoil(valkey, name, kind):
    """Put a key of the type `kind` there."""
    valkey.delete(name)
    {
        "string": lambda: valkey.set(name, b"\xffnonsense"),
        "list": lambda: valkey.rpush(name, b"\xffnonsense"),
        "hash": lambda: valkey.hset(name, b"\xfffield", b"\xffnonsense"),
        "set": lambda: valkey.sadd(name, b"\xffnonsense"),
        "zset": lambda: valkey.zadd(name, {b"\xffnonsense": -1}),
        "stream": lambda: valkey.xadd(name, {b"\xfffield": b"\xffnonsense"}),
    }[kind]()


def sweep_until_still():
    """Sweep as the keeper does: a turn that fails is followed by another."""
    for _ in range(3):
        # Each on its own, as the keeper does: one that fails does not keep the next from its turn.
        with suppress(QueueUnreachable):
            admission.keep_pauses()
        with suppress(QueueUnreachable):
            sweep.sweep(now=clock.now(), grace_seconds=0)


def assert_work_goes_on(accept, worker, *before, about=""):
    accept("toy_echo", word="after")
    sweep_until_still()
    done = worker.work()
    for task in before:
        task.refresh_from_db()
        assert task.status == Status.SUCCESS, about
    assert "after" in [task.inputs.get("word") for task in done]


# --- Entries -----------------------------------------------------------------


@pytest.mark.parametrize("score", [float("-inf"), 0, float("inf")])
def test_foreign_entries_are_set_aside_and_counted(score, junk, valkey, accept, worker):
    first = accept("toy_echo", word="before").task
    valkey.zadd("koebako:ready:bulk", dict.fromkeys(junk.values(), score))

    assert_work_goes_on(accept, worker, first)

    assert int(valkey.get("koebako:aside_total")) == len(junk)
    assert set(valkey.lrange("koebako:aside", 0, -1)) == {entry[:200] for entry in junk.values()}
    assert not valkey.exists("koebako:held:here:0:1:1")


def test_foreign_delayed_entries_are_set_aside_and_counted(junk, valkey, accept, worker):
    valkey.zadd("koebako:delayed", dict.fromkeys(junk.values(), 0))

    assert_work_goes_on(accept, worker)

    assert int(valkey.get("koebako:aside_total")) == len(junk)
    assert not valkey.exists("koebako:delayed")


@pytest.mark.parametrize("holder", [b"gone:0:1:1", b"\xff\xfe", b"", b"a:b:\xc2\xb2:9", b"x" * 10_000])
def test_what_a_foreign_worker_holds_goes_nowhere(holder, junk, valkey, accept, worker):
    mine = accept("toy_echo", word="mine").task
    valkey.delete("koebako:ready:bulk")
    strange = {entry: entry for entry in junk.values()}
    valkey.hset(b"koebako:held:" + holder, mapping={**strange, member_of(mine.pk): "bulk|nonsense"})

    assert_work_goes_on(accept, worker, mine)

    assert not valkey.exists(b"koebako:held:" + holder)


# --- Values ------------------------------------------------------------------

NUMBERS = [b"", b"nan", b"-nan", b"inf", b"-inf", b"1e999", b"-5", b"9" * 400, b"\xff", b"[" * 100_000]


def test_spoiled_clocks_of_the_fair_order_do_not_stop_it(valkey, accept, worker):
    for value in NUMBERS:
        first = accept("toy_echo", word="first", order_key="a").task
        valkey.hset("koebako:fair:bulk", mapping={"1": value, "1:a": value})

        accept("toy_echo", word="second", order_key="a")
        assert_work_goes_on(accept, worker, first)


def test_spoiled_limits_do_not_hold_a_task_up(valkey, accept, worker):
    for text in (b"", b"|r;x;5", b"|r;x;0;0", b"|c;", b"|q;x;1", b"\xff|r;x;1;nan", b"|" * 10_000):
        task = accept("toy_echo", word="first").task
        valkey.hset("koebako:limits", member_of(task.pk), text)

        assert_work_goes_on(accept, worker, task)


@pytest.mark.parametrize("name", ["blocked", "paused"])
def test_spoiled_names_of_limits_and_queues_are_passed_over(name, valkey, accept, worker):
    valkey.sadd(f"koebako:{name}", b"\xff", b"", b"bulk", b"r:x", b"c" * 10_000)

    assert_work_goes_on(accept, worker)


def test_spoiled_times_are_passed_over(valkey):
    valkey.rpush("koebako:seconds:toy_echo", *NUMBERS, "0.5")

    assert stats.recent_seconds(["toy_echo"]) == {"toy_echo": [0.5]}


@pytest.mark.parametrize("at", ["NaN", "Infinity", "-Infinity", "1e300", "null", "[]", '"x"', "9" * 400])
def test_a_worker_of_a_foreign_time_does_not_live(at, valkey):
    valkey.hset("koebako:workers", "eternal", f'{{"name": 7, "at": {at}}}')

    assert stats.live_workers() == []
    assert not valkey.exists("koebako:workers")


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_worker_is_forgotten(kind, junk, valkey):
    valkey.hset("koebako:workers", mapping={junk[kind]: junk[kind], b"two": junk[kind]})
    stats.beat({"three": {}})

    assert [facts["name"] for facts in stats.live_workers()] == ["three"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", [b"", b"cancel:", b"stop:"])
def test_a_foreign_message_to_the_keeper_is_ignored(kind, verb, junk):
    keeper = Keeper([], SimpleNamespace(), 0, SimpleNamespace())

    keeper._obey(verb + junk[kind])

    assert not keeper.stopping


@pytest.mark.parametrize("kind", KINDS)
async def test_foreign_parts_are_passed_over(kind, junk, valkey):
    for fields in ({junk[kind]: junk[kind]}, {b"e": junk[kind]}, {b"i": junk[kind], b"d": b"x"}, {b"i": b"0"}):
        valkey.xadd(f"koebako:parts:{_ID.hex}", fields)
    await asyncio.to_thread(parts.send, _ID, 0, b"ours")
    await asyncio.to_thread(parts.send_end, _ID, Status.SUCCESS, count=1)

    assert [piece async for piece in parts.read(_ID)] == [b"ours"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_phrase_is_not_played(kind, junk, valkey):
    name = phrases.entry_name("text")
    strange = b'{"parts": [5], "duration_seconds": NaN, "content_type": 1, "extension": "/../x", "peaks": []}'
    for facts in (junk[kind], strange):
        valkey.hset(name, mapping={"d": b"hello", "m": facts})

        assert phrases.find(name) is None


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: value[:8].decode("latin-1"))
def test_a_spoiled_index_of_phrases_deletes_nothing_but_phrases(value, valkey, settings):
    settings.SPEECH_CACHE_MEGABYTES = 1
    name = phrases.entry_name("text")
    valkey.set("precious", "1")
    valkey.set("koebako:phrases_bytes", value)
    valkey.zadd("koebako:phrases", {b"5:precious": 0, b"\xff": 0, b"9" * 400 + b":koebako:phrase:ab": 0})
    facts = phrases.Facts(parts=[5], duration_seconds=1.0, content_type="audio/ogg", extension="ogg", peaks=[1])

    phrases.keep(name, phrases.Phrase(b"hello", facts))

    assert phrases.find(name).data == b"hello"
    assert valkey.exists("precious")


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_result_or_log_is_not_read(kind, junk, valkey):
    name = result_cache.entry_name("port", "1", {"a": 1})
    valkey.set(name, junk[kind])
    valkey.set(run_log._name(_ID, 1), junk[kind])

    assert result_cache.find(name) is None
    assert isinstance(run_log.read(_ID, 1), list)


# --- Types -------------------------------------------------------------------

FAMILIES = [
    "ready:bulk", "fair:bulk", "wake:bulk", "delayed", "held:here:0:1:1", "held:gone:0:1:1", "paused", "limits",
    "busy:c:x", "blocked:c:x", "blocked", "rate:r:x", "limits_known", "workers", "seconds:toy_echo", "phrases",
    "phrases_bytes", "aside", "aside_total", f"parts:{_ID.hex}", "phrase:ab",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["string", "list", "hash", "set", "zset", "stream"])
def test_a_key_of_a_wrong_type_is_moved_aside_and_work_goes_on(kind, junk, valkey, accept, worker):
    for family in FAMILIES:
        name = f"koebako:{family}"
        task = accept("toy_echo", word="before").task
        spoil(valkey, name, kind)
        is_wrong = foreign.expected_type(name.encode()) != kind
        valkey.zadd("koebako:ready:interactive", {junk["forged"]: 0})

        assert_work_goes_on(accept, worker, task, about=family)

        assert bool(valkey.exists(f"koebako:aside:{name}")) == is_wrong, family
        if is_wrong:
            assert int(valkey.get("koebako:aside_total")) >= 1
            assert valkey.ttl(f"koebako:aside:{name}") > 0
        valkey.flushall()


def test_every_key_of_ours_has_a_type_that_is_known(valkey, accept, worker):
    accept("toy_echo")
    accept("toy_quick")
    worker.claim()
    stats.beat({"one": {}})
    parts.send(_ID, 0, b"x")
    queue.count_aside([b"x"])

    for name in valkey.scan_iter("koebako:*"):
        assert foreign.expected_type(name) == valkey.type(name).decode(), name
    assert foreign.move_aside() == 0
