"""What is kept of results, how much of it, and that nobody else's bytes come out."""

from typing import Any

import pytest
import redis

from jobs.runtime import result_cache
from jobs.runtime.result_cache import SEAL_BYTES, entry_name, find, keep, size_bytes

pytestmark = pytest.mark.usefixtures("valkey")


def name(number: int = 0) -> str:
    return entry_name("weather", "v1", {"place": number})


def test_what_was_kept_is_found_until_its_end(valkey: redis.Redis) -> None:
    assert keep(name(), b"sunny", cache_seconds=60)

    assert find(name()) == b"sunny"
    assert 0 < valkey.ttl(name()) <= 60
    assert find(name(1)) is None


def test_the_name_depends_on_all_but_the_order_of_keys_and_shows_nothing() -> None:
    one = entry_name("weather", "v1", {"place": "横浜", "days": 3})

    assert one == entry_name("weather", "v1", {"days": 3, "place": "横浜"})
    others = {
        entry_name("weather", "v2", {"place": "横浜", "days": 3}),
        entry_name("image", "v1", {"place": "横浜", "days": 3}),
        entry_name("weather", "v1", {"place": "横浜", "days": "3"}),
    }
    assert len(others | {one}) == 4
    assert "横浜" not in one
    assert len(one) < 100


def test_a_hit_does_not_make_a_result_live_longer(valkey: redis.Redis) -> None:
    keep(name(), b"sunny", cache_seconds=60)
    valkey.expire(name(), 5)

    find(name())

    assert valkey.ttl(name()) <= 5


@pytest.mark.parametrize("foreign", [b"", b"short", b"x" * 100, bytes(SEAL_BYTES) + b"cos\nsystem\n(S'id'\ntR."])
def test_foreign_bytes_are_not_given_out(valkey: redis.Redis, foreign: bytes) -> None:
    keep(name(), b"sunny", cache_seconds=60)

    valkey.set(name(), foreign)

    assert find(name()) is None


def test_bytes_moved_from_another_entry_are_not_given_out(valkey: redis.Redis) -> None:
    keep(name(1), b"rain", cache_seconds=60)

    valkey.copy(name(1), name(2))

    assert find(name(2)) is None


def test_all_together_are_bounded_and_the_least_used_leave_first(valkey: redis.Redis) -> None:
    size = 1000 - SEAL_BYTES
    for number in range(5):
        keep(name(number), bytes(size), cache_seconds=60, max_bytes=5000)
        valkey.zadd("koebako:results:used", {name(number): number})
    find(name(0))  # used just now

    keep(name(5), bytes(size), cache_seconds=60, max_bytes=5000)

    assert [number for number in range(6) if find(name(number)) is not None] == [0, 2, 3, 4, 5]
    assert size_bytes() == 5000


def test_an_entry_kept_again_is_counted_once() -> None:
    for length in (100, 5000, 10):
        keep(name(), bytes(length), cache_seconds=60)

    assert size_bytes() == 10 + SEAL_BYTES


def test_ended_entries_make_room(valkey: redis.Redis) -> None:
    keep(name(0), bytes(1000), cache_seconds=60)
    valkey.zadd("koebako:results:ends", {name(0): 1})
    valkey.delete(name(0))

    keep(name(1), b"", cache_seconds=60)

    assert size_bytes() == SEAL_BYTES
    assert valkey.zcard("koebako:results:used") == 1


def test_what_is_too_large_is_not_kept() -> None:
    assert not keep(name(), bytes(result_cache.MAX_ENTRY_BYTES), cache_seconds=60)
    assert not keep(name(), b"x", cache_seconds=0)
    assert find(name()) is None


def test_without_redis_nothing_is_found_and_nothing_breaks(settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    assert not keep(name(), b"sunny", cache_seconds=60)
    assert find(name()) is None
