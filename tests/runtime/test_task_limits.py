"""What one task may take: time, memory, room for what it gives back."""

import os
import resource
import signal

import pytest

from jobs.runtime import lease, memory
from jobs.runtime.errors import OutOfTime
from jobs.runtime.lease import Ending
from jobs.runtime.models import ErrorType, Status, Task
from jobs.runtime.time_limit import soft_limit
from tests.flows.house import eventually
from tests.runtime.conftest import NOON
from tests.waits import in_a_fork


def test_a_function_may_give_back_what_it_has_at_its_soft_time_limit(accept, worker):
    task = accept("toy_late").task

    worker.work()

    ended = Task.objects.select_related("result").get(pk=task.pk)
    assert (ended.status, ended.result.output["word"]) == (Status.SUCCESS, "so far")


def test_the_hard_limit_rings_after_the_soft_one():
    rings = []
    signal.signal(signal.SIGALRM, lambda *_: rings.append("hard"))
    signal.setitimer(signal.ITIMER_REAL, 1.2)

    def overstay() -> None:
        with soft_limit(1):
            while True:
                rings.count("soft")

    with pytest.raises(OutOfTime):
        overstay()
    # Not signal.pause(): a ring between the look and the pause would be waited for for ever.
    eventually(lambda: rings, what="the hard limit rings", seconds=60)

    assert rings == ["hard"]
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_a_block_that_is_quick_leaves_the_alarm_as_it_was():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 100)

    with soft_limit(50):
        inside = signal.getitimer(signal.ITIMER_REAL)[0]

    assert inside <= 50 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_an_output_that_is_too_large_fails_once_and_leaves_no_file(accept, worker):
    task = accept("toy_big").task

    worker.work()

    ended = Task.objects.get(pk=task.pk)
    assert (ended.status, ended.error_type, ended.error_code) == (
        Status.FAILURE, ErrorType.RESOURCE, "output_too_large",
    )  # fmt: skip
    assert (ended.attempt, ended.artifacts.count()) == (1, 0)


def test_a_task_over_its_memory_is_parked_after_as_many_executions_as_any_other_killer(make_task, valkey):
    task = make_task(status=Status.PROCESSING, worker="here:0:1:1", deaths=2, attempt=3)

    lease.release("here:0:1:1", now=NOON, ending=Ending.OVER_MEMORY)

    ended = Task.objects.get(pk=task.pk)
    assert (ended.status, ended.error_type, ended.error_code) == (Status.FAILURE, ErrorType.RESOURCE, "memory_ceiling")


def test_the_memory_of_a_process_is_read_in_megabytes():
    before = memory.resident_megabytes(os.getpid())
    hoard = bytearray(os.urandom(64 * memory.MEGABYTE))

    grown = memory.resident_megabytes(os.getpid()) - before

    assert 60 < grown < 80
    assert len(hoard) == 64 * memory.MEGABYTE


def test_nobody_has_no_memory():
    assert memory.resident_megabytes(2**22 + 1) == 0.0


def test_a_process_cannot_map_more_than_twice_its_ceiling():
    before = resource.getrlimit(resource.RLIMIT_DATA)

    def is_walled() -> bool:
        memory.build_wall(512)
        try:
            bytearray(2 * 1024 * memory.MEGABYTE)
        except MemoryError:
            return True
        return False

    _pid, code = in_a_fork(is_walled, what="map more than its ceiling")

    assert code == 0
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
