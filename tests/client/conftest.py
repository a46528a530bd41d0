"""A live web process on the tests' database, and somebody who runs what is asked for in this process."""

import pytest

from jobs.access import tokens
from jobs.access.caller import DEFAULT_SCOPES
from jobs.runtime.local import run_batch_here
from tests.api.conftest import web, worker

__all__ = ["web", "worker"]


@pytest.fixture
def token(transactional_db, owner):
    return tokens.issue(owner, name="client", scopes=DEFAULT_SCOPES)[1]


@pytest.fixture
def working(worker):
    """The interactive queue is worked on."""
    worker.does(lambda task: run_batch_here(task.pk))
    return worker
