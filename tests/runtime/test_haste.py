"""Tasks of a millisecond are claimed and stored several at once; nothing that may take long is."""

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from jobs.runtime import commit, lease, queue
from jobs.runtime.haste import BATCH_SECONDS, MAX_AT_ONCE, QUICK_SECONDS, RUNS_SEEN, Haste
from jobs.runtime.invoke import invoke_many
from jobs.runtime.models import Attempt, Source, Status, Task
from jobs.runtime.models.attempt import Outcome
from tests.runtime.conftest import NOON, LocalWorker


@pytest.fixture
def many(valkey, transactional_db, owner):
    """Accept so many tasks of a function."""

    def accept(count: int, function: str = "toy_echo") -> list[Task]:
        return invoke_many(function, [{"word": str(number)} for number in range(count)], owner=owner, source=Source.API)

    return accept


@pytest.fixture
def hasty(worker) -> LocalWorker:
    """A worker that knows toy_echo to be quick."""
    for _ in range(RUNS_SEEN):
        worker.feed.haste.note("toy_echo", 0.001)
    return worker


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for status in Task.objects.values_list("status", flat=True):
        found[status] = found.get(status, 0) + 1
    return found


def run_next(worker: LocalWorker) -> Task:
    item = worker._get()
    assert item is not None
    item["func"]()
    worker.feed.put({})
    return item["func"].task


# How many


def test_nobody_is_believed_to_be_quick_before_it_was_seen_often():
    haste = Haste()
    for _ in range(RUNS_SEEN - 1):
        haste.note("toy_echo", 0.001)
    before = (haste.at_once(), haste.quick())
    haste.note("toy_echo", 0.001)

    assert before == (1, [])
    assert (haste.at_once(), haste.quick()) == (MAX_AT_ONCE, ["toy_echo"])


def test_one_slow_run_ends_the_belief():
    haste = Haste()
    for _ in range(RUNS_SEEN * 2):
        haste.note("toy_echo", 0.001)

    haste.note("toy_echo", QUICK_SECONDS)

    assert (haste.at_once(), haste.quick()) == (1, [])


def test_a_batch_is_done_within_its_time():
    haste = Haste()
    for _ in range(RUNS_SEEN * 10):
        haste.note("toy_echo", 0.004)

    assert haste.at_once() == int(BATCH_SECONDS / 0.004)


# What is claimed


def test_a_worker_takes_several_and_stores_them_at_once(many, hasty):
    many(40)

    with CaptureQueriesContext(connection) as seen:
        done = hasty.work()

    assert sum(query["sql"].startswith("UPDATE jobs_task\nSET status = 'processing'") for query in seen) < 20

    assert [task.inputs["word"] for task in done] == [str(number) for number in range(40)]
    assert states() == {Status.SUCCESS: 40}
    assert Attempt.objects.filter(outcome=Outcome.SUCCESS, number=1).count() == 40


def test_it_leaves_three_quarters_to_the_others(many, hasty):
    many(9)

    hasty.claim()

    assert states() == {Status.PROCESSING: 3, Status.PENDING: 6}


def test_the_next_of_a_short_queue_is_claimed_alone(many, hasty):
    many(3)

    hasty.claim()

    assert states() == {Status.PROCESSING: 1, Status.PENDING: 2}


def test_what_is_not_known_to_be_quick_is_not_taken_along_and_keeps_its_place(many, hasty, other_worker):
    first = many(1)[0]
    slow = many(8, "toy_wait")

    claimed = hasty.claim()

    assert claimed is not None
    assert (claimed.pk, states()) == (first.pk, {Status.PROCESSING: 1, Status.PENDING: 8})
    following = other_worker.claim()
    assert following is not None
    assert following.pk == slow[0].pk


def test_what_ran_before_is_claimed_alone(many, hasty):
    tasks = many(9)
    Task.objects.filter(pk__in=[task.pk for task in tasks[1:]]).update(status=Status.RETRY, attempt=1)

    hasty.claim()

    assert states() == {Status.PROCESSING: 1, Status.RETRY: 8}


def test_a_limited_task_is_never_taken_along(accept, many, hasty):
    for _ in range(RUNS_SEEN):
        hasty.feed.haste.note("toy_few", 0.001)
    many(1)
    for number in range(8):
        accept("toy_few", word=str(number))

    hasty.claim()

    assert states() == {Status.PROCESSING: 1, Status.PENDING: 8}


# What goes wrong


def test_a_death_is_counted_against_the_one_that_ran(many, hasty):
    many(20)
    run_next(hasty)
    running = hasty.claim()
    assert running is not None

    lease.release("here:0:1:1", now=NOON, running=hasty.slot.running_id())

    deaths = dict(Task.objects.filter(status=Status.RETRY).values_list("pk", "deaths"))
    assert hasty.slot.running_id() == running.pk
    assert {task_id: count for task_id, count in deaths.items() if count} == {running.pk: 1}
    assert len(deaths) == 5


def test_nobody_is_blamed_when_nobody_knows_who_ran(many, hasty):
    many(20)
    hasty.claim()

    lease.release("here:0:1:1", now=NOON)
    expired = lease.rescue_expired(now=NOON)

    assert expired == []
    assert set(Task.objects.filter(attempt=1).values_list("status", "deaths")) == {(Status.RETRY, 0)}


def test_a_machine_that_died_with_a_batch_is_blamed_on_nobody(many, hasty):
    many(20)
    hasty.claim()
    Task.objects.filter(status=Status.PROCESSING).update(leased_until=NOON)

    lease.rescue_expired(now=NOON.replace(hour=13))

    assert set(Task.objects.filter(attempt=1).values_list("status", "deaths")) == {(Status.RETRY, 0)}


def test_a_run_that_takes_unexpectedly_long_holds_up_nobody(many, hasty, other_worker):
    many(20)
    ended = run_next(hasty)
    running = hasty.claim()
    assert running is not None

    hasty.feed.unburden()

    assert Task.objects.get(pk=ended.pk).status == Status.SUCCESS
    assert Task.objects.get(pk=running.pk).status == Status.PROCESSING
    assert states() == {Status.SUCCESS: 1, Status.PROCESSING: 1, Status.RETRY: 3, Status.PENDING: 15}
    assert len(other_worker.work()) == 18
    assert states() == {Status.SUCCESS: 19, Status.PROCESSING: 1}


def test_the_long_run_itself_is_stored_when_it_ends(many, hasty):
    many(20)
    item = hasty._get()
    assert item is not None
    hasty.feed.unburden()

    item["func"]()
    hasty.feed.put({})
    hasty.work()

    assert states() == {Status.SUCCESS: 20}


def test_a_worker_that_ends_hands_back_what_it_has_not_begun(many, hasty):
    many(20)
    run_next(hasty)

    hasty.feed.close()

    assert states() == {Status.SUCCESS: 1, Status.RETRY: 4, Status.PENDING: 15}
    assert queue.held_by("here:0:1:1") == []


def test_one_of_several_that_was_fenced_costs_the_others_nothing(many, hasty):
    many(20)
    tasks = [run_next(hasty) for _ in range(5)]
    Task.objects.filter(pk=tasks[2].pk).update(status=Status.PROCESSING, worker="there:0:2:2", attempt=2)

    hasty.feed.close()

    assert Task.objects.get(pk=tasks[2].pk).worker == "there:0:2:2"
    assert [Task.objects.get(pk=task.pk).status for task in tasks].count(Status.SUCCESS) == 4
    assert not Attempt.objects.filter(task_id=tasks[2].pk).exists()


def test_a_database_that_is_away_loses_nothing_of_a_batch(many, hasty, monkeypatch):
    many(20)
    failures = iter([OperationalError("database is locked")] * 3)
    real = commit.finish

    def finish_later(ended):
        if ended:
            for error in failures:
                raise error
        return real(ended)

    monkeypatch.setattr(commit, "finish", finish_later)
    monkeypatch.setattr("jobs.runtime.feed.FIRST_PAUSE_SECONDS", 0.0)

    hasty.work()

    assert states() == {Status.SUCCESS: 20}
    assert set(Task.objects.values_list("attempt", flat=True)) == {1}
