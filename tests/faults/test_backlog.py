"""I17: a backlog slows down, it does not break: accepted, fair, and steady in memory."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.faults import sink
from tests.faults.bed import Bed
from tests.faults.history import compare
from tests.flows.house import eventually

SHORT = 1_000
# A new user's first task among those of a flood.
FIRST_START_SECONDS = 30
# Of ten processes together, whose first thousand tasks also fill their caches: 48 were seen.
MEGABYTES_GROWN = 120


def test_i17_a_thousand_waiting_tasks_are_done_and_delay_nobody_else(bed: Bed):
    report = flood(bed, SHORT)

    assert report["first_start_seconds"] < FIRST_START_SECONDS
    assert report["verdict"].is_clean(), report["verdict"]
    assert report["verdict"].ends == {"success": SHORT}
    assert report["grown_megabytes"] < MEGABYTES_GROWN


def flood(bed: Bed, size: int) -> dict:
    """Ask for `size` tasks as one user while another asks for one; return what it came to."""
    token, other = bed.token(), bed.token("taro")
    before = resident_megabytes(bed)
    began = time.monotonic()

    def ask(number: int) -> str:
        return bed.invoke("fault_effect", token=token, note=str(number))

    with ThreadPoolExecutor(4) as hands:
        accepted = list(hands.map(ask, range(size)))
        accepted_seconds = time.monotonic() - began
    asked = time.monotonic()
    newcomer = bed.invoke("fault_effect", token=other, note="one of another user")
    eventually(lambda: sink.count(bed.home, "start")[newcomer], what="the newcomer's task starts")
    first = time.monotonic() - asked
    listed = time.monotonic()
    assert bed.get("/api/v1/tasks?limit=100", token=token).status == 200
    listed_seconds = time.monotonic() - listed
    bed.at_rest([*accepted, newcomer], seconds=60 + size / 10)
    return {
        "accepted_per_second": size / accepted_seconds,
        "first_start_seconds": first,
        "list_seconds": listed_seconds,
        "done_per_second": size / (time.monotonic() - began),
        "grown_megabytes": resident_megabytes(bed) - before,
        "verdict": compare(bed, accepted),
    }


def resident_megabytes(bed: Bed) -> float:
    """Return the private memory of all worker processes and keepers together."""
    return sum(each.memory_info().rss for cluster in bed.clusters for each in cluster.tree()) / 1e6
