"""I7: nothing stays stuck. Whatever dies, what it left moves on within a lease and fifteen seconds."""

import time

import pytest

from tests.faults import sink
from tests.faults.bed import LEASE_SECONDS, REPAIR_SECONDS, Bed, Cluster, kill
from tests.flows.house import eventually


@pytest.mark.parametrize("which", ["worker", "keeper", "guard", "main"])
def test_i7_an_idle_process_killed_at_any_place_stops_nothing(bed: Bed, which: str):
    for cluster in bed.clusters:
        victims = {"worker": lambda c=cluster: c.workers()[0], "keeper": cluster.keeper, "guard": cluster.guard,
                   "main": cluster.main}  # fmt: skip
        kill(victims[which]())

        tasks = [bed.invoke("toy_echo", word=str(number)) for number in range(3)]
        assert set(bed.at_rest(tasks, seconds=LEASE_SECONDS + REPAIR_SECONDS).values()) == {"success"}
        bed.mend()


@pytest.mark.parametrize("which", ["worker", "guard", "main"])
def test_i7_what_a_killed_process_ran_starts_again_at_once_and_not_after_a_lease(bed: Bed, which: str):
    task = bed.invoke("fault_effect", seconds=2.0)
    start = eventually(lambda: starts_of(bed, task), what="it runs")[0]
    cluster = cluster_of(bed, start["pid"])
    victim = next(each for each in cluster.tree() if each.pid == start["pid"])
    victim = {"worker": victim, "guard": cluster.guard(), "main": cluster.main()}[which]

    kill(victim)
    killed = time.time()

    again = eventually(lambda: starts_of(bed, task)[1:], what="it runs again")[0]
    assert bed.at_rest([task])[task] == "success"
    # Any living cluster of this machine sees that the process is gone: at once for a worker of its
    # own, else at its next look, every five seconds.
    assert again["at"] - killed < (LEASE_SECONDS if which == "worker" else 5 + LEASE_SECONDS)
    assert [outcome for _number, outcome in bed.history()[task]["attempts"]] == ["died", "success"]


def test_i7_an_idle_worker_that_stands_still_takes_no_task_with_it(bed: Bed):
    """It may be the one that is woken: the others look for themselves within a second."""
    idle = bed.clusters[0].workers()[0]
    idle.suspend()
    try:
        tasks = [bed.invoke("fault_effect", note=str(number)) for number in range(10)]
        assert set(bed.at_rest(tasks, seconds=LEASE_SECONDS + REPAIR_SECONDS).values()) == {"success"}
    finally:
        idle.resume()


def test_i7_a_keeper_that_stands_still_is_replaced(bed: Bed):
    cluster = bed.clusters[0]
    frozen = cluster.keeper()

    frozen.suspend()

    eventually(lambda: not frozen.is_running(), what="the guard ends the keeper that shows no sign of life")
    eventually(cluster.is_whole, what="the cluster has a keeper again")


def starts_of(bed: Bed, task: str) -> list[dict]:
    return [line for line in sink.lines(bed.home) if (line["what"], line["task"]) == ("start", task)]


def cluster_of(bed: Bed, pid: int) -> Cluster:
    return next(cluster for cluster in bed.clusters if pid in [each.pid for each in cluster.tree()])
