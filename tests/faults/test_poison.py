"""I8: a task that breaks its worker is parked with its reason, after three executions, and harms no other."""

from tests.faults import sink
from tests.faults.bed import Bed

KINDS = [
    ("fault_exit", 3, "resource_error", "worker_died"),
    ("fault_segfault", 3, "resource_error", "worker_died"),
    ("fault_memory", 3, "resource_error", ""),
    ("fault_loop", 3, "timeout_error", "timed_out"),
    ("fault_native_loop", 3, "timeout_error", "timed_out"),
    # Without retries of its own a loop is run once.
    ("toy_spin", 1, "timeout_error", "timed_out"),
    ("toy_native_spin", 1, "timeout_error", "timed_out"),
]


def test_i8_every_kind_of_poison_is_parked_and_its_neighbours_are_done(bed: Bed):
    poisons = {bed.invoke(function): (function, times, error, code) for function, times, error, code in KINDS}
    neighbours = [bed.invoke("fault_effect", note=str(number)) for number in range(20)]

    assert set(bed.at_rest(neighbours).values()) == {"success"}
    bed.at_rest(list(poisons))

    assert [bed.task(task)["attempt"] for task in neighbours] == [1] * 20
    starts = sink.count(bed.home, "start")
    for task, (function, times, error, code) in poisons.items():
        found = bed.task(task)
        assert found["status"] == "failure", function
        assert (found["attempt"], found["error"]["type"]) == (times, error), function
        assert found["error"].get("code", "") == code, function
        if function.startswith("fault"):
            assert starts[task] == times, function
    bed.mend()


def test_i8_a_task_that_kills_its_worker_less_often_is_done_in_the_end(bed: Bed):
    tasks = {bed.invoke("fault_effect", die_times=deaths): deaths for deaths in (1, 2)}

    assert set(bed.at_rest(list(tasks)).values()) == {"success"}

    rows = bed.history()
    for task, deaths in tasks.items():
        assert rows[task]["attempts"] == [[n, "died"] for n in range(1, deaths + 1)] + [[deaths + 1, "success"]]
