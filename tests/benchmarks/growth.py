"""Does the house slow down as its history grows? The same work beside 1 thousand, 100 thousand and 1 million rows.

One database for each size, on SQLite and, when DATABASE_URL is set, in three databases beside the one it names.
Rounds are interleaved over the sizes. Rows are finished tasks with their attempts and results, copied by SQL.
"""

import argparse
import os
import secrets
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.benchmarks.fleet import Fleet, own_valkey
from tests.benchmarks.rounds import median_ratio
from tests.benchmarks.table import say

SIZES = (1_000, 100_000, 1_000_000)
AIM = 1.3
CLAIMS, PAGES = 100, 10
WHAT = ("seconds a job", "claim, ms", "admin list, ms", "API list, ms")

Found = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=800, help="in a full queue, per size and round")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="by comma: %(default)s")
    chosen = parser.parse_args()
    sizes = [int(size) for size in chosen.sizes.split(",")]
    run("SQLite", ["" for _ in sizes], sizes, chosen)
    if os.environ.get("DATABASE_URL"):
        with databases(os.environ["DATABASE_URL"], len(sizes)) as urls:
            run("PostgreSQL", urls, sizes, chosen)


def run(database: str, urls: list[str], sizes: list[int], chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="koebako-bench-") as folder, own_valkey(Path(folder)) as redis_url:
        fleets = []
        try:
            for number, url in enumerate(urls):
                own = {"DATABASE_URL": url, "SECRET_KEY": secrets.token_urlsafe(64)} if url else {}
                fleets.append(
                    Fleet("ours_filled", home=Path(folder) / str(number), redis_url=f"{redis_url}/{number}", **own)
                )
            found = [grown(fleet, size) for fleet, size in zip(fleets, sizes, strict=True)]
            for _ in range(chosen.rounds):
                for fleet, figures in zip(fleets, found, strict=True):
                    one_round(fleet, figures, chosen.jobs)
        finally:
            for fleet in fleets:
                fleet.close()
    report(database, sizes, found)


def grown(fleet: Fleet, size: int) -> Found:
    """Make the database of a size; what is copied is a task that real workers have run."""
    fleet.call()
    fleet.ask("reset")
    fleet.start()
    fleet.ask("warm")
    fleet.stop()
    seconds = fleet.ask("grow", size)
    print(f"{fleet.ask('count')} finished tasks, written in {seconds:.0f} s", flush=True)
    return {what: [] for what in WHAT}


def one_round(fleet: Fleet, figures: Found, jobs: int) -> None:
    fleet.ask("reset")
    batches = max(jobs // 100, 1)
    fleet.ask("fill", 0, batches)
    fleet.start()
    try:
        figures["seconds a job"].append(1 / fleet.ask("drain", 50 + batches * 100, 50 + batches * 10))
    finally:
        fleet.stop()
    figures["claim, ms"].append(statistics.median(fleet.ask("claims", CLAIMS)))
    figures["admin list, ms"].append(statistics.median(fleet.ask("page", "admin", PAGES)))
    figures["API list, ms"].append(statistics.median(fleet.ask("page", "api", PAGES)))


def report(database: str, sizes: list[int], found: list[Found]) -> None:
    print(f"\n| {database} | " + " | ".join(f"{size:,} rows" for size in sizes) + " | last / first |")
    print("| --- |" + " --- |" * (len(sizes) + 1))
    for what in WHAT:
        cells = [f"{statistics.median(figures[what]):.4g}" for figures in found]
        ratio = median_ratio(found[-1][what], found[0][what])
        print(f"| {what} | {' | '.join(cells)} | {ratio:.2f} |")
    for what in WHAT:
        say(f"{database}, {what}, last / first", median_ratio(found[-1][what], found[0][what]), at_most=AIM)


@contextmanager
def databases(url: str, count: int) -> Iterator[list[str]]:
    """Make `count` empty databases on the server of `url`; yield their URLs; take them away again."""
    import psycopg

    names = [f"koebako_benchmark_{os.getpid()}_{number}" for number in range(count)]
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as server:
        try:
            for name in names:
                server.execute(f'CREATE DATABASE "{name}"')
            yield [urlunsplit(urlsplit(url)._replace(path=f"/{name}")) for name in names]
        finally:
            for name in names:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
