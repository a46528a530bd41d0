"""I13 and I19: the clock may jump, and what is due is fired once however many clusters there are.

How far this goes without libfaketime: every lease, delay and period is computed from
`jobs.runtime.clock.now()`, which on PostgreSQL is the server's clock and goes on by the
machine's monotonic one. So a machine whose own clock is wrong changes nothing there, and
a jump that can be felt at all is one of the database's clock: it is made here
(points.set_clock), and each process meets it when it next reads that clock. That nothing in
the runtime reads another wall clock for a decision about a task is a test of its own.
"""

import re
from datetime import timedelta

import pytest

from tests.faults import points, sink
from tests.faults.bed import Bed
from tests.faults.history import compare
from tests.flows.house import ROOT, eventually

PERIOD_SECONDS = 6  # of fault_tick


def test_i13_leases_and_delays_are_read_from_the_one_clock_alone():
    wall = re.compile(r"timezone\.now\(|datetime\.(now|today|utcnow)\(|\btime\.time\(|localtime\(")
    places = {place.name for place in (ROOT / "jobs" / "runtime").glob("*.py") if wall.search(place.read_text())}

    # clock.py is the one clock; stats.py, keepers.py and guard.py tell people how long ago a worker was heard of or
    # begun, gauges.py what is overdue, identity.py how old an id is, for the number of workers wanted.
    assert places <= {"clock.py", "stats.py", "identity.py", "keepers.py", "guard.py", "gauges.py"}


def test_i19_a_period_is_fired_once_by_two_clusters(bed: Bed):
    """A keeper is killed meanwhile; each period's own key makes a second firing impossible."""
    before = len(ticks(bed))
    bed.clusters[0].keeper().kill()

    def periods() -> set[int]:
        # One that was fired late may run in the period after its own.
        return {int(line["at"]) // PERIOD_SECONDS for line in ticks(bed)[before:]}

    eventually(lambda: len(periods()) >= 3, what="three more periods have begun")

    keys = [key for (key,) in bed.rows("SELECT idempotency_key FROM jobs_task WHERE function = 'fault_tick'")]
    assert len(keys) == len(set(keys))
    assert set(sink.count(bed.home, "tick").values()) == {1}


@pytest.mark.parametrize("hours", [1, -1])
def test_i13_a_clock_that_jumps_steals_no_lease(bed: Bed, hours: int):
    tasks = [bed.invoke("fault_effect", seconds=4.5, note=str(number)) for number in range(4)]
    eventually(lambda: sum(sink.count(bed.home, "start")[task] for task in tasks) == 4, what="all of them run")

    points.set_clock(bed.home, timedelta(hours=hours))

    later = [bed.invoke("fault_effect", note="after the jump") for _ in range(4)]
    assert set(bed.at_rest([*tasks, *later]).values()) == {"success"}
    rows = bed.history()
    assert [(rows[task]["attempt"], rows[task]["deaths"]) for task in tasks] == [(1, 0)] * 4
    assert compare(bed, [*tasks, *later]).repeats == 0


def ticks(bed: Bed) -> list[dict]:
    return [line for line in sink.lines(bed.home) if line["what"] == "tick"]
