"""I6: what was cancelled never delivers; cancelling answers 200, or 409 for what had ended."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults import points, sink
from tests.faults.bed import Bed
from tests.faults.history import compare
from tests.flows.house import eventually


def cancel(bed: Bed, task: str) -> int:
    return bed.post(f"/api/v1/tasks/{task}/cancel", token=bed.token()).status


def test_i6_a_task_cancelled_at_a_random_moment_never_delivers(bed: Bed):
    fate = random.Random(6)
    moments = [fate.uniform(0, 0.4) for _ in range(60)]

    def ask_and_cancel(after: float) -> tuple[str, int]:
        task = bed.invoke("fault_effect", seconds=0.15, polite=after > 0.2)
        due = time.monotonic() + after
        # Until its moment has come: waiting here is the fault, not a guess about another's pace.
        eventually(lambda: time.monotonic() >= due, what="the moment comes")
        return task, cancel(bed, task)

    with ThreadPoolExecutor(2) as clients:
        answers = list(clients.map(ask_and_cancel, moments))

    ends = bed.at_rest([task for task, _answer in answers])
    assert {answer for _task, answer in answers} <= {200, 409}
    for task, answer in answers:
        assert (ends[task] == "cancelled") == (answer == 200), (task, answer, ends[task])
    verdict = compare(bed, ends)
    assert verdict.is_clean(), verdict
    assert all(row["result"] is None and not row["files"] for task, row in bed.history().items()
               if ends.get(task) == "cancelled")  # fmt: skip


@pytest.mark.parametrize("point", [points.CLAIMED, points.MID_EFFECT, points.EFFECT_DONE])
def test_i6_a_task_cancelled_while_its_worker_stands_still_never_delivers(bed: Bed, point: str):
    """The narrow places: claimed, in the middle, done and not yet stored."""
    points.arm(bed.home, point, "stop")
    task = bed.invoke("fault_effect")
    pid = eventually(lambda: points.hit(bed.home, point), what=f"a worker stands at {point}")

    answer = cancel(bed, task)

    worker = next((each for each in bed.processes() if each.pid == pid), None)
    if worker is not None:  # the guard kills one that stands in its function
        worker.resume()
    assert answer == 200
    after = [bed.invoke("fault_effect", note="after") for _ in range(6)]
    bed.at_rest(after)
    row = bed.history()[task]
    assert (row["status"], row["result"], row["files"]) == ("cancelled", None, [])
    folder = bed.home / "media" / "artifacts" / task[-2:] / task.replace("-", "")
    eventually(lambda: not list(folder.glob("*")), what="its bytes are removed")


@pytest.mark.parametrize("polite", [True, False])
def test_i6_a_running_task_is_cancelled_and_its_worker_freed(bed: Bed, polite: bool):
    task = bed.invoke("fault_effect", seconds=60, polite=polite)
    eventually(lambda: sink.count(bed.home, "start")[task] == 1, what="it runs")

    assert cancel(bed, task) == 200
    assert bed.status_of([task])[task] == "cancelled"

    later = [bed.invoke("toy_echo", word=str(number)) for number in range(8)]
    assert set(bed.at_rest(later).values()) == {"success"}
    assert bed.status_of([task])[task] == "cancelled"
    assert cancel(bed, task) == 409
    assert sink.count(bed.home, "effect")[task] == 0
