"""Our workers beside other queue engines, in one interleaved run: throughput, latency, enqueue, kills.

Two worker processes each, the same job (one Redis write), one Valkey with the house's options, SQLite as the
house sets it up. Each round fills an engine's queue while none of its workers run (which times the enqueue),
starts the workers, times the queue until the last result is stored, probes the idle workers, and stops them.
The CPU time a job costs moves least with what else the machine does.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks import kills
from tests.benchmarks.fleet import Fleet, own_valkey
from tests.benchmarks.rounds import percentile
from tests.benchmarks.table import Row, print_table

ENGINES = ("ours", "stock", "rq_pool", "celery_prefork", "dramatiq_threads")
# Starts that come before the clock: processes that come up one after the other, first connections.
SKIP = 200


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2000, help="in a full queue, per engine and round")
    parser.add_argument("--probes", type=int, default=100, help="of the latency of idle workers, per round")
    parser.add_argument("--only", default=",".join(ENGINES), help="engines, by comma: %(default)s")
    parser.add_argument("--parts", default="throughput,latency,kills", help="by comma: %(default)s")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    names, parts = chosen.only.split(","), set(chosen.parts.split(","))
    with tempfile.TemporaryDirectory(prefix="koebako-bench-") as folder, own_valkey(Path(folder)) as url:
        rows, fleets = [], []
        for number, name in enumerate(names):
            fleet = Fleet(name, home=Path(folder), redis_url=f"{url}/{number}")
            rows.append(Row(fleet.title, installed=fleet.is_installed(), note=fleet.engine.NOTE))
            if not fleet.is_installed():
                print(f"{fleet.title}: not installed (uv run --group benchmarks)", flush=True)
                continue
            fleets.append((fleet, rows[-1]))
        try:
            measure(fleets, chosen, parts)
        finally:
            for fleet, _row in fleets:
                fleet.close()
    print_table(rows, stock=names.index("stock") if "stock" in names else None)


def measure(fleets: list[tuple[Fleet, Row]], chosen: argparse.Namespace, parts: set[str]) -> None:
    for fleet, _row in fleets:
        fleet.call()
    if parts & {"throughput", "latency"}:
        for number in range(chosen.rounds):
            for fleet, row in fleets:
                one_round(fleet, row, chosen, parts)
                print(f"round {number + 1}: {row.title}: {row.newest()}", flush=True)
    if "kills" in parts:
        kills.measure(fleets)


def one_round(fleet: Fleet, row: Row, chosen: argparse.Namespace, parts: set[str]) -> None:
    fleet.ask("reset")
    # The first fifty singles are warm-up and wait in the queue with the others.
    singles = chosen.jobs // 4
    batches = (chosen.jobs - singles) // 100
    filled: dict[str, Any] = fleet.ask("fill", singles, batches)
    row.single_us.append(filled["single"])
    row.batch_us.append(filled["batch"])
    row.batch_way = filled["way"] or fleet.engine.BATCH
    fleet.start()
    try:
        count = 50 + singles + batches * 100
        skip = min(SKIP, count // 4)
        before, cpu_seconds = fleet.ask("under_way", skip), fleet.cpu_seconds()
        row.per_second.append(fleet.ask("drain", count, skip))
        row.cpu_ms.append((fleet.cpu_seconds() - cpu_seconds) * 1000 / (count - before))
        row.megabytes = fleet.megabytes()
        if "latency" in parts:
            found = fleet.ask("latency", chosen.probes)
            row.p50_ms.append(statistics.median(found))
            row.p99_ms.append(percentile(found, 99))
    finally:
        fleet.stop()
