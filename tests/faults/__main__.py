"""The soak: `python -m tests.faults --full [--minutes 20] [--database sqlite|postgresql] [--seed N]`.

Prints what was done to the house and what came of it; the exit code is 0 only when no
accepted task was lost, doubled or stuck. `--full` adds the long backlog of 10,000 tasks;
without it a soak of two minutes is run.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests import postgres
from tests.faults.bed import Bed
from tests.faults.campaign import Campaign
from tests.faults.history import Verdict
from tests.faults.test_backlog import flood

SHORT_MINUTES, FULL_MINUTES = 2.0, 20.0
BACKLOG = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="the long soak, and the backlog of 10,000 tasks")
    parser.add_argument("--minutes", type=float, help=f"length of the soak ({FULL_MINUTES:g} with --full)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same faults in the same order")
    options = parser.parse_args()
    if options.database == "postgresql" and postgres.programs() is None:
        print(postgres.WITHOUT, file=sys.stderr)
        return 2
    url = postgres.start_for_tests() if options.database == "postgresql" else ""
    minutes = options.minutes or (FULL_MINUTES if options.full else SHORT_MINUTES)
    with tempfile.TemporaryDirectory(prefix="koebako-faults-", ignore_cleanup_errors=True) as home:
        print(f"seed {options.seed}, {minutes:g} minutes, {options.database}; logs in {home}", flush=True)
        return 0 if run(Path(home), url, options.seed, minutes, backlog=options.full) else 1


def run(home: Path, url: str, seed: int, minutes: float, *, backlog: bool) -> bool:
    """Run the soak in `home`, print the count; return whether all of it was clean."""
    bed = Bed(home, database_url=url)
    clean = False
    try:
        bed.start()
        campaign = Campaign(bed, seed=seed, minutes=minutes)
        verdict = campaign.run()
        report(campaign, verdict)
        clean = verdict.is_clean() and not campaign.count.stuck
        if backlog:
            found = flood(bed, BACKLOG)
            told: Verdict = found.pop("verdict")
            print("backlog", json.dumps({"tasks": BACKLOG, **{name: round(value, 2) for name, value in found.items()}}))
            clean = clean and told.is_clean()
    finally:
        left = bed.stop()
        if not clean:
            keep(home)
    if left:
        print(f"processes left behind: {left}")
    return clean and not left


def report(campaign: Campaign, verdict: Verdict) -> None:
    count = campaign.count
    print(f"faults injected: {sum(count.faults.values())}")
    for name, times in count.faults.most_common():
        print(f"  {times:4} {name}, longest recovery {count.recoveries.get(name, 0.0):.1f} s")
    print(f"not possible at that moment: {dict(count.missed)}")
    print(f"answers: {dict(count.answers)}; cancelled {len(count.cancelled)}")
    print(f"executions: {verdict.executions}, of which repeated {verdict.repeats}")
    print(f"tasks accepted {verdict.accepted}, ends {verdict.ends}")
    strays = f"files of passed-over attempts, unseen, until their retention ends: {len(verdict.stray)}"
    print(f"lost {len(verdict.lost)}, doubled {len(verdict.doubled)}, stuck {len(count.stuck)}; {strays}")
    print(f"longest recovery {max(count.recoveries.values(), default=0.0):.1f} s")
    for name, found in (("lost", verdict.lost), ("doubled", verdict.doubled), ("stuck", count.stuck)):
        for each in list(found)[:20]:
            print(f"  {name}: {each} {found[each] if isinstance(found, dict) else ''}")


def keep(home: Path) -> None:
    """Leave the logs of a run that was not clean where the next one does not erase them."""
    kept = home.with_name(f"{home.name}-kept")
    kept.mkdir()
    for place in [*home.glob("*.log"), *home.glob("*.jsonl")]:
        place.rename(kept / place.name)
    print(f"its logs are kept in {kept}")


if __name__ == "__main__":
    sys.exit(main())
