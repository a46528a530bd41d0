"""Clients that hold a token, tasks of any state, a web process, and somebody to play the worker."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client

from core import one_thread
from jobs.access import tokens
from jobs.access.caller import DEFAULT_SCOPES
from jobs.runtime.connection import key
from jobs.runtime.models import Artifact, Source, Status, Task
from jobs.runtime.models.artifact import folder_of
from jobs.runtime.models.task import FINAL
from jobs.runtime.queue import script_of, take
from tests.waits import next_line

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ENGLISH = "en"


def bearer(secret: str, **options: Any) -> Client:
    return Client(
        headers={"authorization": f"Bearer {secret}", "accept-language": ENGLISH},
        raise_request_exception=False,
        **options,
    )


@pytest.fixture(autouse=True)
def _static_files_are_looked_for_when_asked_for(settings: Any) -> None:
    """WhiteNoise would read through all of them for each new Client, which took most of the tests' time."""
    settings.WHITENOISE_AUTOREFRESH = True


def asgi_line(path: str, secret: str, *, method: str = "POST", **headers: str) -> ApplicationCommunicator:
    """Open a line to Django as a server holds it; the test is the server."""
    told = {"host": "localhost", "content-type": "application/json", "authorization": f"Bearer {secret}", **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "client": ["127.0.0.1", 1],
        "server": ["127.0.0.1", 80],
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()],
    }  # fmt: skip
    return ApplicationCommunicator(one_thread.application(), scope)


@pytest.fixture
def client_of(db: None) -> Callable[..., Client]:
    """Make a client with a new token of a user."""

    def make(user: User, *scopes: str) -> Client:
        return bearer(tokens.issue(user, name="test", scopes=scopes or DEFAULT_SCOPES)[1])

    return make


@pytest.fixture
def as_owner(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


@pytest.fixture
def as_stranger(client_of: Callable[..., Client], stranger: User) -> Client:
    return client_of(stranger)


@pytest.fixture
def as_staff(client_of: Callable[..., Client], staff: User) -> Client:
    return client_of(staff, *DEFAULT_SCOPES, "staff")


@pytest.fixture
def make_task(db: None, valkey: redis.Redis, owner: User) -> Callable[..., Task]:
    def make(**values: Any) -> Task:
        status = values.get("status", Status.PENDING)
        defaults: dict[str, Any] = {
            "function": "toy_echo",
            "owner": owner,
            "source": Source.API,
            "order_key": "tests",
            "queue": "bulk",
            "inputs": {"word": "hello", "seconds": 0.0, "times": 1},
            "created_at": NOON,
            "updated_at": NOON,
        }
        if status == Status.PROCESSING:
            defaults |= {"worker": "elsewhere:0:1:1", "leased_until": NOON, "started_at": NOON, "attempt": 1}
        if status in FINAL:
            defaults |= {"completed_at": NOON}
        return Task.objects.create(**{**defaults, **values})

    return make


@pytest.fixture
def make_artifact(make_task: Callable[..., Task]) -> Callable[..., Artifact]:
    """Store a finished task's file, in the storage of the tests' home."""

    def make(data: bytes = b"0123456789", *, name: str = "speech.ogg", content_type: str = "audio/ogg", **values: Any):
        task = values.pop("task", None) or make_task(status=Status.SUCCESS, **values)
        stored = default_storage.save(f"{folder_of(task.pk)}/{name}", ContentFile(data))
        return Artifact.objects.create(
            task=task, name=name, content_type=content_type, bytes=len(data), file=stored, created_at=NOON
        )

    return make


@pytest.fixture(scope="session")
def web(django_db_setup: None, valkey_server: str) -> Iterator[str]:
    """The address of a web process of this session, on the tests' database."""
    database = str(connection.settings_dict["NAME"])
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.api.web"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE, "KOEBAKO_WEB_DATABASE": database},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield f"http://127.0.0.1:{int(next_line(server, what='the port of the web process'))}"
    server.terminate()
    server.communicate(timeout=20)


class Worker:
    """Plays the worker of the interactive queue: takes each task and does as it was told."""

    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._acts: list[Callable[[Task], object]] = []
        self._over = False
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def does(self, act: Callable[[Task], object]) -> None:
        self._acts.append(act)

    def stop(self) -> None:
        self._over = True
        with redis.Redis.from_url(settings.REDIS_URL) as waker:
            waker.rpush(key("wake", "interactive"), "1")
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=None) as line, closing(connection):

            def run(source: str, *, keys: Any, args: Any) -> Any:
                # A line of its own: a test may take the house's away.
                return script_of(source)(keys=keys, args=args, client=line)

            while not self._over:
                held = take("tests", ["interactive"], run=run)
                if not held:
                    line.blpop([key("wake", "interactive")], timeout=20)
                    continue
                task = Task.objects.get(pk=held[0].task_id)
                for act in self._acts:
                    act(task)
                self.tasks.put(task)


@pytest.fixture
def worker(transactional_db: None, valkey: redis.Redis) -> Iterator[Worker]:
    played = Worker()
    yield played
    played.stop()
