"""When a provider is left alone, for how long, and who may try whether it is back."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from jobs.runtime import breaker as breakers
from jobs.runtime.breaker import BY_HAND_SECONDS, Admission, Breaker, Rules, State
from jobs.runtime.connection import key
from jobs.runtime.errors import QueueUnreachable

STATE = key("breaker", "image", "gemini")
RULES = Rules(failures=3, window_seconds=60, open_seconds=30, longest_seconds=100, probe_seconds=20)


@pytest.fixture
def breaker(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Breaker:
    monkeypatch.setattr(breakers, "_redis", breakers._Redis())
    return Breaker("image", "gemini", RULES)


def fail(breaker: Breaker, times: int = 1, **options: Any) -> float:
    opened = 0.0
    for _time in range(times):
        opened = breaker.failed(breaker.admit(), error="EngineUnavailable", **options)
    return opened


def is_left(found: float | None, of: float, *, since: float) -> bool:
    """Return whether so many seconds are what is left of a time that began after `since`."""
    return found is not None and of - (time.monotonic() - since) - 0.05 <= found <= of


def let_pass(valkey: redis.Redis, seconds: float) -> None:
    """Let time pass for the breaker: its moments move into the past."""
    for field in ("until", "probe_until"):
        if (moment := valkey.hget(STATE, field)) is not None:
            valkey.hset(STATE, field, float(moment) - seconds * 1000)
    noted = [float(moment) - seconds * 1000 for moment in valkey.lrange(f"{STATE}:failures", 0, -1)]
    for place, moment in enumerate(noted):
        valkey.lset(f"{STATE}:failures", place, moment)


def test_it_opens_at_exactly_so_many_failures(breaker: Breaker) -> None:
    since = time.monotonic()
    assert fail(breaker, 2) == 0
    assert breaker.admit().is_through

    assert fail(breaker) == 30

    refused = breaker.admit()
    assert not refused.is_through
    assert is_left(refused.wait_seconds, 30, since=since)


def test_no_rule_lets_more_than_ten_failures_happen() -> None:
    with pytest.raises(ValueError, match="1 to 10"):
        Rules(failures=11)


def test_failures_that_lie_too_far_apart_do_not_open_it(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 2)
    let_pass(valkey, 61)

    fail(breaker)

    assert breaker.admit().is_through
    assert breaker.look().failures == 1


def test_each_success_makes_up_for_one_failure(breaker: Breaker) -> None:
    for _round in range(20):
        fail(breaker)
        breaker.succeeded(breaker.admit())

    assert breaker.admit().failures == 0
    assert fail(breaker, 3) == 30


def test_a_success_while_all_is_well_costs_no_look_at_redis(breaker: Breaker, valkey: redis.Redis) -> None:
    admission = breaker.admit()
    before = valkey.info("stats")["total_commands_processed"]

    breaker.succeeded(admission)

    assert valkey.info("stats")["total_commands_processed"] - before == 1  # the question itself


def test_the_time_a_provider_asked_for_opens_it_at_once(breaker: Breaker) -> None:
    since = time.monotonic()

    assert fail(breaker, wait_seconds=75) == 75

    assert is_left(breaker.admit().wait_seconds, 75, since=since)


def test_a_provider_that_asks_for_a_day_is_probed_within_the_hour(breaker: Breaker) -> None:
    assert fail(breaker, wait_seconds=86_400) == breakers.MAX_WAIT_SECONDS


@pytest.mark.parametrize("wait_seconds", [0, -5, None])
def test_a_wait_of_nothing_is_an_ordinary_failure(breaker: Breaker, wait_seconds: float | None) -> None:
    assert fail(breaker, 2, wait_seconds=wait_seconds) == 0
    assert fail(breaker, wait_seconds=wait_seconds) == 30


def test_of_many_calls_at_once_exactly_one_is_the_probe(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 3)
    let_pass(valkey, 31)
    since = time.monotonic()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _number: Breaker("image", "gemini", RULES).admit(), range(64)))

    probes = [answer for answer in answers if answer.is_through]
    assert len(probes) == 1
    assert probes[0].probe
    assert all(is_left(answer.wait_seconds, 20, since=since) for answer in answers if not answer.is_through)


def test_the_success_of_the_probe_closes_it(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 3)
    let_pass(valkey, 31)

    breaker.succeeded(breaker.admit())

    assert breaker.look().state == State.CLOSED
    assert breaker.admit() == Admission(True)


def test_each_probe_that_fails_opens_it_for_twice_as_long_up_to_a_limit(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 3)
    lengths = []
    for length in (31, 61, 101):
        let_pass(valkey, length)
        lengths.append(fail(breaker))

    assert lengths == [60, 100, 100]


def test_a_probe_that_died_gives_way_when_its_lease_is_over(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 3)
    let_pass(valkey, 31)
    dead = breaker.admit()
    assert not breaker.admit().is_through

    let_pass(valkey, 21)
    second = breaker.admit()

    assert second.probe not in ("", dead.probe)
    breaker.succeeded(dead)
    assert breaker.look().state == State.HALF_OPEN, "only the one that holds the lease decides"
    breaker.succeeded(second)
    assert breaker.look().state == State.CLOSED


def test_a_probe_that_says_nothing_of_the_provider_leaves_its_place(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 3)
    let_pass(valkey, 31)

    breaker.released(breaker.admit())

    assert breaker.admit().probe


def test_calls_from_before_it_opened_change_nothing(breaker: Breaker) -> None:
    early, since = breaker.admit(), time.monotonic()
    fail(breaker, 3)

    assert breaker.failed(early, error="EngineUnavailable") == 0
    breaker.succeeded(early)

    assert is_left(breaker.admit().wait_seconds, 30, since=since)


def test_it_is_shared_by_all_and_each_provider_has_its_own(breaker: Breaker) -> None:
    fail(breaker, 3)

    assert not Breaker("image", "gemini", RULES).admit().is_through
    assert Breaker("image", "other", RULES).admit().is_through
    assert Breaker("weather", "gemini", RULES).admit().is_through


def test_without_redis_every_call_goes_through_and_the_log_says_so_once(
    breaker: Breaker, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    with caplog.at_level(logging.WARNING, logger="jobs.runtime.breaker"):
        for _call in range(50):
            admission = breaker.admit()
            assert admission.is_through
            breaker.failed(admission, error="EngineUnavailable")

    assert [record.message for record in caplog.records] == ["breakers let every call through"]


def test_a_lost_state_is_a_closed_breaker(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 3)

    valkey.flushall()

    assert breaker.admit() == Admission(True)


def test_staff_opens_it_for_an_hour_and_closes_it(breaker: Breaker) -> None:
    breaker.open_by_hand()
    look = breaker.look()
    assert (look.state, look.by_hand) == (State.OPEN, True)
    assert look.open_until is not None
    assert abs(look.open_until - datetime.now(UTC) - timedelta(seconds=BY_HAND_SECONDS)) < timedelta(seconds=60)
    assert not breaker.admit().is_through

    breaker.close_by_hand()

    assert breaker.look().state == State.CLOSED
    assert breaker.admit().is_through


def test_a_probe_under_way_does_not_undo_what_staff_did(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 3)
    let_pass(valkey, 31)
    probe = breaker.admit()

    breaker.open_by_hand()
    breaker.succeeded(probe)

    assert breaker.look().by_hand


def test_a_switch_without_redis_is_told(breaker: Breaker, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    with pytest.raises(QueueUnreachable):
        breaker.open_by_hand()


def test_the_look_says_what_was_wrong_last_and_keys_end_by_themselves(breaker: Breaker, valkey: redis.Redis) -> None:
    fail(breaker, 3)

    look = breaker.look()

    assert (look.state, look.failures, look.error) == (State.OPEN, 3, "EngineUnavailable")
    assert look.error_at is not None
    assert look.error_at <= datetime.now(UTC) + timedelta(seconds=1)
    assert all(0 < valkey.ttl(name) <= breakers.REMEMBERED_SECONDS + 31 for name in valkey.keys(f"{STATE}*"))
