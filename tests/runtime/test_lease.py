"""A worker that dies gives its task back; a task that kills workers is parked."""

from datetime import timedelta

import pytest

from jobs.runtime import lease, queue
from jobs.runtime.models import Attempt, Status, Task
from jobs.runtime.signals import task_finished
from tests.runtime.conftest import NOON

DEAD = "elsewhere:0:1:1"


def test_a_task_whose_lease_ran_out_is_ready_again(make_task, valkey):
    task = make_task(status=Status.PROCESSING, leased_until=NOON - timedelta(seconds=1))

    rescued = lease.rescue_expired(now=NOON)

    task.refresh_from_db()
    assert rescued == [task]
    assert (task.status, task.deaths, task.retries, task.worker) == ("retry", 1, 0, "")
    assert task.error["code"] == "worker_died"
    assert [(each.number, each.outcome) for each in task.attempts.all()] == [(1, "died")]


def test_a_task_whose_lease_still_runs_is_left_alone(make_task, valkey):
    task = make_task(status=Status.PROCESSING, leased_until=NOON + timedelta(seconds=1))

    assert lease.rescue_expired(now=NOON) == []

    task.refresh_from_db()
    assert task.status == Status.PROCESSING


def test_the_renewal_extends_the_leases_of_living_workers_only(make_task, settings):
    living = make_task(status=Status.PROCESSING, worker="a:0:1:1")
    dead = make_task(status=Status.PROCESSING, worker="b:0:2:2")

    assert lease.renew(["a:0:1:1"], now=NOON) == 1

    living.refresh_from_db()
    dead.refresh_from_db()
    assert living.leased_until == NOON + timedelta(seconds=settings.LEASE_SECONDS)
    assert dead.leased_until == NOON


def test_what_a_dead_worker_ran_goes_back_to_the_front(make_task, accept, worker):
    task = accept("toy_echo", word="first").task
    accept("toy_echo", word="second")
    worker.claim()

    released = lease.release("here:0:1:1", now=NOON)

    assert released == [task]
    assert queue.position_or_none(Task.objects.get(pk=task.pk)) == 0
    assert queue.holders() == []


def test_an_id_that_was_only_reserved_goes_back_uncounted(accept, valkey):

    task = accept("toy_echo").task
    queue.take("here:0:1:1", ["bulk"])

    assert lease.release("here:0:1:1", now=NOON) == []

    task.refresh_from_db()
    assert (task.status, task.deaths, task.attempt) == ("pending", 0, 0)
    assert queue.position_or_none(task) == 0


@pytest.mark.parametrize(("deaths", "status"), [(0, "retry"), (1, "retry"), (2, "failure")])
def test_the_third_death_parks_the_task(make_task, valkey, deaths, status):
    task = make_task(status=Status.PROCESSING, worker=DEAD, deaths=deaths, attempt=deaths + 1)

    lease.release(DEAD, now=NOON)

    task.refresh_from_db()
    assert (task.status, task.deaths) == (status, deaths + 1)
    assert (task.error["type"], task.error["code"]) == ("resource_error", "worker_died")


def test_deaths_and_retries_are_counted_apart(make_task, valkey):
    task = make_task(status=Status.PROCESSING, worker=DEAD, retries=2, attempt=3)

    lease.release(DEAD, now=NOON)

    task.refresh_from_db()
    assert (task.status, task.deaths, task.retries) == ("retry", 1, 2)


def test_a_parked_task_tells_its_receivers_and_stays_parked_if_they_fail(make_task, valkey):
    seen = []

    def receiver(task, **_):
        seen.append(task.status)
        raise LookupError("no outbox")

    task = make_task(status=Status.PROCESSING, worker=DEAD, deaths=2, attempt=3)
    task_finished.connect(receiver)
    try:
        lease.release(DEAD, now=NOON)
    finally:
        task_finished.disconnect(receiver)

    task.refresh_from_db()
    assert (seen, task.status) == (["failure"], "failure")


def test_a_worker_killed_at_its_tasks_time_limit_is_a_timeout_and_no_death(make_task, valkey):
    task = make_task(function="toy_echo", status=Status.PROCESSING, worker=DEAD)

    lease.release(DEAD, now=NOON, ending=lease.Ending.TIMED_OUT)

    task.refresh_from_db()
    assert (task.status, task.deaths, task.retries, task.error["type"]) == ("retry", 0, 1, "timeout_error")
    assert task.not_before == NOON + timedelta(seconds=60)


def test_being_handed_back_by_a_stopping_cluster_is_no_death_however_often(make_task, valkey):
    task = make_task(status=Status.PROCESSING, worker=DEAD, deaths=2, attempt=3)

    lease.release(DEAD, now=NOON, ending=lease.Ending.STOPPED)

    task.refresh_from_db()
    assert (task.status, task.deaths, task.retries, task.error) == ("retry", 2, 0, None)
    assert task.attempts.get().outcome == "stopped"


def test_a_task_that_was_finished_meanwhile_is_left_alone(make_task, valkey):
    task = make_task(status=Status.PROCESSING, worker=DEAD)
    stale = Task.objects.get(pk=task.pk)
    Task.objects.update(status=Status.SUCCESS, completed_at=NOON, leased_until=None, worker="")

    assert lease._after_death(stale, now=NOON) is False

    assert Task.objects.get().status == Status.SUCCESS
    assert Attempt.objects.count() == 0


def test_a_lease_from_before_the_clock_was_set_back_is_not_believed(make_task, valkey):
    hour_ahead = make_task(status=Status.PROCESSING, leased_until=NOON + timedelta(hours=1))
    fresh = make_task(status=Status.PROCESSING, worker="other:0:1:1", leased_until=NOON + timedelta(seconds=9))

    lease.rescue_expired(now=NOON)

    assert Task.objects.get(pk=hour_ahead.pk).status == Status.RETRY
    assert Task.objects.get(pk=fresh.pk).status == Status.PROCESSING
