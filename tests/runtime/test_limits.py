"""How many may run at once, how many may start in a time: limits hold, and hold up nobody else."""

from uuid import uuid4

import pytest

from jobs.runtime import admission, lease, queue, registry
from jobs.runtime.connection import client, key
from jobs.runtime.models import Priority, Status, Task
from tests.runtime.conftest import NOON, LocalWorker


def claim_all(worker: LocalWorker) -> list[Task]:
    """Claim what may be claimed now, running none of it; each by a worker of its own."""
    found = []
    while task := LocalWorker(f"here:0:{len(found) + 10}:1").claim():
        found.append(task)
    return found


def statuses(*tasks: Task) -> list[str]:
    return [Task.objects.get(pk=task.pk).status for task in tasks]


def test_no_more_of_a_function_run_than_it_declares(accept, worker):
    tasks = [accept("toy_few", word=str(number)).task for number in range(5)]

    running = claim_all(worker)

    assert [task.pk for task in running] == [task.pk for task in tasks[:2]]
    assert statuses(*tasks[2:]) == [Status.PENDING] * 3


def test_a_reached_limit_holds_up_no_other_function(accept, worker):
    for number in range(5):
        accept("toy_few", word=str(number))
    other = accept("toy_echo").task

    running = claim_all(worker)

    assert other.pk in {task.pk for task in running}
    assert len(running) == 3


def test_what_waited_for_a_limit_runs_in_its_order_when_there_is_room(accept, worker):
    words = [accept("toy_few", word=str(number)).task.inputs["word"] for number in range(5)]

    done = worker.work()

    assert [task.inputs["word"] for task in done] == words


def test_an_urgent_task_passes_those_that_wait_for_the_same_limit(accept, worker):
    for number in range(4):
        accept("toy_few", word=str(number))
    first, second = claim_all(worker)
    accept("toy_few", word="urgent", priority=Priority.URGENT)

    lease.release(first.worker, now=NOON)
    lease.release(second.worker, now=NOON)
    order = [task.inputs["word"] for task in worker.work()]

    assert order[0] == "urgent"


def test_each_order_key_has_a_limit_of_its_own(accept, worker):
    mine = [accept("toy_one_each", order_key="guild:1").task for _ in range(3)]
    theirs = [accept("toy_one_each", order_key="guild:2").task for _ in range(3)]

    running = claim_all(worker)

    assert {task.pk for task in running} == {mine[0].pk, theirs[0].pk}


def test_a_rate_lets_so_many_start_and_no_more(accept, worker):
    tasks = [accept("toy_rare", word=str(number)).task for number in range(4)]

    worker.work()

    assert statuses(*tasks) == [Status.SUCCESS, Status.SUCCESS, Status.PENDING, Status.PENDING]


def test_a_rate_that_has_recovered_lets_the_next_one_go(accept, worker):
    tasks = [accept("toy_rare", word=str(number)).task for number in range(4)]
    worker.work()

    # Half an hour goes by for Redis: its memory of the last start is as old as that.
    moved = float(client().get(key("rate", "r:toy_rare")) or 0) - 1_800_000
    client().set(key("rate", "r:toy_rare"), moved)
    worker.work()

    assert statuses(*tasks) == [Status.SUCCESS, Status.SUCCESS, Status.SUCCESS, Status.PENDING]


def test_a_dead_worker_frees_its_place(accept, worker, other_worker):
    tasks = [accept("toy_few", word=str(number)).task for number in range(3)]
    first, _second = claim_all(worker)

    lease.release(first.worker, now=NOON)

    assert {task.pk for task in claim_all(worker)} & {tasks[0].pk, tasks[2].pk}
    assert Task.objects.filter(status=Status.PROCESSING).count() == 2


def test_a_limit_holds_after_redis_was_emptied(accept, worker, valkey):
    tasks = [accept("toy_few", word=str(number)).task for number in range(4)]
    claim_all(worker)

    valkey.flushall()
    queue.send_all(tasks)
    nobody_knows_yet = worker.claim()
    admission.keep_limits()

    assert nobody_knows_yet is None
    assert claim_all(worker) == []
    assert Task.objects.filter(status=Status.PROCESSING).count() == 2


def test_a_count_that_nobody_took_back_is_pruned(accept, worker, valkey):
    for number in range(3):
        accept("toy_few", word=str(number))
    valkey.sadd(key("busy", "f:toy_few"), queue.member_of(uuid4()), queue.member_of(uuid4()))
    assert worker.claim() is None

    pruned = admission.prune()

    assert pruned == 2
    assert len(claim_all(worker)) == 2


def test_a_cancelled_task_that_waits_for_a_limit_is_gone(accept, worker):
    from jobs.runtime.cancel import cancel

    tasks = [accept("toy_few", word=str(number)).task for number in range(4)]
    claim_all(worker)

    cancel(tasks[2])

    assert queue.missing([tasks[2].pk]) == [tasks[2].pk]
    assert queue.missing([tasks[3].pk]) == []


def test_the_place_of_a_task_that_waits_for_a_limit_is_known(accept, worker):
    tasks = [accept("toy_few", word=str(number)).task for number in range(5)]
    claim_all(worker)

    assert [queue.position_or_none(Task.objects.get(pk=task.pk)) for task in tasks[2:]] == [0, 1, 2]


def test_a_flood_against_a_limit_is_passed_over_in_bounded_steps(accept, worker):
    for number in range(queue.MAX_PASSED_OVER + 20):
        accept("toy_few", word=str(number))
    other = accept("toy_echo", order_key="last").task

    running = claim_all(worker)

    assert other.pk in {task.pk for task in running}


def test_a_paused_queue_takes_in_and_hands_nothing_out(accept, worker):
    admission.pause("bulk")
    task = accept("toy_echo").task
    other = accept("toy_quick").task

    worker.work()
    assert statuses(task, other) == [Status.PENDING, Status.SUCCESS]

    admission.resume("bulk")
    worker.work()
    assert statuses(task) == [Status.SUCCESS]


def test_a_pause_is_remembered_by_its_row(accept, worker, valkey):
    admission.pause("bulk")
    valkey.flushall()
    task = accept("toy_echo").task

    admission.keep_pauses()
    worker.work()

    assert statuses(task) == [Status.PENDING]


def test_pausing_twice_is_pausing_once(valkey, transactional_db):
    assert [admission.pause("bulk"), admission.pause("bulk")] == [True, False]
    assert [admission.resume("bulk"), admission.resume("bulk")] == [True, False]


@pytest.mark.parametrize("limit", [{"max_running": 0}, {"max_running_per_key": -1}, {"max_memory_megabytes": 0}])
def test_a_limit_that_would_let_nothing_run_is_refused_where_it_is_declared(limit):
    with pytest.raises(ValueError, match="would let nothing run"):
        registry.function("toy_none", queue="bulk", timeout_seconds=5, **limit)
