"""Receivers on ports of their own, and an rq worker that sends what is due in this process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.db import connection

from jobs.delivery import rq_worker
from tests.api.conftest import as_owner, as_stranger, client_of
from tests.receivers import Behaviour, Receiver, answers
from tests.runtime.conftest import accept, make_task, worker

__all__ = ["accept", "as_owner", "as_stranger", "client_of", "make_task", "worker"]


@pytest.fixture(autouse=True)
def _not_in_production(settings: Any) -> None:
    """With a DATABASE_URL, as on PostgreSQL, plain http would be refused before anything else is judged."""
    settings.PRODUCTION = False


@pytest.fixture
def receiver(settings: Any) -> Iterator[Callable[..., Receiver]]:
    """Start receivers that webhooks may reach."""
    settings.DELIVERY_ALLOW_HOSTS = []
    started: list[Receiver] = []

    def start(behaviour: Behaviour | None = None, *, allowed: bool = True) -> Receiver:
        made = Receiver(behaviour or answers(200))
        started.append(made)
        if allowed:
            settings.DELIVERY_ALLOW_HOSTS.append(made.host)
        return made

    yield start
    for each in started:
        each.close()


@pytest.fixture
def send_due(transactional_db: None, valkey: redis.Redis) -> Callable[[], None]:
    """Send what is due, as `rqworker --burst` does."""

    def send() -> None:
        assert rq_worker.run(max_lanes=8, burst=True)

    return send


@pytest.fixture
def start_worker(
    transactional_db: None, valkey: redis.Redis, settings: Any
) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start real `rqworker` processes on the tests' database; they reach the receivers that were started before."""
    started: list[subprocess.Popen] = []

    def start(*, lease_seconds: int = 3, **environment: str) -> subprocess.Popen:
        told = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "KOEBAKO_WORKER_DATABASE": str(connection.settings_dict["NAME"]),
            "KOEBAKO_WORKER_ALLOWS": json.dumps(settings.DELIVERY_ALLOW_HOSTS),
            "LEASE_SECONDS": str(lease_seconds),
            **environment,
        }
        process = subprocess.Popen([sys.executable, "-m", "tests.delivery.rqworker", "--skip-checks"], env=told)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
