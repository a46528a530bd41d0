"""Compare what was accepted, what is stored, and what had an effect.

Three logs are written apart from each other: the client's (ids answered with 202), the
database's (rows.py), the functions' own (sink.py). A task is

    lost      accepted, but not in an end state, or unknown
    doubled   it has two ends, or stores what another attempt than its last one made
    stray     it is right, but bytes of a passed-over attempt lie beside it: nobody can see them,
              and they go with the task's folder when its retention ends

Called by the campaign and the short tests.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults import sink
from tests.faults.bed import Bed
from tests.faults.rows import FINAL


@dataclass
class Verdict:
    accepted: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)  # id -> why
    doubled: dict[str, str] = field(default_factory=dict)
    stray: dict[str, str] = field(default_factory=dict)
    unrequested: list[str] = field(default_factory=list)  # effects of ids without a row
    executions: int = 0
    repeats: int = 0  # executions beyond the first of a task

    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.unrequested)


def compare(bed: Bed, accepted: Iterable[str]) -> Verdict:
    """Return what became of these ids; call it once the bed is at rest."""
    rows = bed.history()
    starts = sink.count(bed.home, "start")
    verdict = Verdict()
    for task_id in accepted:
        verdict.accepted += 1
        row = rows.get(task_id)
        if row is None:
            verdict.lost[task_id] = "no row"
            continue
        verdict.ends[row["status"]] = verdict.ends.get(row["status"], 0) + 1
        verdict.executions += starts[task_id]
        verdict.repeats += max(0, starts[task_id] - 1)
        if row["status"] not in FINAL:
            verdict.lost[task_id] = f"still {row['status']}"
        elif why := _why_doubled(row):
            verdict.doubled[task_id] = why
        elif set(row["files"]) - set(row["stored"]):
            verdict.lost[task_id] = "its file is not in the storage"
        elif strays := set(row["stored"]) - set(row["files"]):
            verdict.stray[task_id] = str(sorted(strays))
    verdict.unrequested = sorted(set(starts) - set(rows))
    return verdict


def _why_doubled(row: dict[str, Any]) -> str:
    """Return what contradicts exactly one end, nothing when all is well."""
    ended = [number for number, outcome in row["attempts"] if outcome == "success"]
    if row["status"] == "success":
        if ended != [row["attempt"]]:
            return f"successful attempts {ended}, but the row counts {row['attempt']}"
        if row["result"] is None:
            return "a success without a result"
        if row["result"].get("attempt", row["attempt"]) != row["attempt"]:
            return f"the result of attempt {row['result']['attempt']} in a row of attempt {row['attempt']}"
    elif ended or row["result"] is not None:
        return f"{row['status']}, but attempt {ended} stored a success"
    stale = [name for name in row["files"] if not name.rpartition("/")[2].startswith(f"{row['attempt']}-")]
    return f"files of passed-over attempts: {stale}" if stale else ""
