"""The deterministic part: a process is killed at each named point of a task's life.

F1..F9 of the fault model: inserted, committed, pushed, popped, claimed, mid effect, effect
done, stored, acknowledged. (Of deliveries, F10 and F11, the delivery room has tests of its own.)
"""

import pytest

from tests.faults import points, sink
from tests.faults.bed import Bed
from tests.faults.history import compare
from tests.flows.house import eventually

# Executions beyond the first. The next id is taken, and the last but one acknowledged, before the task
# that has just run is stored: killed there it may run again. Elsewhere nothing does.
REPEATS = {points.MID_EFFECT: {1}, points.EFFECT_DONE: {1}, points.POPPED: {0, 1}, points.ACKNOWLEDGED: {0, 1}}


@pytest.mark.parametrize("point", points.IN_WORKER)
def test_a_worker_killed_at_any_point_leaves_its_task_to_exactly_one_end(bed: Bed, point: str):
    points.arm(bed.home, point)

    tasks = [bed.invoke("fault_effect", note=str(number)) for number in range(4)]

    assert set(bed.at_rest(tasks).values()) == {"success"}
    eventually(lambda: points.hit(bed.home, point), what=f"a worker came by {point}")
    verdict = compare(bed, tasks)
    assert verdict.is_clean(), verdict
    assert verdict.repeats in REPEATS.get(point, {0})
    effects = sink.count(bed.home, "effect")
    assert sum(effects[task] for task in tasks) == 4 + (0 if point == points.MID_EFFECT else verdict.repeats)


@pytest.mark.parametrize("point", points.IN_WEB)
def test_a_web_process_killed_while_it_accepts_leaves_a_whole_task_or_none(bed: Bed, point: str):
    """I2: no row without a message for long, no message without a row."""
    before = _asked_for(bed)
    points.arm(bed.home, point)

    with pytest.raises(OSError):  # the answer never came
        bed.invoke("fault_effect", note=point)

    assert points.hit(bed.home, point) == bed.web.pid
    bed.mend()
    made = _asked_for(bed) - before
    assert len(made) == (0 if point == points.ROW_INSERTED else 1)
    assert set(bed.at_rest(list(made)).values()) <= {"success"}
    assert compare(bed, made).is_clean()
    assert bed.redis().zcard("koebako:ready:bulk") == 0, "no message without a row"


def _asked_for(bed: Bed) -> set[str]:
    return {task for task, row in bed.history().items() if row["function"] == "fault_effect"}
