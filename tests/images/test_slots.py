"""How many calls to services may be in flight in the whole house, whoever dies or is away."""

import os
import signal
import threading

import pytest
import redis
from django.conf import settings

from jobs.images import slots
from jobs.images.slots import Slots
from jobs.runtime.connection import key
from tests.waits import in_a_fork


def never() -> bool:
    return False


def at_once() -> bool:
    return True


@pytest.fixture
def short(monkeypatch):
    """Leases of a fifth of a second."""
    monkeypatch.setattr(slots, "_LEASE_MILLISECONDS", 200)
    monkeypatch.setattr(slots, "LOOK_SECONDS", 0.05)


def test_processes_share_the_slots_of_the_house(valkey):
    here, there = Slots(2), Slots(2)

    first, second = here.take(give_up=never), there.take(give_up=never)

    assert there.take(give_up=at_once) is None
    first.release()
    third = there.take(give_up=never)
    assert None not in (second, third)
    assert valkey.zcard(key("image", "slots")) == 2


def test_a_slot_that_is_released_wakes_a_waiter(valkey):
    here, there = Slots(1), Slots(1)
    held = here.take(give_up=never)
    took = []
    waiter = threading.Thread(target=lambda: took.append(there.take(give_up=never)))
    waiter.start()

    held.release()
    waiter.join(timeout=60)

    assert took[0] is not None


def test_releasing_twice_gives_nothing_twice(valkey):
    house = Slots(1)
    slot = house.take(give_up=never)

    slot.release()
    slot.release()
    house.take(give_up=never)

    assert valkey.zcard(key("image", "slots")) == 1
    assert house.take(give_up=at_once) is None


def test_a_slot_whose_holder_was_killed_comes_free(valkey, short):
    def take_and_die() -> bool:
        Slots(1).take(give_up=never)
        os.kill(os.getpid(), signal.SIGKILL)
        return False

    assert in_a_fork(take_and_die, what="take a slot and be killed")[1] == -signal.SIGKILL
    assert valkey.zcard(key("image", "slots")) == 1

    slot = Slots(1).take(give_up=never)

    assert slot is not None


def test_a_slot_that_is_renewed_is_kept(valkey, monkeypatch):
    monkeypatch.setattr(slots, "RENEW_SECONDS", 0.0)
    here, there, name = Slots(1), Slots(1), key("image", "slots")
    here.take(give_up=never)
    [(token, ends_at)] = valkey.zrange(name, 0, -1, withscores=True)
    # As after all of its lease but a second.
    valkey.zadd(name, {token: ends_at - slots._LEASE_MILLISECONDS + 1000})

    here.renew_in_time()

    assert valkey.zscore(name, token) >= ends_at
    assert there.take(give_up=at_once) is None


def test_without_redis_a_process_counts_for_itself(valkey, monkeypatch):
    def away(*_args, **_options):
        raise redis.ConnectionError

    monkeypatch.setattr(slots, "run_script", away)
    house = Slots(settings.MAX_IMAGE_WORKERS)

    taken = [house.take(give_up=never) for _slot in range(settings.MAX_IMAGE_WORKERS)]

    assert None not in taken
    assert house.take(give_up=at_once) is None
    taken[0].release()
    assert house.take(give_up=never) is not None
