"""What dead processes of this machine held is taken back, and not before their own keeper had its turn."""

from types import SimpleNamespace
from typing import Any

import pytest

from jobs.runtime import processes
from jobs.runtime.keeper import Keeper
from jobs.runtime.models import Status

# No process has started at tick 1 since the boot.
GONE = f"{processes.place()}:1:1"


@pytest.fixture
def keeper() -> Keeper:
    return Keeper([], SimpleNamespace(), 0, SimpleNamespace())


def test_a_worker_that_is_gone_at_two_looks_is_taken_for_dead(keeper: Keeper, make_task: Any, valkey: Any) -> None:
    """At the first its keeper may be about to say that it was the time limit."""
    task = make_task(status=Status.PROCESSING, worker=GONE)

    keeper.take_back_local()
    task.refresh_from_db()
    assert (task.status, task.deaths) == ("processing", 0)

    keeper.take_back_local()
    task.refresh_from_db()
    assert (task.status, task.deaths) == ("retry", 1)


def test_a_keeper_that_starts_takes_back_at_once(keeper: Keeper, make_task: Any, valkey: Any) -> None:
    task = make_task(status=Status.PROCESSING, worker=GONE)

    keeper.take_back_local(at_once=True)

    task.refresh_from_db()
    assert (task.status, task.deaths) == ("retry", 1)
