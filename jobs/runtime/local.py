"""Run one task in this process, without Redis and workers: for `invoke --local`, and for rooms that do without a queue.

The row goes through the same states as anywhere: claimed, leased, finished under its attempt. Of a batch the parts are
run first, one after the other; what a worker of the house has claimed meanwhile is left to it.
"""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

from jobs.runtime import clock, commit, lease, processes
from jobs.runtime.context import Silent, Wire
from jobs.runtime.gate import writing
from jobs.runtime.invoke import Invocation
from jobs.runtime.models import Task
from jobs.runtime.models.task import WAITING
from jobs.runtime.telling import Telling
from jobs.runtime.worker import announce, begin, end, persist

logger = logging.getLogger(__name__)


@contextmanager
def renewing(worker: str) -> Iterator[None]:
    """Renew the lease of `worker` from a thread of its own while the block runs."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(settings.LEASE_SECONDS / 3):
            try:
                lease.renew([worker], now=clock.now())
            except (OperationalError, InterfaceError) as error:
                # It is back within the lease, or others take over what we hold.
                logger.info("lease not renewed", extra={"reason": type(error).__name__})
                connection.close()
        connection.close()

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def run_here(invocation: Invocation) -> Task:
    """Run an accepted task now, once; return it as it ended, `retry` for a failure that workers would try again."""
    run_batch_here(invocation.task.pk)
    return Task.objects.get(pk=invocation.task.pk)


def run_batch_here(task_id: UUID, *, wire: Wire | None = None) -> None:
    """
    Run what waits of a task's parts, then the task itself; not what a worker has claimed before us.

    All parts are claimed at once, so that a queue that comes back finds none of them. A part that is to be tried
    again later holds up the task; call again then. wire: default Silent.
    """
    worker = processes.name_of(os.getpid())
    waiting = Task.objects.filter(parent_id=task_id, status__in=WAITING).order_by("id")
    with renewing(worker):
        for task in _claim(list(waiting.values_list("pk", flat=True)), worker):
            _run(task, worker, wire or Silent())
        for task in _claim([task_id], worker):
            _run(task, worker, wire or Silent())


def _claim(ids: Sequence[UUID], worker: str) -> list[Task]:
    with writing(), transaction.atomic():
        return [task for one in ids for task in commit.claim([one], worker=worker, now=clock.now())]


def _run(task: Task, worker: str, wire: Wire) -> None:
    run = begin(task, wire)
    run()
    if run.cancelled:
        return
    finished = end(run, worker=worker)
    [stored], _none = persist([finished], [], worker=worker)
    telling = Telling()
    announce(finished, telling, stored=stored)
    telling.send()
