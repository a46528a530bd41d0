"""Does a worker grow with the tasks it has run? Its memory after 1,000 and after 50,000 trivial ones."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.fleet import Fleet, own_valkey
from tests.benchmarks.table import say

MEGABYTE = 1_000_000
AIM = 1.1
# Given at a time, so that the queue never runs dry and never holds more than it must.
PORTION = 1000
BUDGET_SECONDS = 280.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=BUDGET_SECONDS, help="at most; then it says how far it came")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="koebako-bench-") as folder, own_valkey(Path(folder)) as url:
        fleet = Fleet("ours", home=Path(folder), redis_url=f"{url}/0")
        try:
            measure(fleet, chosen)
        finally:
            fleet.close()


def measure(fleet: Fleet, chosen: argparse.Namespace) -> None:
    until = time.monotonic() + chosen.seconds
    fleet.call()
    fleet.ask("reset")
    fleet.start()
    fleet.ask("warm")
    done = run_to(fleet, 0, chosen.first, until)
    before = workers(fleet)
    print(f"after {done} tasks: {words(before)}", flush=True)
    done = run_to(fleet, done, chosen.jobs, until)
    after = workers(fleet)
    print(f"after {done} tasks: {words(after)}")
    if done < chosen.jobs:
        print(f"stopped at the limit of {chosen.seconds:.0f} s, before {chosen.jobs} tasks were done")
    if set(before) != set(after):
        print("a worker was replaced on the way: the ratio compares different processes")
    ratio = statistics.median(after.values()) / statistics.median(before.values())
    say("memory of a worker, last / first", ratio, at_most=AIM)


def run_to(fleet: Fleet, done: int, count: int, until: float) -> int:
    """Give tasks until `count` have run, or the time is up; return how many have."""
    while done < count and time.monotonic() < until:
        done += fleet.ask("run", min(PORTION, count - done))
    return done


def workers(fleet: Fleet) -> dict[int, float]:
    """Return the resident megabytes of the workers that ran the tasks, by process."""
    busy = set(fleet.ask("marked_pids"))
    return {process.pid: process.memory_info().rss / MEGABYTE for process in fleet.processes() if process.pid in busy}


def words(megabytes: dict[int, float]) -> str:
    return ", ".join(f"worker {pid}: {size:.1f} MB" for pid, size in sorted(megabytes.items()))
