"""Run one task in this process, without Redis and workers: for `invoke --local`.

The row goes through the same states as anywhere: claimed, leased, finished under its attempt.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from jobs.runtime import clock, commit, lease, processes
from jobs.runtime.context import Silent
from jobs.runtime.gate import writing
from jobs.runtime.invoke import Invocation
from jobs.runtime.models import Task
from jobs.runtime.telling import Telling
from jobs.runtime.worker import announce, begin, end, persist


@contextmanager
def renewing(worker: str) -> Iterator[None]:
    """Renew the lease of `worker` from a thread of its own while the block runs."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(settings.LEASE_SECONDS / 3):
            lease.renew([worker], now=clock.now())
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
    worker = processes.name_of(os.getpid())
    with writing():
        claimed = commit.claim([invocation.task.pk], worker=worker, now=clock.now())
    if not claimed:
        # A worker of the house was quicker; its result counts.
        return Task.objects.get(pk=invocation.task.pk)
    [task] = claimed
    run = begin(task, Silent())
    with renewing(worker):
        run()
        finished = end(run, worker=worker)
        [stored], _none = persist([finished], [], worker=worker)
    telling = Telling()
    announce(finished, telling, stored=stored)
    telling.send()
    return Task.objects.get(pk=task.pk)
