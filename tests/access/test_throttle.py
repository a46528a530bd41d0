"""How much anybody may do in a minute, and that nobody pays for another."""

import logging
import threading
import time

import pytest
import redis

from core import settings as house_settings
from jobs.access import addresses, throttle
from jobs.access.throttle import Verdict
from jobs.runtime.connection import key

READS = "token_reads"
HOUR_SECONDS = 3600


@pytest.fixture
def limit(settings):
    """Ten at once, and one each six seconds."""
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 10
    return 10


def passed(times, who="a", **options):
    return sum(throttle.allow(READS, who, **options).allowed for _ in range(times))


def test_so_many_pass_at_once_and_then_nobody(valkey, limit):
    assert passed(50) == limit


def test_what_is_left_and_when_it_is_full_again_is_told(valkey, limit):
    since = time.monotonic()
    first = throttle.allow(READS, "a")
    passed(9)
    last = throttle.allow(READS, "a")

    assert (first.allowed, first.limit, first.remaining, first.kind) == (True, 10, 9, READS)
    assert first.full_again_seconds() == pytest.approx(6)
    assert (last.allowed, last.limit, last.remaining, last.kind) == (False, 10, 0, READS)
    assert 6 - (time.monotonic() - since) - 0.05 <= last.retry_after_seconds <= 6


def test_others_are_not_touched(valkey, limit):
    passed(50, "flood")

    assert passed(10, "somebody else") == 10


def test_it_comes_back_evenly(valkey, settings):
    # One each 100 ms: the clock is Valkey's, and waiting for that is no wait at all.
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 600
    throttle.allow(READS, "a", cost=600)
    # On a slow machine one has come back already.
    verdicts = (throttle.allow(READS, "a") for _ in range(100))
    refusal = next(verdict for verdict in verdicts if not verdict.allowed)

    assert 0 < refusal.retry_after_seconds <= 0.1
    until = time.monotonic() + 20
    while not throttle.allow(READS, "a").allowed:
        assert time.monotonic() < until


def test_a_hundred_threads_at_once_get_no_more(valkey, limit):
    got = []
    threads = [threading.Thread(target=lambda: got.append(passed(3))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(got) == limit


def test_of_several_limits_none_is_used_when_one_refuses(valkey, limit, settings):
    settings.THROTTLE_USER_READS_PER_MINUTE = 3
    asked = [(READS, "a"), ("user_reads", "b")]

    verdicts = [throttle.allow_all(asked) for _ in range(5)]

    assert [verdict.allowed for verdict in verdicts] == [True, True, True, False, False]
    assert verdicts[0].kind == verdicts[4].kind == "user_reads"
    assert throttle.allow(READS, "a").remaining == 10 - 3 - 1


def test_what_is_given_back_can_be_used_again(valkey, limit):
    passed(10)
    throttle.forget()
    throttle.allow(READS, "a", cost=-1)

    assert passed(5) == 1


def test_giving_back_fills_no_more_than_the_bucket(valkey, limit):
    throttle.allow(READS, "a", cost=-100)

    assert passed(50) == limit


def test_who_asks_often_is_counted_ahead_and_never_gets_more(valkey, settings, monkeypatch):
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 1_000
    questions = []
    ask = throttle.ask
    monkeypatch.setattr(throttle, "ask", lambda *args, **named: questions.append(1) or ask(*args, **named))
    started = time.monotonic()

    remaining = [throttle.allow(READS, "a").remaining for _ in range(100)]
    asked_for_these = len(questions)
    rest = passed(1_500)
    took = time.monotonic() - started

    assert remaining[:20] == list(range(999, 979, -1))
    assert asked_for_these <= 12
    assert 990 <= 100 + rest <= 1_000 + took * 1_000 / 60 + 1


def test_two_processes_that_count_ahead_get_no_more_together(valkey, settings):
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 600
    started = time.monotonic()
    got = 0
    for _process in range(4):
        # What one remembers the other does not know.
        throttle.forget()
        got += passed(400)

    assert 580 <= got <= 600 + (time.monotonic() - started) * 10 + 1


def test_zero_is_no_limit(valkey, settings):
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 0

    assert throttle.allow(READS, "a") == throttle.UNLIMITED
    assert list(valkey.scan_iter()) == []


def test_valkey_holds_a_number_under_a_hash_for_a_minute_at_most(valkey, limit):
    throttle.allow(READS, "koe_secret_of_somebody", cost=10)

    [name] = valkey.scan_iter(key("throttle*"))
    assert name.startswith(throttle.PREFIX.encode())
    assert b"secret" not in name
    assert 0 < valkey.pttl(name) <= 60_000
    assert valkey.get(name).isdigit()


def test_a_refused_one_is_refused_again_without_a_question(valkey, limit, monkeypatch):
    passed(11)
    asked = []
    monkeypatch.setattr(throttle, "ask", lambda *args, **_named: asked.append(args))

    assert passed(1000) == 0
    assert throttle.refused([("user_reads", "b"), (READS, "a")]).kind == READS
    assert throttle.refused([(READS, "b")]) is None
    assert asked == []


def test_no_more_than_so_many_refusals_are_remembered(valkey, monkeypatch, settings):
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 1
    monkeypatch.setattr(throttle, "MAX_REMEMBERED", 5)

    for number in range(20):
        passed(2, str(number))

    assert len(throttle._refused_until) == 5


def test_without_redis_everybody_passes_and_the_log_says_so_once(settings, limit, caplog, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    with caplog.at_level(logging.WARNING):
        assert passed(50) == 50

    told = [record for record in caplog.records if record.name == "jobs.access.throttle"]
    assert [record.message for record in told] == ["nothing is limited while Redis does not answer"]


def test_a_redis_that_is_back_is_asked_again(valkey, limit, settings, monkeypatch):
    there = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert passed(20) == 20
    settings.REDIS_URL = there
    monkeypatch.setattr(throttle, "AWAY_SECONDS", 0.0)
    throttle._away["until"] = 0.0

    assert passed(20) == limit


def test_a_redis_that_hangs_holds_up_one_request_not_each(valkey, limit, monkeypatch):
    asked = []

    class Hangs:
        def __getattr__(self, name):
            asked.append(name)
            raise redis.TimeoutError

    monkeypatch.setattr(throttle, "brief_client", Hangs)

    assert passed(50) == 50
    assert len(asked) == 1


def test_a_flushed_redis_begins_anew(valkey, limit):
    passed(10)
    valkey.flushall()

    assert passed(50) == limit


def test_a_clock_that_was_set_back_closes_nothing_for_longer_than_a_minute(valkey, limit):
    throttle.allow(READS, "a")
    [name] = valkey.scan_iter(key("throttle*"))
    ahead = int(valkey.get(name)) + HOUR_SECONDS * 1_000_000
    valkey.set(name, ahead)

    assert throttle.allow(READS, "a").retry_after_seconds <= 60


def test_every_limit_is_a_setting_with_its_unit():
    named = [name for name in dir(house_settings) if name.startswith("THROTTLE_")]

    assert all(name.endswith("_PER_MINUTE") for name in named)
    assert {name.removeprefix("THROTTLE_").removesuffix("_PER_MINUTE").lower() for name in named} == {
        f"{who}_{what}" for who in ("token", "user", "address") for what in ("reads", "submissions")
    } | {"user_uploads", "address_failed_tokens", "address_logins", "guild_announcements"}


def test_a_thousand_submissions_of_one_token_fit_at_once(valkey):
    limits = [(f"{who}_submissions", "x") for who in ("token", "user", "address")]

    assert all(throttle.allow_all(limits).allowed for _ in range(1000))


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        ("_hidden", "unknown"),
        ("203.0.113.7, 198.51.100.1", "unknown"),
    ],
)
def test_an_address_is_one_of_ipv4_or_a_net_of_ipv6(address, counted):
    assert addresses.network_of(address) == counted


def test_nothing_limited_tells_no_figures():
    assert Verdict(True).full_again_seconds() == 0.0
