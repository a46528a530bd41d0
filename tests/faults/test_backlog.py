"""I17: a backlog slows down, it does not break: accepted, fair, and steady in memory."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.faults import sink
from tests.faults.bed import Bed
from tests.faults.history import compare
from tests.faults.rows import FINAL
from tests.flows.house import eventually

SHORT = 1_000
# A new user's first task among those of a flood.
FIRST_START_SECONDS = 30
# Of all processes of two clusters together, from the middle of a backlog to its end: until then
# they fill their caches. A task that left 50 kB behind would show.
MEGABYTES_GROWN_PER_THOUSAND = 50


def test_i17_a_thousand_waiting_tasks_are_done_and_delay_nobody_else(bed: Bed):
    report = flood(bed, SHORT)

    assert report["first_start_seconds"] < FIRST_START_SECONDS
    assert report["verdict"].is_clean(), report["verdict"]
    assert report["verdict"].ends == {"success": SHORT}
    assert report["grown_megabytes_per_thousand"] < MEGABYTES_GROWN_PER_THOUSAND


def flood(bed: Bed, size: int) -> dict:
    """Ask for `size` tasks as one user while another asks for one; return what it came to."""
    token, other = bed.token(), bed.token("taro")
    began = time.monotonic()

    def ask(number: int) -> str:
        return bed.invoke("fault_effect", token=token, note=str(number))

    with ThreadPoolExecutor(4) as hands:
        accepted = list(hands.map(ask, range(size // 2)))
        done, before = ended(bed, accepted), megabytes(bed)
        accepted += hands.map(ask, range(size // 2, size))
        accepted_seconds = time.monotonic() - began
    asked = time.monotonic()
    newcomer = bed.invoke("fault_effect", token=other, note="one of another user")
    eventually(lambda: sink.count(bed.home, "start")[newcomer], what="the newcomer's task starts")
    first = time.monotonic() - asked
    listed = time.monotonic()
    assert bed.get("/api/v1/tasks?limit=100", token=token).status == 200
    listed_seconds = time.monotonic() - listed
    bed.at_rest([*accepted, newcomer], seconds=60 + size / 10)
    grown_megabytes = megabytes(bed) - before
    return {
        "accepted_per_second": size / accepted_seconds,
        "first_start_seconds": first,
        "list_seconds": listed_seconds,
        "done_per_second": size / (time.monotonic() - began),
        "grown_megabytes_per_thousand": grown_megabytes / (size - done) * 1000,
        "verdict": compare(bed, accepted),
    }


def ended(bed: Bed, tasks: list[str]) -> int:
    return sum(status in FINAL for status in bed.status_of(tasks).values())


def megabytes(bed: Bed) -> float:
    """Return the memory of all processes of the clusters together; what they share counts once (PSS)."""
    return sum(each.memory_full_info().pss for cluster in bed.clusters for each in cluster.tree()) / 1e6
