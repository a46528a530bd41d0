"""The whole house as `manage.py up` runs it: real Valkey, real web, real workers, on a home of its own.

Tests and benchmarks speak to it from outside: HTTP, sockets, commands, signals.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

import psutil

from tests.faults import rows
from tests.flows import migrated
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
# A slow machine starts in some 15 s; this is where waiting becomes failing.
PATIENCE_SECONDS = 120.0
# Of another system whose tokens the house of a session takes.
JWT_SECRET = "what the platform and the house both know"
JWT_ISSUER = "https://platform.test"


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """kill -9 each of them; one that was being replaced when it was looked up is dead already."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def eventually(
    condition: Callable[[], Any], *, what: str, seconds: float = PATIENCE_SECONDS, every: float = 0.02
) -> Any:
    """Return the first true answer of `condition`, asked `every` so many seconds; fail with `what` when none comes."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := condition():
            return answer
        # A condition of another process: there is no event to wait for.
        time.sleep(every)
    raise AssertionError(f"in {seconds} s it did not come true that {what}")


class Answer:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Whoever speaks to a house from outside: by HTTP, by its commands, by looking at its processes."""

    home: Path
    url: str
    database_url: str  # of PostgreSQL; empty for SQLite in the home
    environment: dict[str, str]
    tokens: dict[str, str]

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr[-2000:]
        return done

    def token(self, name: str = "hana") -> str:
        if name not in self.tokens:
            self.tokens[name] = self.manage("create_token", name, "--create").stdout.strip()
        return self.tokens[name]

    def login(self, name: str = "hana", *, staff: bool = False) -> tuple[str, str]:
        """Return user name and password of a person who can log in."""
        password = secrets.token_urlsafe(12)
        code = (
            "from django.contrib.auth.models import User;"
            f"u, _ = User.objects.get_or_create(username={name!r});"
            f"u.is_staff = u.is_superuser = {staff!r}; u.set_password({password!r}); u.save()"
        )
        self.manage("shell", "-v", "0", "-c", code)
        return name, password

    def get(self, path: str, *, token: str | None = None) -> Answer:
        return self.ask("GET", path, token=token)

    def post(
        self, path: str, body: Any = None, *, token: str | None = None, seconds: float = PATIENCE_SECONDS
    ) -> Answer:
        return self.ask("POST", path, body=body or {}, token=token, seconds=seconds)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        token: str | None = None,
        seconds: float = PATIENCE_SECONDS,
    ) -> Answer:
        request = Request(path if path.startswith("http") else self.url + path, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urlopen(request, data=data, timeout=seconds) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def invoke(self, function: str, *, token: str | None = None, **inputs: Any) -> str:
        answer = self.post(f"/api/v1/functions/{function}/invoke", {"input": inputs}, token=token or self.token())
        assert answer.status == 202, answer.body
        return answer.json["task_id"]

    def task(self, task_id: str, *, token: str | None = None) -> dict[str, Any]:
        return self.get(f"/api/v1/tasks/{task_id}", token=token or self.token()).json

    def finished(self, task_id: str) -> dict[str, Any]:
        """Return the task once it has ended."""
        final = {"success", "failure", "cancelled"}
        return eventually(lambda: (task := self.task(task_id))["status"] in final and task, what=f"task {task_id} ends")

    def running(self, task_id: str) -> dict[str, Any]:
        """Return `worker` and `attempt` of a task once a worker runs it: at once, not after starting a command."""

        key = task_id if self.database_url else UUID(task_id).hex
        sql = f"SELECT worker, attempt FROM jobs_task WHERE id = '{key}' AND status = 'processing'"

        def look() -> dict[str, Any] | None:
            found = rows.read(self.home, self.database_url, sql)
            return dict(zip(("worker", "attempt"), found[0], strict=True)) if found else None

        return eventually(look, what=f"task {task_id} runs")

    def state(self) -> dict[str, dict[str, Any]]:
        lines = self.manage("dump_state", "--jsonl").stdout.splitlines()
        return {row["id"]: row for row in map(json.loads, lines)}

    def processes(self) -> list[psutil.Process]:
        """Every process of this house, found by its environment, wherever it hangs in the tree."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("KOEBAKO_HOME") == str(self.home) and process.status() != "zombie":
                    found.append(process)
            except psutil.Error:
                continue
        return found


class Stack(Client):
    """One running house, as `up` keeps it, on a database of its own."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.database_url = migrated.database(home, os.environ.get("DATABASE_URL", ""))
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.pids_file = home / "pids.json"
        self.log = home / "up.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in {"REDIS_URL", "KOEBAKO_TEST_HOME"}},
            "DJANGO_SETTINGS_MODULE": "tests.flow_settings",
            "KOEBAKO_HOME": str(home),
            "WORKERS": "2",
            "LEASE_SECONDS": "3",
            **environment,
        }
        if self.database_url:
            self.environment["DATABASE_URL"] = self.database_url
        self.tokens: dict[str, str] = {}

    def start(self, *, bots: bool = False) -> None:
        """bots: those whose token stands in the environment."""
        wishes = ["--no-demo", *([] if bots else ["--no-bots"])]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port), *wishes,
                 "--pids", str(self.pids_file)],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        eventually(self.is_ready, what="the house is ready\n" + self.log.read_text())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE_SECONDS)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def pids(self) -> dict[str, list[int]]:
        return json.loads(self.pids_file.read_text())

    def cluster(self) -> psutil.Process:
        return psutil.Process(self.pids()["qcluster"][0])

    def guard(self) -> psutil.Process:
        return self.cluster().children()[0]

    def workers(self) -> list[psutil.Process]:
        """The worker processes; the keeper is the one that leads no group of its own."""
        return [child for child in self.guard().children() if os.getpgid(child.pid) == child.pid]

    def keeper(self) -> psutil.Process:
        return next(child for child in self.guard().children() if os.getpgid(child.pid) != child.pid)
