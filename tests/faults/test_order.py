"""I5: tasks of one ordered group run one after the other, in the order of acceptance, whatever is killed."""

import json

from tests.faults import sink
from tests.faults.bed import Bed
from tests.faults.history import compare
from tests.flows.house import eventually, kill_all

GROUPS, EACH, KILLS = 5, 14, 6


def test_i5_ordered_groups_keep_their_order_across_retries_and_deaths(bed: Bed):
    groups: dict[str, list[str]] = json.loads(bed.manage("line_up", str(GROUPS), str(EACH)).stdout)
    everything = [task for tasks in groups.values() for task in tasks]

    for number in range(KILLS):
        so_many = len(everything) * number // (KILLS + 2)
        eventually(lambda many=so_many: effects_of(bed, everything) >= many, what="the groups move on")
        cluster = bed.clusters[number % len(bed.clusters)]
        eventually(cluster.is_whole, what="the cluster is whole")
        kill_all(cluster.workers())

    ends = bed.at_rest(everything)
    assert compare(bed, everything).is_clean()
    # Three of our kills may have met the same task; its followers must have run all the same.
    assert list(ends.values()).count("success") >= len(everything) - 2
    for tasks in groups.values():
        starts = [
            tasks.index(line["task"])
            for line in sink.lines(bed.home)
            if line["what"] == "start" and line["task"] in tasks
        ]
        assert starts == sorted(starts)
        assert set(starts) == set(range(EACH))


def effects_of(bed: Bed, tasks: list[str]) -> int:
    found = sink.count(bed.home, "effect")
    return sum(found[task] > 0 for task in tasks)
