"""What has happened is counted once, by whoever ended it, for the price of nothing."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.conf import settings

from jobs.runtime import clock, counting, lease, tally
from jobs.runtime.cancel import cancel
from jobs.runtime.connection import client, key
from jobs.runtime.counting import Sums
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Status, Task
from jobs.runtime.tally import BUCKETS_SECONDS, Counted, Histogram
from jobs.runtime.telling import Telling

NOWHERE = "redis://127.0.0.1:1/0"


def test_a_task_that_succeeds_is_counted_with_its_run_and_its_wait(accept, worker):
    accept(word="hello")

    worker.work()

    [counted] = tally.total().values()
    assert counted.ended == {"success": 1}
    assert (counted.runs.total, counted.waits.total) == (1, 1)
    assert 0 < counted.runs.sum_seconds < 60
    assert counted.errors == {}
    assert counted.retried == counted.died == counted.stopped == 0


def test_each_slot_of_time_knows_it_and_the_others_are_empty(accept, worker):
    accept(word="hello")
    worker.work()

    for span, count, step in (("hour", 60, 60), ("day", 96, 900), ("week", 168, 3600)):
        slots = tally.series(span)

        assert len(slots) == count
        steps = {(after.at - before.at).total_seconds() for before, after in pairwise(slots)}
        assert steps == {step}
        assert slots[-1].at <= datetime.now(UTC) < slots[-1].at + timedelta(seconds=step + 5)
        assert tally.summed(slots) == tally.total()
        # Only where it happened: in the last one, or the one before when a slot has just begun.
        assert sum(bool(slot.functions) for slot in slots) == 1


def test_a_failed_attempt_counts_its_error_and_the_retry_and_only_its_last_one_an_end(accept, worker):
    accept("toy_flaky", times=1)

    # Its delay is nothing: both attempts are run.
    assert len(worker.work()) == 2

    counted = tally.total()["toy_flaky"]

    assert counted.errors == {"ai_service_error": 1}
    assert (counted.retried, counted.ended, counted.runs.total) == (1, {"success": 1}, 1)
    # The wait is the first attempt's: a retry's own delay is no wait for a worker.
    assert counted.waits.total == 1


def test_ends_from_outside_are_counted_by_whoever_caused_them(accept, worker, make_task):
    cancel(accept(word="before its start").task)
    accept(word="dies")
    dying = worker.claim()
    lease.release(worker.feed.name, now=clock.now(), running=dying.pk)
    handed = worker.claim()
    lease.hand_back(Task.objects.get(pk=handed.pk), now=clock.now())
    parked = make_task(status=Status.PROCESSING, deaths=settings.MAX_ATTEMPTS_AFTER_DEATH - 1, attempt=3)
    lease.rescue_expired(now=clock.now())

    counted = tally.total()["toy_echo"]

    assert Task.objects.get(pk=parked.pk).status == Status.FAILURE
    assert counted.ended == {"cancelled": 1, "failure": 1}
    assert (counted.died, counted.stopped, counted.retried) == (2, 1, 0)
    assert counted.errors == {"resource_error": 2}
    # The death was its first attempt's end; a task cancelled before its start waited for nothing.
    assert counted.waits.total == 1


def test_a_task_killed_at_its_time_limit_is_counted_once(accept, worker):
    accept("toy_spin")
    worker.claim()
    lease.release(worker.feed.name, now=clock.now(), ending=lease.Ending.TIMED_OUT)

    counted = tally.total()["toy_spin"]

    assert counted.ended == {"failure": 1}
    assert counted.errors == {"timeout_error": 1}


def test_several_tasks_at_once_are_one_message_with_their_sum(make_task, valkey):
    telling = Telling()
    for _n in range(16):
        task = make_task(status=Status.SUCCESS, attempt=1, started_at=clock.now())
        telling.sums.attempt(task, seconds=0.001)
    sent = []

    telling.send(lambda source, keys, args: sent.append((source, keys, args)))

    [(_source, _keys, args)] = sent
    verb, moment, fields, *pairs = args
    assert (verb, moment, fields) == ("count", "", 5)
    assert dict(zip(pairs[::2], pairs[1::2], strict=True))["toy_echo|runs|microseconds"] == 16_000
    assert dict(zip(pairs[::2], pairs[1::2], strict=True))["toy_echo|ended|success"] == 16


def test_what_is_counted_ends_by_itself(valkey):
    sums = Sums()
    sums.attempt(Task(function="toy_echo", status=Status.SUCCESS, attempt=2))

    counting.send(sums)

    lifetimes = {name.split(b":")[2]: valkey.ttl(name) for name in valkey.keys("koebako:tally:*")}
    assert set(lifetimes) == {b"minute", b"quarter", b"total"}
    assert 7000 < lifetimes[b"minute"] <= 7200
    assert 8 * 86_400 - 100 < lifetimes[b"quarter"] <= 8 * 86_400
    # The totals are one hash of as many fields as there are functions and words.
    assert lifetimes[b"total"] == -1


def test_a_function_that_left_the_code_counts_as_another(valkey):
    sums = Sums()
    for name in ("gone_once", "gone_twice"):
        sums.attempt(Task(function=name, status=Status.FAILURE, attempt=2), error_type="data_validation_error")

    counting.send(sums)

    assert tally.total()["other"].ended == {"failure": 2}


HOSTILE = {
    b"": b"1",
    b"speech": b"1",
    b"speech|ended": b"1",
    b"speech|ended|success|more": b"1",
    b"speech|ended|exploded": b"1",
    b"speech|ended|success": b"-1",
    b"speech|ended|failure": b"1e9",
    b"speech|ended|cancelled": b"9" * 1_000_000,
    b"speech|runs|99": b"1",
    b"speech|runs|-1": b"1",
    b"speech|runs|1.5": b"1",
    b"speech|runs|0": b"\xff\xfe",
    b"speech|runs|1": str(2**53).encode(),
    b"speech|waits|microseconds": b"nan",
    b"speech|unknown|success": b"1",
    b"<script>|ended|success": b"1",
    b"nobody_knows|ended|success": b"1",
    b"\xff\xfe|ended|success": b"1",
    b"speech\n|ended|success": b"1",
    "音|ended|success".encode(): b"1",
    "speech|runs|٣".encode(): b"1",
    b"speech|runs|3": "٣".encode(),
}


def test_what_others_write_into_the_hashes_is_not_read(valkey):
    now = int(valkey.time()[0])
    for name in ("total", f"minute:{now // 60}", f"quarter:{now // 900}"):
        valkey.hset(key("tally", name), mapping=HOSTILE)
    for name in (f"minute:{now // 60 - 1}", f"quarter:{now // 900 - 1}"):
        valkey.set(key("tally", name), "no hash")

    assert tally.total() == {}
    assert [slot for span in ("hour", "day", "week") for slot in tally.series(span) if slot.functions] == []


def test_what_others_spoiled_is_begun_anew(valkey):
    now = int(valkey.time()[0])
    valkey.set(key("tally", "total"), "no hash")
    for slot in (now // 60, now // 60 + 1):
        valkey.hset(key("tally", f"minute:{slot}"), "toy_echo|ended|success", "no number")
    assert tally.total() == {}
    sums = Sums()
    sums.attempt(Task(function="toy_echo", status=Status.SUCCESS, attempt=2), seconds=0.2)

    counting.send(sums)
    counting.send(sums)

    expected = Counted(ended={"success": 2}, runs=tally.total()["toy_echo"].runs)
    assert tally.total()["toy_echo"] == expected
    assert expected.runs.total == 2
    assert tally.summed(tally.series("hour"))["toy_echo"] == expected


def test_without_redis_only_the_count_is_lost(accept, worker, settings, monkeypatch):
    monkeypatch.setattr(counting._Rest, "until", 0.0)
    task = accept(word="hello").task
    settings.REDIS_URL = NOWHERE

    cancel(task)

    assert Task.objects.get(pk=task.pk).status == Status.CANCELLED
    for ask in (tally.total, lambda: tally.series("hour")):
        with pytest.raises(QueueUnreachable):
            ask()


def test_a_redis_that_is_away_is_not_asked_for_each_of_many(settings, monkeypatch, make_task):
    monkeypatch.setattr(counting._Rest, "until", 0.0)
    settings.REDIS_URL = NOWHERE
    asked = []
    monkeypatch.setattr(counting, "run_script", lambda *_args, **_more: asked.append(1) or client().ping())

    for _n in range(5):
        counting.count_outside(make_task(status=Status.CANCELLED), outcome="cancelled", was_running=False)

    assert len(asked) == 1


def test_a_percentile_lies_in_its_bucket(valkey):
    def of(*seconds):
        sums = Sums()
        for each in seconds:
            sums.took("toy_echo", "runs", each)
        counting.send(sums)
        histogram = tally.total()["toy_echo"].runs
        valkey.flushall()
        return histogram

    assert Histogram().percentile(0.5) is None
    # On a border, in the middle, and beyond the last bucket.
    assert of(0.005).counts[0] == 1
    assert of(0.3, 0.3, 0.3, 0.3).percentile(0.5) == pytest.approx(0.375)
    assert of(0.3).percentile(1.0) == 0.5
    assert of(5000.0).percentile(0.5) == BUCKETS_SECONDS[-1]
    assert of(0.001, 0.02, 0.3, 7.0).percentile(0.95) == pytest.approx(9.0)
    assert of(-3.0).counts[0] == 1
    assert of(0.25, 0.5).sum_seconds == pytest.approx(0.75)
