"""I1 and I3: one end for every task, and nothing is stored by an attempt that was passed over."""

import random

from tests.faults import sink
from tests.faults.bed import Bed, kill
from tests.faults.history import compare
from tests.flows.house import eventually


def test_i1_every_accepted_task_reaches_exactly_one_end_while_processes_are_killed(bed: Bed):
    """The soak in small: a hundred mixed tasks, and every kind of process dies once or twice."""
    fate = random.Random(1)
    accepted = []
    for number in range(100):
        accepted.append(
            bed.invoke(
                fate.choice(["fault_effect", "fault_speak"]),
                seconds=fate.choice([0, 0.05, 0.3]),
                fail_times=fate.choice([0, 0, 0, 1]),
                die_times=fate.choice([0] * 9 + [1]),
            )
        )
        if number % 12 == 6:
            cluster = fate.choice(bed.clusters)
            eventually(cluster.is_whole, what=f"{cluster.name} is whole before it is hurt; its log is in {bed.home}")
            kill(fate.choice([cluster.workers()[0], cluster.keeper(), cluster.guard()]))
        if number == 50:
            bed.clusters[0].kill()
            bed.mend()

    bed.at_rest(accepted)

    verdict = compare(bed, accepted)
    assert verdict.is_clean(), verdict
    rows = bed.history()
    others = [rows[task] for task in accepted if rows[task]["status"] != "success"]
    # Our kills may have met one task three times; any other failure is the house's.
    assert [row for row in others if (row["deaths"], row["error_code"]) != (3, "worker_died")] == []
    assert len(others) < 5


def test_i3_a_cluster_that_sleeps_past_its_lease_stores_nothing_when_it_wakes(bed: Bed):
    """SIGSTOP for more than two leases, the successor finishes, SIGCONT: fenced, and its files removed."""
    sleeper, successor = bed.clusters
    successor.stop()
    tasks = [bed.invoke("fault_effect", seconds=3.0, polite=False, note=str(number)) for number in range(2)]
    eventually(lambda: all(sink.count(bed.home, "start")[task] == 1 for task in tasks), what="both run on the sleeper")
    with sleeper.frozen():
        successor.start()
        # Longer than two leases: the lease, the sweep, and the run of the successor.
        ended = bed.at_rest(tasks)
        rows = bed.history()
        before = {task: rows[task] for task in tasks}
    eventually(lambda: all(sink.count(bed.home, "effect")[task] == 2 for task in tasks), what="the late runs end too")
    later = [bed.invoke("fault_effect", note="after") for _ in range(6)]
    bed.at_rest(later)
    log = (bed.home / f"{sleeper.name}.log").read_text()

    assert set(ended.values()) == {"success"}
    eventually(lambda: set(bed.history()[tasks[0]]["stored"]) == set(before[tasks[0]]["files"]), what="late files go")
    rows = bed.history()
    after = {task: rows[task] for task in tasks}
    assert after == before
    assert all(row["attempt"] == 2 and row["result"]["attempt"] == 2 for row in after.values())
    assert log.count("a late attempt changed nothing") >= 2


def test_i3_a_worker_frozen_in_its_function_is_ended_at_the_time_limit_and_replaced(bed: Bed):
    """A worker alone that stops: its cluster renews its lease, so its time limit is what ends it."""
    task = bed.invoke("fault_brief", seconds=1.0)
    eventually(lambda: sink.count(bed.home, "start")[task] == 1, what="the task runs")
    worker = next(line["pid"] for line in sink.lines(bed.home) if line["task"] == task)
    frozen = next(each for cluster in bed.clusters for each in cluster.workers() if each.pid == worker)
    frozen.suspend()

    assert bed.at_rest([task])[task] == "success"

    assert bed.history()[task]["attempts"] == [[1, "retry"], [2, "success"]]
    assert not frozen.is_running()
