"""I18: a cluster that is told to stop hands its work back; nothing waits for a lease, nothing is lost."""

import time

from tests.faults import sink
from tests.faults.bed import Bed
from tests.faults.history import compare
from tests.flows.house import eventually

EXIT_SECONDS = 30


def test_i18_rolling_restarts_under_load_lose_nothing_and_wait_for_no_lease(bed: Bed):
    accepted = []
    for turn in range(4):
        accepted += [bed.invoke("fault_effect", seconds=0.4, note=f"{turn} {number}") for number in range(10)]
        cluster = bed.clusters[turn % 2]
        # The one that was restarted two turns ago may still be starting, and takes no order yet.
        eventually(cluster.is_whole, what="the cluster is whole before it is told to stop")
        began = time.monotonic()
        assert cluster.stop() == 0
        assert time.monotonic() - began < EXIT_SECONDS
        cluster.start()

    bed.at_rest(accepted)

    verdict = compare(bed, accepted)
    assert verdict.is_clean(), verdict
    assert verdict.ends == {"success": 40}
    rows = bed.history()
    assert {rows[task]["deaths"] for task in accepted} == {0}
    assert verdict.repeats == 0, "each was shorter than the grace time, so each was let finish"


def test_i18_what_outlasts_the_grace_time_is_handed_back_and_done_by_another(bed: Bed):
    leaver, stayer = bed.clusters
    stayer.stop()
    leaver.stop()
    leaver.start(STOP_GRACE_SECONDS="1")
    task = bed.invoke("fault_effect", seconds=4.0, polite=False)
    eventually(lambda: sink.count(bed.home, "start")[task] == 1, what="it runs")

    assert leaver.stop(seconds=EXIT_SECONDS) == 0

    (row,) = [row for row in bed.history().values() if row["id"] == task]
    assert (row["status"], row["deaths"], row["attempts"]) == ("retry", 0, [[1, "stopped"]])
    stayer.start()
    assert bed.at_rest([task])[task] == "success"
    assert bed.history()[task]["attempts"] == [[1, "stopped"], [2, "success"]]
