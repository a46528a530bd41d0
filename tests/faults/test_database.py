"""I11: a database that is away loses no finished effect, and makes nobody run twice for nothing."""

import time

from tests.faults import sink
from tests.faults.bed import LEASE_SECONDS, Bed
from tests.faults.history import compare
from tests.flows.house import eventually


def wait(seconds: float) -> None:
    """Let an outage last: its length is the fault, not a guess about another's pace."""
    due = time.monotonic() + seconds
    eventually(lambda: time.monotonic() >= due, what="the outage is over", seconds=seconds + 60)


def test_i11_an_outage_of_the_database_loses_no_result_and_makes_no_task_run_twice(bed: Bed):
    """Longer than two leases: some results are ready meanwhile, and some tasks outlast it."""
    long = [bed.invoke("fault_effect", seconds=12.0, note=f"long {number}") for number in range(2)]
    short = [bed.invoke("fault_effect", seconds=1.0, note=str(number)) for number in range(8)]
    running = [*long, *short[:2]]
    eventually(lambda: sum(sink.count(bed.home, "start")[task] for task in running) == 4, what="four of them run")

    with bed.database_away():
        wait(2.5 * LEASE_SECONDS)

    assert set(bed.at_rest([*long, *short]).values()) == {"success"}
    verdict = compare(bed, [*long, *short])
    assert verdict.is_clean(), verdict
    rows = bed.history()
    assert [(rows[task]["attempt"], rows[task]["deaths"]) for task in [*long, *short]] == [(1, 0)] * 10
    assert verdict.repeats == 0
