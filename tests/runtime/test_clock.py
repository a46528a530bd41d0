"""The one clock may be set, or its database may be away: neither makes anybody look dead."""

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection

from jobs.runtime import clock
from jobs.runtime.keeper import Keeper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of the clock here ends with the test."""
    monkeypatch.setattr(clock, "_asked", {})


@pytest.fixture
def keeper() -> Keeper:
    """One that has renewed its leases just now."""
    keeper = Keeper([], SimpleNamespace(), 0, SimpleNamespace())
    keeper.judgement.note_renewal()
    # As if it had done so all along.
    keeper.judgement.sound_from = 0.0
    return keeper


def test_a_keeper_that_renewed_in_time_may_judge(keeper: Keeper) -> None:
    assert keeper.judgement.is_sound()


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_was_set_says_of_nobody_that_he_is_dead(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, settings: Any, hours: int
) -> None:
    """Until one lease after the keeper's own renewal: the others need it to renew theirs."""
    real = clock.read
    monkeypatch.setattr(clock, "read", lambda: real() + timedelta(hours=hours))
    clock.ask()
    assert not keeper.judgement.is_sound()

    keeper.renew()

    assert not keeper.judgement.is_sound()
    assert keeper.judgement.sound_from - time.monotonic() > settings.LEASE_SECONDS - 1


def test_the_clock_goes_on_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that has finished a task must be able to say when; it waits for the database where it stores it."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own that could be away")
    asked = clock.ask()
    monkeypatch.setattr(clock, "ASK_AGAIN_SECONDS", -1.0)

    def away() -> None:
        raise OperationalError

    monkeypatch.setattr(clock, "read", away)

    assert timedelta(0) <= clock.now() - asked < timedelta(seconds=60)
