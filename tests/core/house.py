"""A real `manage.py up` on a home of its own, watched through its terminal, as an operator does."""

import contextlib
import http.client
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Self

import psutil
from django.conf import settings

from tests.ports import free_port

# In the environment of everything a test starts: no process hides, whoever its parent is by now.
MARKER = "KOEBAKO_TEST_RUN"
# What the tests' own process has set, and `up` must not see.
NOT_INHERITED = ("REDIS_URL", "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SECRET_KEY", "PYTHONDONTWRITEBYTECODE")
PATIENCE_SECONDS = 90


class House:
    def __init__(self, home: Path, *arguments: str, port: int | None = None, **environment: str) -> None:
        self.home = home
        self.port = port or free_port()
        self.run = uuid.uuid4().hex
        self.lines: list[str] = []
        self._coming: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        self.process = subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "up", "--port", str(self.port), *arguments],
            env={**inherited, "KOEBAKO_HOME": str(home), "WORKERS": "1", MARKER: self.run, **environment},
            # A place without a `core` of its own, and not the project's folder: it must not matter.
            cwd=home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._coming.put(line.rstrip("\n"))
        self._coming.put(None)

    def line(self, *beginnings: str) -> str:
        """Wait for the next line that begins with one of these; fail with all that was said instead."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                line = self._coming.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"`up` never said {beginnings}:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if line.startswith(beginnings):
                return line

    def ends(self) -> int:
        """Wait until `up` has ended; return its exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        while (line := self._coming.get(timeout=PATIENCE_SECONDS)) is not None:
            self.lines.append(line)
        return code

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def processes(self) -> list[psutil.Process]:
        """Return every process that belongs to this house, orphans included."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARKER) == self.run and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
        wire = http.client.HTTPConnection("localhost", self.port, timeout=PATIENCE_SECONDS)
        try:
            wire.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = wire.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # One that was just being started is not in the first look, and would keep the terminal open for ever.
        until = time.monotonic() + PATIENCE_SECONDS
        while (left := self.processes()) and time.monotonic() < until:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=1.0)
        self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert not self._reader.is_alive(), f"somebody holds the terminal of `up` open: {self.processes()}"
        self.process.stdout.close()
