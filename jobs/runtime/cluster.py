"""django-q2's cluster, made safe: no shared queue, no shared lock, no pusher, no monitor.

    SafeCluster    the main process; starts the guard, again when it dies, and passes SIGTERM on
    SafeSentinel   the guard (guard.py); forks workers and keeper, replaces dead ones, kills what
                   outstays its time or a cancellation
    Keeper         speaks to the database and Redis for the workers (keeper.py)
    worker         django-q2's own loop, on a Feed of ours instead of its two queues

Kill any of them at any time: the kernel ends its children, the parent starts it again, and
the keeper takes back what was held. The private names of django-q2 that are used for it are
held by tests/runtime/test_django_q2_contract.py.
"""

import gc
import logging
import time
from typing import Any

from django.db import connections
from django_q.cluster import Cluster, get_mp_context

from jobs.runtime import memory, registry, tracing
from jobs.runtime.guard import SafeSentinel
from jobs.runtime.pace import Pace

logger = logging.getLogger(__name__)

# How often it looks whether it is told to stop, while a guard that keeps dying is left to rest.
BEAT_SECONDS = 0.1


class SafeCluster(Cluster):
    """The main process of `manage.py qcluster`. SIGTERM or SIGINT to it stops everything in good order."""

    def __init__(self) -> None:
        super().__init__(broker=None)
        self.stopping = False

    def start(self) -> int:
        """Guard the guard until told to stop; return the exit code."""
        warm_up()
        pace = Pace()
        while not self.stopping:
            started = time.monotonic()
            # Forked children must not share sockets with us or with each other.
            connections.close_all()
            self.sentinel = get_mp_context().Process(
                target=SafeSentinel, args=(None, None, self.cluster_id, None, None), name="guard"
            )
            self.sentinel.start()
            while self.sentinel.is_alive():
                self.sentinel.join(timeout=1.0)
                if self.stopping:
                    # Once more: the first may have come before the guard listened.
                    self.sentinel.terminate()
            if self.stopping:
                break
            pace.note_death(lived_seconds=time.monotonic() - started, now=time.monotonic())
            logger.error("the guard died and is started again", extra={"exit_code": self.sentinel.exitcode})
            while not self.stopping and time.monotonic() < pace.not_before:
                time.sleep(BEAT_SECONDS)
        return 0

    def stop(self) -> bool:
        # django-q2 sets an Event here, which waits for sleepers that may have been killed.
        self.stopping = True
        if self.sentinel is not None and self.sentinel.is_alive():
            self.sentinel.terminate()
        return True

    def sig_handler(self, signum: int, frame: Any) -> None:
        self.stop()


def warm_up() -> None:
    """Load what all workers share, once, before they are forked."""
    for spec in registry.every():
        if spec.warm is not None:
            spec.warm()
    tracing.load()
    # The pages that it lies in are not written to by each child's collections either, and stay shared.
    gc.collect()
    memory.settle()
    logger.info("warm", extra={"functions": len(registry.every())})
