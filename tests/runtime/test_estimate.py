"""What is said of the time a task will take: nothing that is not known."""

from datetime import timedelta

import pytest

from jobs.runtime import admission, clock, connection, estimate, stats
from jobs.runtime.estimate import completion_estimate
from jobs.runtime.models import Status
from jobs.runtime.telling import Telling


@pytest.fixture
def ran(valkey):
    """Let the past hold runs of a function of so many seconds."""

    def remember(function: str, *seconds: float) -> None:
        for each in seconds:
            told = Telling()
            told.run(function, each)
            told.send()

    return remember


@pytest.fixture
def workers(valkey):
    """Let so many workers live, and one for the interactive queue alone."""

    def live(count: int) -> None:
        stats.beat({f"here:{number}": {"lane": "any"} for number in range(count)})
        stats.beat({"here:alone": {"lane": "interactive"}})

    return live


def seconds_left(task, position) -> float | None:
    moment = completion_estimate(task, position)
    return None if moment is None else (moment - clock.now()).total_seconds()


def test_the_next_one_takes_what_the_last_runs_took(make_task, ran, workers):
    workers(2)
    ran("toy_echo", 1, 10, 100)

    assert seconds_left(make_task(), 0) == pytest.approx(10, abs=1)


def test_what_is_before_a_task_is_counted_at_its_own_pace(make_task, ran, workers):
    workers(2)
    ran("toy_echo", 10)
    ran("toy_wait", 70)
    task = make_task()
    make_task(function="toy_wait")

    # Both kinds wait in equal number: 40 seconds on average, six of them over two workers, then ten.
    assert seconds_left(task, 6) == pytest.approx(130, abs=1)


def test_a_limit_of_the_function_makes_it_slower(make_task, ran, workers):
    workers(8)
    ran("toy_few", 10)
    task = make_task(function="toy_few")

    assert seconds_left(task, 4) == pytest.approx(30, abs=1)


def test_the_interactive_worker_does_not_count_for_other_queues(make_task, ran, workers):
    workers(0)
    ran("toy_echo", 10)
    ran("toy_quick", 10)

    assert seconds_left(make_task(queue="bulk"), 0) is None
    assert seconds_left(make_task(function="toy_quick", queue="interactive"), 0) == pytest.approx(10, abs=1)


def test_nothing_is_said_while_nothing_is_known(make_task, ran, workers):
    task = make_task()
    assert seconds_left(task, 0) is None

    ran("toy_echo", 10)
    estimate.forget()
    assert seconds_left(task, 0) is None

    workers(1)
    estimate.forget()
    assert seconds_left(task, 0) is not None
    assert seconds_left(task, None) is None


def test_many_questions_of_one_second_are_answered_by_one_look(
    make_task, ran, workers, monkeypatch, django_assert_num_queries
):
    workers(2)
    ran("toy_echo", 10)
    task = make_task()
    monkeypatch.setattr("jobs.runtime.estimate.time.monotonic", lambda: 100.2)
    assert seconds_left(task, 6) == pytest.approx(40, abs=1)

    with monkeypatch.context() as away, django_assert_num_queries(0):
        away.setattr(connection, "_url", lambda: pytest.fail("Redis was asked again"))
        assert seconds_left(task, 4) == pytest.approx(30, abs=1)

    workers(4)
    monkeypatch.setattr("jobs.runtime.estimate.time.monotonic", lambda: 101.1)
    assert seconds_left(task, 4) == pytest.approx(20, abs=1)


def test_nothing_is_said_of_a_queue_that_is_paused(make_task, ran, workers):
    workers(1)
    ran("toy_echo", 10)
    task = make_task()

    admission.pause("bulk")

    assert seconds_left(task, 0) is None


def test_nothing_is_said_when_something_unknown_is_before_the_task(make_task, ran, workers):
    workers(1)
    ran("toy_echo", 10)
    task = make_task()
    make_task(function="toy_wait")

    assert seconds_left(task, 3) is None


def test_a_running_task_is_never_done_in_the_past(make_task, ran, workers):
    workers(1)
    ran("toy_echo", 10)
    now = clock.now()
    task = make_task(status=Status.PROCESSING, started_at=now - timedelta(seconds=100), leased_until=now)

    assert seconds_left(task, None) == pytest.approx(0, abs=1)
