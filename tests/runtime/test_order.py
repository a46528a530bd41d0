"""Tasks that wait for other tasks: ordered groups, unique keys, batches, many at once."""

import time
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User

from jobs.runtime import followers, identity, queue, sweep
from jobs.runtime.batch import chunks, invoke_batch, parts_of
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke, invoke_again, invoke_many
from jobs.runtime.models import Source, Status, Task
from tests.runtime.conftest import NOON, LocalWorker


@pytest.fixture
def in_order(valkey, transactional_db, owner):
    """Accept a task of the ordered group `guild:1`."""

    def accept(function: str = "toy_echo", *, key: str = "guild:1", **inputs) -> Task:
        return invoke(function, inputs, owner=owner, source=Source.API, sequence_key=key).task

    return accept


@pytest.fixture
def batch(valkey, transactional_db, owner):
    def accept(*words: str, function: str = "toy_echo", at_once: int | None = None) -> Task:
        parts = (function, [{"word": word} for word in words])
        return invoke_batch("toy_gather", {}, parts=parts, at_once=at_once, owner=owner, source=Source.API).task

    return accept


def fresh(task: Task) -> Task:
    return Task.objects.get(pk=task.pk)


# Ordered groups


def test_tasks_of_one_group_run_one_after_the_other(in_order, worker, other_worker):
    first, second = in_order(word="1"), in_order(word="2")

    claimed = worker.claim()

    assert claimed is not None
    assert claimed.pk == first.pk
    assert other_worker.claim() is None
    assert fresh(second).status == Status.PENDING


def test_groups_do_not_wait_for_each_other(in_order, worker, other_worker):
    first, second = in_order(key="guild:1"), in_order(key="guild:2")

    claimed = [worker.claim(), other_worker.claim()]

    assert {task.pk for task in claimed if task} == {first.pk, second.pk}


def test_a_group_keeps_its_order_across_retries(in_order, worker):
    for number in range(5):
        in_order("toy_flaky", word=str(number), times=1 if number in (1, 3) else 0)

    runs = [task.inputs["word"] for task in worker.work()]

    assert runs == ["0", "1", "1", "2", "3", "3", "4"]


def test_a_task_that_ended_badly_holds_up_nobody(in_order, worker):
    bad, good = in_order("toy_bad"), in_order(word="after")

    worker.work()

    assert (fresh(bad).status, fresh(good).status) == (Status.FAILURE, Status.SUCCESS)


def test_a_cancelled_task_lets_the_next_one_go(in_order, worker):
    first, second = in_order(word="1"), in_order(word="2")

    cancel(first)
    worker.work()

    assert fresh(second).status == Status.SUCCESS


def test_a_message_sent_too_early_starts_nothing(in_order, worker, other_worker):
    in_order(word="1")
    second = in_order(word="2")
    worker.claim()

    queue.send(second)

    assert other_worker.claim() is None


def test_the_claim_itself_refuses_a_task_whose_turn_it_is_not(in_order, transactional_db):
    from jobs.runtime import commit

    in_order(word="1")
    second = in_order(word="2")

    assert commit.claim([second.pk], worker="here:0:1:1", now=NOON) == []


def test_the_sweep_sends_the_head_of_a_group_and_not_those_behind_it(in_order, valkey):
    first, second = in_order(word="1"), in_order(word="2")
    valkey.flushall()

    sweep.send_missing(now=second.created_at, grace_seconds=-1)

    assert queue.missing([first.pk, second.pk]) == [second.pk]
    assert set(followers.startable()) == {first}


# Unique keys


def test_a_unique_key_gives_the_open_task_again_and_a_new_one_after_it_ended(valkey, transactional_db, owner, worker):
    def ask(word: str):
        return invoke("toy_echo", {"word": word}, owner=owner, source=Source.API, unique_key="daily")

    first, again = ask("a"), ask("b")
    worker.work()
    later = ask("c")

    assert (again.replayed, again.task.pk) == (True, first.task.pk)
    assert (later.replayed, later.task.pk != first.task.pk) == (False, True)


def test_a_unique_key_is_the_owners_own(valkey, transactional_db, owner, stranger: User):
    mine = invoke("toy_echo", {}, owner=owner, source=Source.API, unique_key="daily")
    theirs = invoke("toy_echo", {}, owner=stranger, source=Source.API, unique_key="daily")

    assert mine.task.pk != theirs.task.pk


# Many at once


def test_many_are_accepted_in_their_order_with_few_statements(
    valkey, transactional_db, owner, worker, django_assert_max_num_queries
):
    with django_assert_max_num_queries(8):
        tasks = invoke_many("toy_echo", [{"word": str(n)} for n in range(100)], owner=owner, source=Source.API)

    assert [task.inputs["word"] for task in worker.work()] == [task.inputs["word"] for task in tasks]
    assert Task.objects.filter(status=Status.SUCCESS).count() == 100


def test_the_ids_of_many_are_in_their_order_however_coarse_the_clock_is(valkey, transactional_db, owner, monkeypatch):
    stopped = SimpleNamespace(time_ns=lambda: 1_800_000_000_000_000_000, time=time.time)
    monkeypatch.setattr(identity, "time", stopped)

    tasks = invoke_many("toy_echo", [{"word": str(n)} for n in range(20)], owner=owner, source=Source.API)

    rows = Task.objects.order_by("id")
    assert [row.inputs["word"] for row in rows] == [str(n) for n in range(20)]
    assert [row.pk for row in rows] == [task.pk for task in tasks]


def test_one_bad_input_of_many_is_named_and_none_is_accepted(valkey, transactional_db, owner):
    with pytest.raises(InvalidInput) as refused:
        invoke_many("toy_echo", [{"word": "good"}, {"word": "x" * 21}], owner=owner, source=Source.API)

    assert refused.value.errors[0].field == "inputs.1.word"
    assert not Task.objects.exists()


# Batches


def test_a_batch_ends_with_its_last_step_over_all_parts(batch, worker):
    task = batch("a", "b", "c")

    worker.work()

    ended = Task.objects.select_related("result").get(pk=task.pk)
    assert (ended.status, ended.result.output["word"], ended.progress) == (Status.SUCCESS, "a b c", 100)
    assert [part.output["word"] for part in parts_of(task.pk)] == ["a", "b", "c"]


def test_the_last_step_does_not_start_before_the_parts_have_ended(batch, worker, other_worker):
    task = batch("a", "b")
    part = worker.claim()

    queue.send(fresh(task))

    assert part is not None
    later = other_worker.claim()
    assert later is not None
    assert later.pk != task.pk
    assert other_worker.claim() is None


def test_no_more_parts_run_at_once_than_asked_for(batch, valkey):
    batch("a", "b", "c", "d", at_once=2)

    claimed = [LocalWorker(f"here:0:{number}:1").claim() for number in range(1, 5)]

    assert [task is not None for task in claimed] == [True, True, False, False]


def test_a_failing_part_does_not_fail_the_batch(transactional_db, valkey, owner, worker):
    task = invoke_batch(
        "toy_gather", {}, parts=("toy_flaky", [{"word": "a"}, {"word": "b", "times": 9}, {"word": "c"}]),
        owner=owner, source=Source.API,
    ).task  # fmt: skip

    worker.work()

    ended = Task.objects.select_related("result").get(pk=task.pk)
    assert (ended.status, ended.result.output["word"]) == (Status.SUCCESS, "a - c")


def test_a_batch_tells_how_many_parts_have_ended(batch, worker):
    task = batch("a", "b", "c", "d")
    for _ in range(2):
        worker._get()["func"]()
        worker.feed.put({})
        worker.feed.close()

    row = fresh(task)

    assert (row.status, row.step, row.total_steps, row.progress) == (Status.PENDING, 2, 4, 49)


def test_cancelling_a_batch_cancels_its_open_parts(batch, worker):
    task = batch("a", "b", "c")
    worker._get()["func"]()
    worker.feed.put({})
    worker.feed.close()

    cancel(task)

    assert [part.status for part in parts_of(task.pk)] == [Status.SUCCESS, Status.CANCELLED, Status.CANCELLED]
    assert fresh(task).status == Status.CANCELLED


def test_a_batch_is_accepted_as_a_whole_or_not_at_all(transactional_db, valkey, owner):
    with pytest.raises(InvalidInput) as refused:
        invoke_batch(
            "toy_gather", {}, parts=("toy_echo", [{"word": "a"}, {"wrong": 1}]), owner=owner, source=Source.API
        )

    assert refused.value.errors[0].field == "parts.1.wrong"
    assert not Task.objects.exists()


def test_a_batch_run_again_runs_its_parts_again(batch, worker):
    task = batch("a", "b", at_once=1)
    worker.work()

    again = invoke_again(fresh(task), source=Source.API).task
    worker.work()

    ended = Task.objects.select_related("result").get(pk=again.pk)
    assert (ended.result.output["word"], ended.retried_from_id) == ("a b", task.pk)
    assert {part.siblings_at_once for part in again.children.all()} == {1}


def test_chunks_hold_everything_once():
    assert chunks([1, 2, 3, 4, 5, 6, 7], 3) == [[1, 2, 3], [4, 5, 6], [7]]
