"""Whatever Redis loses is rebuilt from the rows."""

from datetime import timedelta

from jobs.runtime import clock, queue, stats, sweep
from jobs.runtime.models import Status
from tests.runtime.conftest import NOON


def later(seconds=10):
    return clock.now() + timedelta(seconds=seconds)


def test_an_emptied_redis_is_refilled_in_the_old_order(accept, worker, valkey):
    for word in "abc":
        accept("toy_echo", word=word)
    valkey.flushall()

    repairs = sweep.sweep(now=later())

    assert repairs.sent == 3
    assert [task.inputs["word"] for task in worker.work()] == ["a", "b", "c"]


def test_a_row_that_was_never_sent_is_sent(accept, settings):
    url = settings.REDIS_URL
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    task = accept("toy_echo").task
    settings.REDIS_URL = url

    sweep.sweep(now=later())

    assert queue.position_or_none(task) == 0


def test_a_row_on_its_way_to_redis_is_not_sent_twice(make_task, valkey):
    make_task(updated_at=clock.now())

    assert sweep.send_missing(now=clock.now()) == 0


def test_an_id_held_by_a_living_worker_is_not_missing(accept, worker):
    accept("toy_echo")
    queue.take("here:0:1:1", ["bulk"])
    stats.beat({"here:0:1:1": {}})

    repairs = sweep.sweep(now=later())

    assert (repairs.sent, repairs.returned, queue.sizes()["bulk"]) == (0, 0, 0)


def test_an_id_held_by_a_worker_nobody_hears_of_is_returned(accept):
    accept("toy_echo")
    queue.take("here:0:1:1", ["bulk"])

    assert sweep.sweep(now=later()).returned == 1

    assert queue.sizes()["bulk"] == 1


def test_a_retry_is_sent_when_it_is_due_and_not_before(make_task, valkey):
    task = make_task(status=Status.RETRY, not_before=NOON, attempt=1)
    queue.send(task)

    assert sweep.send_due(now=NOON - timedelta(seconds=1)) == 0
    assert sweep.send_due(now=NOON) == 1

    assert queue.sizes()["bulk"] == 1


def test_a_lost_retry_is_found_again(make_task, valkey):
    task = make_task(status=Status.RETRY, not_before=NOON, attempt=1)

    sweep.sweep(now=later())

    assert queue.member_of(task.pk).encode() in [*queue.due(now=later()), *queue.entries("bulk", limit=10)]


def test_an_entry_whose_task_was_cancelled_is_forgotten(make_task, valkey):
    task = make_task(status=Status.RETRY, not_before=NOON, attempt=1)
    queue.send(task)
    type(task).objects.update(status=Status.CANCELLED, completed_at=NOON)

    assert sweep.send_due(now=NOON) == 0

    assert queue.due(now=later()) == []


def test_entries_without_a_row_are_removed_by_hand_only(accept, valkey):
    accept("toy_echo")
    valkey.zadd("koebako:ready:bulk", {b"junk": 0})

    assert sweep.drop_foreign("bulk") == 1

    assert queue.sizes()["bulk"] == 1
