import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.live.throttle import MAX_TASKS, Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    return Throttle(seconds=0.25, clock=clock)


def test_the_first_message_goes_out_and_the_rest_of_a_burst_waits(throttle):
    assert throttle.offer("a", 1)
    assert not throttle.offer("a", 2)
    assert not throttle.offer("a", 3)

    assert throttle.wait_seconds("a") == 0.25
    assert throttle.release("a") == 3
    assert throttle.release("a") is None


def test_a_message_after_the_pause_goes_out_at_once(throttle, clock):
    throttle.offer("a", 1)
    clock.now += 0.25

    assert throttle.offer("a", 2)


def test_tasks_do_not_wait_for_each_other(throttle):
    assert throttle.offer("a", 1)
    assert throttle.offer("b", 1)


def test_the_end_of_a_task_frees_what_waited(throttle):
    throttle.offer("a", 1)
    throttle.offer("a", 2)

    assert throttle.close("a") == 2
    assert throttle.close("a") is None


def test_tasks_that_never_ended_here_are_forgotten_in_time(throttle):
    for number in range(MAX_TASKS + 1):
        throttle.offer(str(number), 1)

    assert len(throttle._paces) == MAX_TASKS
    assert throttle.offer("0", 2)


@given(st.lists(st.floats(min_value=0, max_value=0.3), max_size=60))
def test_never_more_than_four_a_second_and_the_last_one_is_never_lost(pauses):
    clock = Clock()
    throttle = Throttle(seconds=0.25, clock=clock)
    sent = []

    for version, pause in enumerate(pauses):
        clock.now += pause
        if throttle.offer("a", version):
            sent.append((clock.now, version))

    assert all(after - before >= 0.25 for (before, _), (after, _) in itertools.pairwise(sent))
    last = throttle.close("a")
    if pauses:
        assert len(pauses) - 1 in {sent[-1][1], last}
