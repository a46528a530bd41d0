"""A cancelled task never delivers, whatever it was doing."""

import pytest

from jobs.runtime import queue
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import TooLate
from jobs.runtime.models import Artifact, Result, Status, Task


def test_a_waiting_task_is_cancelled_and_leaves_its_queue(accept):
    task = accept("toy_echo").task

    cancelled = cancel(task)

    assert cancelled.status == Task.objects.get().status == Status.CANCELLED
    assert cancelled.completed_at is not None
    assert queue.sizes()["bulk"] == 0


def test_a_running_task_is_cancelled_at_once_and_its_result_is_not_stored(accept, worker):
    task = accept("toy_echo").task
    worker.claim()
    run = worker.feed.run

    cancel(task)
    run()
    worker.feed.put({})
    worker.feed.close()

    task.refresh_from_db()
    assert (task.status, task.attempts.get().outcome) == ("cancelled", "cancelled")
    assert (Result.objects.count(), Artifact.objects.count()) == (0, 0)


def test_a_polite_function_stops_when_its_task_is_cancelled(accept, worker):
    task = accept("toy_wait", seconds=60).task
    worker.claim()
    cancel(task)
    worker.slot.ask_to_cancel(task.pk, grace_seconds=5)

    worker.feed.run()
    worker.feed.put({})
    worker.feed.close()

    assert Task.objects.get().status == Status.CANCELLED
    assert queue.holders() == []


def test_a_task_waiting_for_its_retry_is_cancelled(accept, worker, make_task):
    task = make_task(status=Status.RETRY, attempt=1)

    cancel(task)

    assert Task.objects.get().status == Status.CANCELLED


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILURE, Status.CANCELLED])
def test_it_is_too_late_for_a_task_that_has_ended(make_task, valkey, status):
    task = make_task(status=status)

    with pytest.raises(TooLate, match=status):
        cancel(task)


def test_cancelling_works_while_redis_is_away(make_task, settings):
    task = make_task()
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    assert cancel(task).status == Status.CANCELLED
