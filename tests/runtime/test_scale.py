"""How many workers there should be, by the age of what waits."""

import pytest

from core import env
from jobs.runtime.scale import QUIET_SECONDS, Scaler


def test_workers_come_at_once_when_tasks_wait():
    scaler = Scaler(2, 6)

    assert scaler.decide(oldest_seconds=1.5, waiting=3, now=0) == 5
    assert scaler.decide(oldest_seconds=2.5, waiting=9, now=1) == 6


def test_a_queue_that_moves_needs_nobody_else():
    assert Scaler(2, 6).decide(oldest_seconds=0.5, waiting=100, now=0) == 2


def test_workers_leave_one_by_one_when_nobody_waits():
    scaler = Scaler(1, 4)
    scaler.decide(oldest_seconds=2, waiting=9, now=0)

    counts = [scaler.decide(oldest_seconds=None, waiting=0, now=1 + QUIET_SECONDS * turn) for turn in range(6)]

    assert counts == [4, 3, 2, 1, 1, 1]


def test_a_new_wave_makes_the_leaving_start_anew():
    scaler = Scaler(1, 4)
    scaler.decide(oldest_seconds=2, waiting=9, now=0)
    scaler.decide(oldest_seconds=None, waiting=0, now=1)
    scaler.decide(oldest_seconds=2, waiting=1, now=QUIET_SECONDS)

    assert scaler.decide(oldest_seconds=None, waiting=0, now=QUIET_SECONDS + 2) == 4


@pytest.mark.parametrize(("text", "span"), [("3", (3, 3)), ("2..6", (2, 6)), ("", (4, 4))])
def test_a_number_or_a_span_of_workers_is_read(monkeypatch, text, span):
    monkeypatch.setenv("WORKERS", text)

    assert env.span("WORKERS", default=4, at_least=1, at_most=256) == span


@pytest.mark.parametrize("text", ["0", "6..2", "2..", "..3", "two", "1..999", "1...3"])
def test_what_is_no_span_is_refused_by_name(monkeypatch, text):
    monkeypatch.setenv("WORKERS", text)

    with pytest.raises(env.BadValue, match="WORKERS"):
        env.span("WORKERS", default=4, at_least=1, at_most=256)
