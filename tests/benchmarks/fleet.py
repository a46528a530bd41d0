"""One engine under measurement: its worker processes and the process that gives it jobs, on a Valkey of their own.

All are real processes. They are ended by their own ids: those that carry this fleet's mark in their environment.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import redis

from core import valkey
from tests.flows.house import ROOT, eventually
from tests.ports import free_port

# What a fleet that was told to stop may take before it is killed.
STOP_SECONDS = 15.0


@contextmanager
def own_valkey(home: Path) -> Iterator[str]:
    """The house's own Valkey, with its own options, on a port that all engines understand; yields its URL."""
    valkey.prepare(home)
    port = free_port()
    server = subprocess.Popen(
        [*valkey.command(home), "--port", str(port), "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL
    )
    url = f"redis://127.0.0.1:{port}"
    try:
        redis.Redis.from_url(f"{url}/0", retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 500)).ping()
        yield url
    finally:
        server.terminate()
        server.wait()


class Fleet:
    """One engine: `start()` and `stop()` its workers, `ask()` its caller."""

    def __init__(self, name: str, *, home: Path, redis_url: str, **environment: str) -> None:
        self.name = name
        self.home = home / name
        self.home.mkdir(parents=True, exist_ok=True)
        self.engine = import_module(f"tests.benchmarks.rivals.{name}")
        self.marker = secrets.token_hex(8)
        self.log = self.home / "workers.log"
        own = {"KOEBAKO_TEST_HOME", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL", "DEBUG"}
        self.environment = {
            **{key: value for key, value in os.environ.items() if key not in own},
            "REDIS_URL": redis_url,
            "BENCHMARK_REDIS_URL": redis_url,
            "BENCHMARK_ENGINE": name,
            "BENCHMARK_MARKER": self.marker,
            "LOG_LEVEL": "warning",
            "PYTHONPATH": str(ROOT),
            **self.engine.environment(self.home),
            **environment,
        }
        self.root: subprocess.Popen[bytes] | None = None
        self.caller: subprocess.Popen[str] | None = None

    @property
    def title(self) -> str:
        return str(self.engine.TITLE)

    def is_installed(self) -> bool:
        return find_spec(self.engine.NEEDS) is not None

    # The caller

    def call(self) -> None:
        """Start the caller; it makes the database it needs."""
        environment = {key: value for key, value in self.environment.items() if key != "BENCHMARK_MARKER"}
        with (self.home / "caller.log").open("ab") as log:
            self.caller = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.caller", self.name],
                cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self._answer()

    def ask(self, verb: str, *arguments: Any) -> Any:
        assert self.caller is not None
        assert self.caller.stdin is not None
        self.caller.stdin.write(json.dumps([verb, *arguments]) + "\n")
        self.caller.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.caller is not None
        assert self.caller.stdout is not None
        line = self.caller.stdout.readline()
        if not line:
            said = [place.read_text()[-2000:] for place in (self.home / "caller.log", self.log) if place.exists()]
            raise RuntimeError("\n".join([f"the caller of {self.name} ended", *said]))
        return json.loads(line)

    # The workers

    def start(self) -> None:
        command = self.engine.worker(self.environment["BENCHMARK_REDIS_URL"])
        with self.log.open("ab") as log:
            self.root = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def stop(self) -> None:
        """End the workers in good order, then whoever is left of them."""
        if self.root is None:
            return
        self.root.send_signal(signal.SIGTERM)
        try:
            self.root.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.root.kill()
            self.root.wait()
        self.kill_rest()
        self.root = None

    def kill_node(self) -> float:
        """End every process of the fleet at once, as a power cut does, and return when."""
        processes, moment = self.processes(), time.monotonic()
        _kill(processes)
        assert self.root is not None
        self.root.wait()
        self.root = None
        return moment

    def revive(self) -> None:
        """Start the workers again when they ended by themselves, as a service manager would."""
        if self.root is not None and self.root.poll() is not None:
            self.kill_rest()
            self.start()

    def kill_rest(self) -> None:
        _kill(self.processes())
        eventually(lambda: not self.processes(), what=f"all processes of {self.name} have ended", seconds=10)

    def cpu_seconds(self) -> float:
        """Return what all processes of the fleet have used, with children that ended before."""
        total = 0.0
        for process in self.processes():
            try:
                total += sum(process.cpu_times()[:4])  # user, system, and the same of ended children
            except psutil.NoSuchProcess:
                continue
        return total

    def megabytes(self) -> float:
        """Return the proportional set size of all processes of the fleet: pages they share count once."""
        return sum(process.memory_full_info().pss for process in self.processes()) / 1e6

    def processes(self) -> list[psutil.Process]:
        """Return the fleet's processes, wherever they hang in the tree."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != "zombie" and process.environ().get("BENCHMARK_MARKER") == self.marker:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def close(self) -> None:
        self.stop()
        if self.caller is not None:
            assert self.caller.stdin is not None
            self.caller.stdin.close()
            try:
                self.caller.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.caller.kill()
                self.caller.wait()


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
