"""Two machines on one database and one Redis: clusters that share neither processes nor network.

A network and a process namespace of its own makes a machine as far as the house can tell:
nobody sees the other's processes, so only the lease tells whether it lives. Unix sockets
cross such a border, so Valkey and PostgreSQL are reached by them. Needs root.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.faults import sink
from tests.faults.bed import LEASE_SECONDS, REPAIR_SECONDS, Bed, Cluster
from tests.faults.history import compare
from tests.flows.house import eventually

ELSEWHERE = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")


def namespaces_exist() -> bool:
    try:
        return subprocess.run([*ELSEWHERE, "true"], capture_output=True, timeout=20, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Bed]:
    if not namespaces_exist():
        pytest.skip("this user may not make namespaces (`unshare --net --pid` needs root)")
    url = os.environ.get("DATABASE_URL", "")
    bed = Bed(tmp_path, database_url=postgres.running().url(by_socket=True) if url else "", clusters=0)
    bed.clusters = [Cluster(bed, f"machine-{number}", before=ELSEWHERE) for number in range(2)]
    try:
        bed.start()
        yield bed
    finally:
        left = bed.stop()
    assert left == []


def test_a_machine_that_dies_is_followed_by_another_within_a_lease_and_fifteen_seconds(machines: Bed):
    """I7, I9 and I14 over machines: shared work, a death that only the lease can tell, one end for all."""
    shared = [machines.invoke("fault_effect", seconds=0.3, note=str(number)) for number in range(30)]
    machines.at_rest(shared)
    long = [machines.invoke("fault_effect", seconds=3.0, note=str(number)) for number in range(4)]
    eventually(lambda: sum(sink.count(machines.home, "start")[task] for task in long) == 4, what="both machines work")

    machines.clusters[0].kill()

    ends = machines.at_rest(long, seconds=LEASE_SECONDS + REPAIR_SECONDS + 10)
    assert set(ends.values()) == {"success"}
    verdict = compare(machines, [*shared, *long])
    assert verdict.is_clean(), verdict
    places = {line["place"] for line in sink.lines(machines.home) if line["what"] == "start"}
    assert len(places) == 2, "both machines took part"
    rows = machines.history()
    assert {rows[task]["attempt"] for task in long} == {1, 2}, "the living machine's tasks were left alone"
    assert sum(rows[task]["deaths"] for task in long) == verdict.repeats
