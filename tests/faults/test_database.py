"""I11: a database that is away loses no finished effect, and makes nobody run twice for nothing."""

from tests.faults import sink
from tests.faults.bed import LEASE_SECONDS, Bed
from tests.faults.history import compare
from tests.flows.house import eventually


def wait(seconds: float) -> None:
    """Let an outage last: its length is the fault, not a guess about another's pace."""
    import time

    due = time.monotonic() + seconds
    eventually(lambda: time.monotonic() >= due, what="the outage is over", seconds=seconds + 60)


def test_i11_results_that_are_ready_while_the_database_is_away_are_stored_when_it_is_back(bed: Bed):
    """Longer than two leases: every worker has a finished or running task, and none of them is run again."""
    tasks = [bed.invoke("fault_effect", seconds=1.0, note=str(number)) for number in range(10)]
    eventually(lambda: sum(sink.count(bed.home, "start")[task] for task in tasks) >= 4, what="four of them run")

    with bed.database_away():
        wait(2.5 * LEASE_SECONDS)

    ends = bed.at_rest(tasks)
    assert set(ends.values()) == {"success"}
    verdict = compare(bed, tasks)
    assert verdict.is_clean(), verdict
    rows = bed.history()
    assert [rows[task]["deaths"] for task in tasks] == [0] * 10
    assert verdict.repeats == 0


def test_i11_long_tasks_outlive_an_outage_and_are_not_taken_for_dead(bed: Bed):
    tasks = [bed.invoke("fault_effect", seconds=12.0, note=str(number)) for number in range(4)]
    eventually(lambda: sum(sink.count(bed.home, "start")[task] for task in tasks) == 4, what="all of them run")

    with bed.database_away():
        wait(2 * LEASE_SECONDS)

    assert set(bed.at_rest(tasks).values()) == {"success"}
    rows = bed.history()
    assert [(rows[task]["attempt"], rows[task]["deaths"]) for task in tasks] == [(1, 0)] * 4
