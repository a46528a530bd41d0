"""A task of any state, and a worker that runs in this process on the real database and the real Valkey."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User

from jobs.runtime import admission, clock, sweep
from jobs.runtime.feed import Feed
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.link import Slot
from jobs.runtime.models import Source, Status, Task
from jobs.runtime.models.task import FINAL
from tests.runtime.admin_browser import chromium, cookies, house, open_page  # noqa: F401 - fixtures

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def make_task(transactional_db: None, owner: User) -> Callable[..., Task]:
    def make(**values: Any) -> Task:
        status = values.get("status", Status.PENDING)
        defaults: dict[str, Any] = {
            "function": "toy_echo",
            "owner": owner,
            "source": Source.API,
            "order_key": f"user:{owner.pk}",
            "queue": "bulk",
            "inputs": {"word": "hello"},
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
def accept(transactional_db: None, valkey: redis.Redis, owner: User) -> Callable[..., Invocation]:
    """Invoke a toy as the owner, through the API's door."""

    def accept(function: str = "toy_echo", **inputs: Any) -> Invocation:
        options = {name: inputs.pop(name) for name in ("order_key", "priority", "idempotency_key") if name in inputs}
        return invoke(function, inputs, owner=owner, source=Source.API, **options)

    return accept


@pytest.fixture(autouse=True)
def _guarded(redis_stays_out_of_transactions: None) -> None:
    """In this room every test looks at it."""


class LocalWorker:
    """A worker without processes: the Feed that qcluster's workers use, driven by hand."""

    def __init__(self, name: str) -> None:
        self.slot = Slot()
        self.feed = Feed(self.slot, name=name, queues=("interactive", "bulk"))
        # No thread beside the test: it calls `unburden()` itself.
        self.feed.minder = threading.current_thread()
        # The keeper's first duty.
        admission.keep_limits()

    def claim(self) -> Task | None:
        """Take and claim the next task, without running it."""
        item = self._get()
        return item["func"].task if item else None

    def work(self) -> list[Task]:
        """Run all that is ready or due; return the tasks in the order of their runs."""
        done = []
        while True:
            before = len(done)
            while item := self._get():
                item["func"]()
                self.feed.put({})
                done.append(item["func"].task)
            self.feed.close()
            # What has just ended may have let others go.
            if len(done) == before and not sweep.send_due(now=clock.now()) and not admission.keep_limits():
                return done

    def _get(self) -> dict[str, Any] | None:
        # One round of Feed.get(), which would block for ever on an empty queue.
        if not self.feed.claimed:
            taken = self.feed._take()
            self.feed._settle(taken)
            if not self.feed.claimed:
                return self._get() if taken else None
        return self.feed._begin(*self.feed.claimed.popleft())


@pytest.fixture
def worker(transactional_db: None, valkey: redis.Redis) -> LocalWorker:
    return LocalWorker("here:0:1:1")


@pytest.fixture
def other_worker(transactional_db: None, valkey: redis.Redis) -> LocalWorker:
    return LocalWorker("there:0:2:2")
