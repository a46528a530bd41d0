"""The house under load, each figure with its aim: readers that do not read, sockets, a long queue, a Redis in trouble.

    python -m tests.benchmarks load [--sockets 500] [--deaf 50] [--backlog 10000] [--quick]

A real daphne, two clusters of workers and a Valkey on loopback; under five minutes on two free cores. The aims are
those of I16 and R14 to R17 in the field notes. Ends with 1 when one is missed.
"""

import argparse
import asyncio
import http.client
import json
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.faults.bed import Bed
from tests.faults.test_backlog import megabytes
from tests.load.crowd import Crowd, Return
from tests.load.lines import RECEIVE_BYTES, Web

AWAY_SECONDS = 20.0
# Of two free cores. Redis is away for a minute of it.
MOST_SECONDS = 300
_missed: list[str] = []


def tell(name: str, value: float, aim: float, unit: str, *, at_least: bool = False) -> None:
    kept = value >= aim if at_least else value <= aim
    word = "at least" if at_least else "at most"
    print(f"{'  ' if kept else '! '}{name}: {value:.1f} {unit} (aim: {word} {aim:g})", flush=True)
    if not kept:
        _missed.append(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=500)
    parser.add_argument("--deaf", type=int, default=50)
    parser.add_argument("--backlog", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of all of it")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.sockets, chosen.deaf, chosen.backlog = 50, 5, 1000
    with tempfile.TemporaryDirectory() as folder:
        # One person's token stands for all who watch.
        bed = Bed(Path(folder), LOG_LEVEL="error", USER_OPEN_LINES=str(chosen.sockets + chosen.deaf))
        bed.start()
        try:
            began = time.monotonic()
            with timed("the sockets"):
                sockets(bed, chosen.sockets, chosen.deaf)
            with timed("the backlog"):
                backlog(bed, chosen.backlog)
            for name, trouble in TROUBLES.items():
                with timed(f"Redis {name}"):
                    redis_in_trouble(bed, name, trouble)
            tell("all of it took", time.monotonic() - began, MOST_SECONDS, "s")
        finally:
            bed.stop()
    sys.exit(1 if _missed else 0)


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"  ({what}: {time.monotonic() - began:.0f} s)", flush=True)


# --- I16, R16: sockets -----------------------------------------------------------


def sockets(bed: Bed, idle: int, deaf: int) -> None:
    """Idle sockets, ones that never read, a storm of progress; then all come back, 300 a second, for the end."""
    web, secret = Web(bed.port, bed.web.pid), bed.token()
    with paused(bed):
        tasks = many(bed, idle)
        crowd = Crowd(web, tasks, secret=secret)
        cookie = {"Cookie": staff_session(bed), "Origin": "http://localhost"}

        async def flow() -> tuple[float, list[Return]]:
            began = time.monotonic()
            await crowd.come()
            came = time.monotonic() - began
            await asyncio.to_thread(resume, bed)
            # The workers' own messages: three for each task, to its watcher and to the deaf ones.
            await asyncio.to_thread(bed.at_rest, tasks[: idle // 2], seconds=120)
            await crowd.leave()
            await asyncio.to_thread(bed.at_rest, tasks, seconds=120)
            back = await crowd.come_back(per_second=300, within_seconds=30)
            return came, back

        with web.watched() as memory:
            lines = [web.open_socket("/ws/tasks", receive_bytes=RECEIVE_BYTES, **cookie) for _ in range(deaf)]
            came, back = asyncio.run(flow())
    for line in lines:
        line.close()
    seen = [each.seconds for each in back if each.seconds is not None and each.status == "success"]
    print(f"{idle} sockets opened in {came:.1f} s, {deaf} more never read")
    for each in back:
        if each.seconds is None or each.status != "success":
            print(f"  one of them ended with {each.status!r}, {each.reason}")
    tell("memory of the web process grew by", memory.grown, 150, "MB")
    tell("clients that came back and never saw the end", len(back) - len(seen), 0, "of them")
    tell("the last of those who came back saw the end after", max(seen), 5, "s")


# --- R17: a long queue ---------------------------------------------------------------


def backlog(bed: Bed, size: int) -> None:
    """So many tasks wait: accepting goes on, the admin answers, and nobody's memory grows with the queue."""
    with paused(bed):
        before_web, before = psutil.Process(bed.web.pid).memory_info().rss / 1e6, megabytes(bed)
        began = time.monotonic()
        tasks = many(bed, size)
        accepted = size / (time.monotonic() - began)
        cookie = staff_session(bed)
        pages = (
            "/admin/",
            "/admin/jobs/task/",
            "/admin/jobs/task/?q=fault_effect",
            f"/admin/jobs/task/{tasks[0]}/change/",
        )
        seconds = [asked(bed, path, cookie) for path in pages for _ in range(15)]
    tell("accepted, one request each", accepted, 100, "a second", at_least=True)
    tell("a page of the admin, 95th percentile", statistics.quantiles(seconds, n=20)[-1], 1.0, "s")
    bed.at_rest(tasks, seconds=60 + size / 20)
    tell("memory of the web process", psutil.Process(bed.web.pid).memory_info().rss / 1e6 / before_web * 100, 110, "%")
    tell("memory of the workers", megabytes(bed) / before * 100, 110, "%")


# --- R14: Redis in trouble -----------------------------------------------------------


def fill(bed: Bed) -> Callable[[], object]:
    wire = bed.redis()
    wire.config_set("maxmemory", wire.info("memory")["used_memory"] // 2)
    return lambda: wire.config_set("maxmemory", 0)


def pause(bed: Bed) -> Callable[[], object]:
    bed.redis().execute_command("CLIENT", "PAUSE", int(AWAY_SECONDS * 1000), "ALL")
    return lambda: None


def silence(bed: Bed) -> Callable[[], object]:
    bed.valkey.send_signal(signal.SIGSTOP)
    return lambda: bed.valkey.send_signal(signal.SIGCONT)


TROUBLES = {"full": fill, "paused": pause, "silent": silence}


def redis_in_trouble(bed: Bed, name: str, trouble: Callable[[Bed], Callable[[], object]]) -> None:
    secret, taken, seconds = bed.token(), [], []
    end = trouble(bed)
    began = time.monotonic()
    try:
        while time.monotonic() - began < AWAY_SECONDS:
            before = time.monotonic()
            answer = bed.post("/api/v1/functions/fault_effect/invoke", {"input": {"note": name}}, token=secret)
            seconds.append(time.monotonic() - before)
            if answer.status == 202:
                taken.append(answer.json["task_id"])
    finally:
        end()
    well = time.monotonic()
    first = bed.invoke("fault_effect", note=f"after {name}")
    bed.at_rest([first], seconds=60)
    recovered = time.monotonic() - well
    ends = bed.at_rest(taken, seconds=120)
    print(f"Redis {name} for {AWAY_SECONDS:g} s: {len(taken)} of {len(seconds)} requests accepted")
    tell("accepted and lost", len(taken) - list(ends.values()).count("success"), 0, "tasks")
    tell("answers, 99th percentile", sorted(seconds)[int(0.99 * (len(seconds) - 1))], 2, "s")
    tell("until a new task had ended", recovered, 10, "s")


# --- What they share -------------------------------------------------------------------


class paused:  # noqa: N801 - reads as a word
    """The clusters stand still while the block runs; a block may let them go on before its end."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed

    def __enter__(self) -> None:
        for cluster in self.bed.clusters:
            for process in cluster.tree():
                process.suspend()

    def __exit__(self, *_raised: object) -> None:
        resume(self.bed)


def resume(bed: Bed) -> None:
    for cluster in bed.clusters:
        for process in reversed(cluster.tree()):
            process.resume()


def many(bed: Bed, size: int) -> list[str]:
    """Ask for so many tasks, one request each, over four kept connections."""
    secret, held = bed.token(), threading.local()

    def ask(number: int) -> str:
        if not hasattr(held, "line"):
            held.line = http.client.HTTPConnection("localhost", bed.port, timeout=60)
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        held.line.request(
            "POST", "/api/v1/functions/fault_effect/invoke", json.dumps({"input": {"note": str(number)}}), headers
        )
        answer = held.line.getresponse()
        body = answer.read()
        if answer.status != 202:
            raise RuntimeError(f"{answer.status}: {body[:200]!r}")
        return str(json.loads(body)["task_id"])

    with ThreadPoolExecutor(4) as hands:
        return list(hands.map(ask, range(size)))


def staff_session(bed: Bed) -> str:
    code = (
        "from django.contrib.auth.models import User; from django.test import Client;"
        "u, _ = User.objects.get_or_create(username='boss', defaults=dict(is_staff=True, is_superuser=True));"
        "c = Client(); c.force_login(u); print(c.cookies['sessionid'].value)"
    )
    return "sessionid=" + bed.manage("shell", "-v", "0", "-c", code).stdout.strip().splitlines()[-1]


def asked(bed: Bed, path: str, cookie: str) -> float:
    line = http.client.HTTPConnection("localhost", bed.port, timeout=60)
    began = time.monotonic()
    line.request("GET", path, headers={"Cookie": cookie})
    answer = line.getresponse()
    answer.read()
    line.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return time.monotonic() - began
