"""Whoever tries passwords waits longer and longer; whoever has the right one never waits for somebody else's tries."""

import threading

import pytest

from jobs.access import login_tries, throttle
from jobs.access.login_tries import ATTACKED, FREE, FREE_IN_ATTACK, LONGEST_WAIT_SECONDS

HOME, AWAY = "192.0.2.1", "198.51.100.1"


@pytest.fixture
def patient(valkey):
    """Make a try as somebody who waits as long as they are told, without any time passing."""

    def make(name="hana", address=HOME):
        made = login_tries.begin(name, address=address)
        keys = login_tries._keys(name, address)
        if made.wait_seconds:
            valkey.hset(keys[0], "open_at", 0)
        return made

    return make


def waits(patient, times, **who):
    """Return the waits that are told before each of so many tries."""
    told = []
    for _ in range(times):
        made = patient(**who)
        told.append(round(made.wait_seconds))
        if made.wait_seconds:
            patient(**who)
    return told


def test_the_first_tries_cost_nothing_and_then_each_doubles_the_wait(patient):
    # The wait stands before the next try, which is then made.
    assert waits(patient, 10) == [0] * FREE + [2, 4, 8, 16, 32]


def test_the_wait_ends_at_a_quarter_of_an_hour(patient):
    assert max(waits(patient, 40)) == LONGEST_WAIT_SECONDS == 900


def test_only_the_last_free_try_says_that_it_holds_back(valkey):
    told = [login_tries.begin("hana", address=HOME).holds_back for _ in range(10)]

    assert told == [False] * (FREE - 1) + [True] + [False] * 5


def test_a_try_that_must_wait_is_not_counted(valkey):
    for _ in range(100):
        last = login_tries.begin("hana", address=HOME)

    assert last.wait_seconds <= 2


def test_a_hundred_tries_at_once_are_five(valkey):
    made = []
    threads = [threading.Thread(target=lambda: made.append(login_tries.begin("hana", address=HOME))) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(not each.wait_seconds for each in made) == FREE


def test_the_right_password_forgets_the_wrong_ones(patient):
    waits(patient, 8)

    login_tries.succeeded("hana", address=HOME)

    assert waits(patient, 6)[: FREE + 1] == [0] * FREE + [2]


def test_another_address_and_another_name_are_not_touched(patient):
    waits(patient, 12)

    assert not patient(address=AWAY).wait_seconds
    assert not patient(name="taro").wait_seconds


def test_an_attack_from_a_thousand_addresses_never_shuts_the_owner_out(patient):
    for number in range(1000):
        login_tries.begin("hana", address=f"10.0.{number // 250}.{number % 250}")

    assert waits(patient, 4) == [0] * FREE_IN_ATTACK + [2, 4]


def test_from_a_thousand_addresses_a_name_gets_two_tries_each_and_no_five(patient):
    made = 0
    for number in range(200):
        for _ in range(FREE):
            made += not login_tries.begin("hana", address=f"10.0.1.{number}").wait_seconds

    assert made <= ATTACKED + FREE + 200 * FREE_IN_ATTACK


@pytest.mark.parametrize("other", ["HANA", " hana ", "ｈａｎａ"])
def test_a_name_written_otherwise_is_the_same(patient, other):
    waits(patient, 6)

    assert login_tries.begin(other, address=HOME).wait_seconds or patient(name=other).wait_seconds


def test_redis_holds_hashes_for_two_hours_at_most(valkey):
    for _ in range(8):
        login_tries.begin("hana", address=HOME)

    names = list(valkey.scan_iter(f"{throttle.PREFIX}*"))
    assert len(names) == 2
    for name in names:
        assert b"hana" not in name
        assert b"192.0" not in name
        assert 0 < valkey.pttl(name) <= 2 * 3_600_000


def test_without_redis_nobody_is_held_up(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert all(not login_tries.begin("hana", address=HOME).wait_seconds for _ in range(20))
    login_tries.succeeded("hana", address=HOME)
