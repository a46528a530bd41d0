"""kill -9 while a job runs: of the process that runs it, and of the whole node, which is started again at once.

The time counts from the kill to the start of the rerun; for a node it contains the start of its processes.
Ours is tried alone and several times. The rivals wait together for at most WAIT_SECONDS, since most of them do nothing
but wait; each with what it offers against a killed worker (their files say what).
"""

import os
import signal
import statistics
import time
from collections.abc import Callable

from tests.benchmarks.fleet import Fleet
from tests.benchmarks.table import Row

# Longer than any rerun of ours takes: a first attempt that was not killed cannot be taken for a rerun.
JOB_SECONDS = 2.0
WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.2
# A try of ours takes some three seconds; the slowest counts.
OUR_TRIES = 5
AIMS = {"process": 0.2, "node": 2.0}


def measure(fleets: list[tuple[Fleet, Row]], *, tries: int = OUR_TRIES) -> None:
    for what, kill in (("process", kill_process), ("node", kill_node)):
        for fleet, row in fleets:
            if fleet.name == "ours":
                found = [_try([fleet], kill)[0] for _ in range(tries)]
                _tell(row, what, _words_of_ours(found))
                _compare(what, found)
        rivals = [(fleet, row) for fleet, row in fleets if fleet.name != "ours"]
        answers = _try([fleet for fleet, _row in rivals], kill)
        for (fleet, row), seconds in zip(rivals, answers, strict=True):
            _tell(row, what, _words(fleet, seconds))
        for fleet, _row in fleets:
            fleet.stop()


def kill_process(fleet: Fleet, pid: int) -> float:
    moment = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    return moment


def kill_node(fleet: Fleet, pid: int) -> float:
    moment = fleet.kill_node()
    fleet.start()
    return moment


def _try(fleets: list[Fleet], kill: Callable[[Fleet, int], float]) -> list[float | None]:
    """Return for each fleet the seconds from the kill of its running job to the rerun, None for none in time."""
    for fleet in fleets:
        fleet.stop()
        fleet.ask("reset")
        fleet.start()
        fleet.ask("warm")
    killed = {}
    for fleet in fleets:
        fleet.ask("careful", JOB_SECONDS)
        first = fleet.ask("next_mark", WAIT_SECONDS)
        if first is None:
            raise TimeoutError(f"{fleet.title} did not start the job")
        killed[fleet.name] = kill(fleet, int(first[1]))
    return _reruns(fleets, killed)


def _reruns(fleets: list[Fleet], killed: dict[str, float]) -> list[float | None]:
    found: dict[str, float] = {}
    until = time.monotonic() + WAIT_SECONDS
    while len(found) < len(fleets) and time.monotonic() < until:
        for fleet in fleets:
            if fleet.name not in found:
                fleet.revive()
                # A mark carries its own moment, so looking late does not make it later.
                if again := fleet.ask("next_mark", LOOK_SECONDS):
                    found[fleet.name] = again[0] - killed[fleet.name]
    return [found.get(fleet.name) for fleet in fleets]


def _words(fleet: Fleet, seconds: float | None) -> str:
    if seconds is not None:
        return f"{seconds:.2f} s"
    return f"> {WAIT_SECONDS:.0f} s" if fleet.ask("is_known") else "never"


def _words_of_ours(found: list[float | None]) -> str:
    seconds = [value for value in found if value is not None]
    if len(seconds) < len(found):
        return f"{len(found) - len(seconds)} of {len(found)} > {WAIT_SECONDS:.0f} s"
    return f"{statistics.median(seconds):.2f} s (slowest of {len(found)}: {max(seconds):.2f})"


def _tell(row: Row, what: str, words: str) -> None:
    setattr(row, f"{what}_killed", words)
    print(f"kill -9 of the {what}: {row.title}: rerun after {words}", flush=True)


def _compare(what: str, found: list[float | None]) -> None:
    met = all(value is not None and value <= AIMS[what] for value in found)
    print(f"rerun after kill -9 of the {what}, aim at most {AIMS[what]} s each time: {'met' if met else 'NOT MET'}")
