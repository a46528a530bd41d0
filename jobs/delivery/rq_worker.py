"""The loop of `manage.py rqworker`: rq's, without its forks, its pickles and its ten-minute sweep.

A job is nothing but a delivery's id. What function it names, what callbacks and webhooks, is not
read: whoever can write to Redis could name any function of any module. The worker hands the id
to the crew and takes the job out of Redis; the row says the rest.
"""

import logging
import os
import signal
import threading
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from rq.worker import SimpleWorker
from rq.worker.base import WorkerStatus
from rq.worker_registration import clean_worker_registry

from jobs.delivery import queue, sweep
from jobs.delivery.claim import MAX_SEND_SECONDS
from jobs.delivery.crew import Crew
from jobs.delivery.metrics import ENDS
from jobs.runtime import clock, heartbeat, processes
from jobs.runtime.connection import blocking_client
from jobs.runtime.whereabouts import whereabouts

logger = logging.getLogger(__name__)

BEAT_SECONDS = 0.5
# Of what is looked for less often.
SELDOM_SECONDS = 5.0
# Taken from Redis before rq's own loop goes on, which says that this worker lives.
BATCHES_IN_A_ROW = 20
# rq waits for a job half as long; a Redis that went away without a word is noticed then.
WORKER_TTL_SECONDS = 30


def send(delivery_id: str) -> None:
    """Send one delivery: what a job names, for a worker that is not ours. Ours reads the id alone."""
    crew = Crew(worker=processes.name_of(os.getpid()), max_lanes=1)
    crew.take(UUID(delivery_id))
    crew.stop(within_seconds=MAX_SEND_SECONDS)


class DeliveryWorker(SimpleWorker):
    # Redis is back sooner than that.
    max_connection_wait_time = 3.0

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.work_queue = queue.deliveries(blocking_client())
        super().__init__(
            [self.work_queue],
            name=crew.worker,
            connection=self.work_queue.connection,
            queue_class=queue.DeliveryQueue,
            serializer="json",
            worker_ttl=WORKER_TTL_SECONDS,
            log_job_description=False,
        )

    def execute_job(self, job: Any, queue: Any) -> None:
        # A signal in here only asks; elsewhere it ends the wait for the next job.
        self._state = WorkerStatus.BUSY
        try:
            self.crew.take(UUID(job.id), *self._more())
            # Most of what waits is for receivers that have their lanes by now: rq's way to the next job, some fifteen
            # round trips, took as long as sending it.
            for _batch in range(BATCHES_IN_A_ROW):
                if self._stop_requested or not (ids := self._more()):
                    break
                self.crew.take(*ids)
        except ValueError:
            logger.warning("a foreign job was dropped", extra={"reason": "no id of a delivery"})
        except (DatabaseError, InterfaceError) as error:
            # The sweep finds the row when the database is back.
            logger.warning("a delivery was left to the sweep", extra={"reason": type(error).__name__})
            connection.close()
            time.sleep(BEAT_SECONDS)
        queue.forget(job.id)
        self.set_state(WorkerStatus.IDLE)

    def _more(self) -> list[UUID]:
        # Each of them finds a lane: none waits in here while another worker has one.
        return self.work_queue.more(self.crew.room() - 1)

    def subscribe(self) -> None:
        """Listen to none of rq's commands: whoever can write to Redis could end this process by one."""

    def check_for_suspension(self, burst: bool) -> None:
        """Nor rest because a key in Redis says so: deliveries are held up by rows alone."""

    def run_maintenance_tasks(self) -> None:
        # Of what rq would look after, our jobs leave nothing but the names of workers that were killed.
        clean_worker_registry(self.work_queue)
        self.work_queue.forget_popped()
        self.last_cleaned_at = datetime.now(UTC)  # type: ignore[assignment]


class Beat(threading.Thread):
    """Renews leases and sweeps, beside the loop; it works without Redis too."""

    def __init__(self, crew: Crew) -> None:
        super().__init__(name="beat", daemon=True)
        self.crew = crew
        self.ending = threading.Event()
        self._next_at: dict[str, float] = {}

    def run(self) -> None:
        try:
            while not self.ending.wait(BEAT_SECONDS):
                heartbeat.beat()
                self.beat()
        finally:
            connection.close()

    def beat(self) -> None:
        try:
            self._every(settings.LEASE_SECONDS / 3, "renew", self.crew.renew)
            self._every(SELDOM_SECONDS, "counted", ENDS.hand_over)
            if not self.crew.stopping:
                self._every(2 * BEAT_SECONDS, "take back", lambda: sweep.take_back(now=clock.now()))
                self._every(BEAT_SECONDS, "due", self._send_due)
                self._every(SELDOM_SECONDS, "unseen", sweep.honour_unseen)
                self._every(SELDOM_SECONDS, "give up", lambda: sweep.give_up(now=clock.now()))
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the sweep broke off", extra={"reason": type(error).__name__})
            connection.close()
        except Exception as error:
            # This thread must live: without it leases run out under senders that are at work.
            logger.error("the sweep failed", extra=whereabouts(error))
        if self.crew.hangs() and not self.crew.stopping:
            logger.error("a sender hangs; the worker starts anew")
            os.kill(os.getpid(), signal.SIGTERM)

    def _every(self, seconds: float, name: str, act: Any) -> None:
        now = time.monotonic()
        if now >= self._next_at.get(name, 0.0):
            self._next_at[name] = now + seconds
            act()

    def _send_due(self) -> None:
        ids = sweep.due(now=clock.now())
        if not queue.wake(ids):
            # Without Redis the crew of this process does it alone.
            # What finds no lane is found again: this thread renews the leases of those that have one.
            self.crew.take(*ids, wait=False)


def run(*, max_lanes: int, burst: bool = False) -> bool:
    """
    Send deliveries until SIGTERM; return False when a sender had to be left behind.

    burst: end when nothing is due any more, for tests and for a look by hand.
    """
    crew = Crew(worker=processes.name_of(os.getpid()), max_lanes=max_lanes)
    beat = Beat(crew)
    worker = DeliveryWorker(crew)
    if burst and not queue.wake(due := sweep.due(now=clock.now())):
        crew.take(*due)
    beat.start()
    # rq leaves its own behind, which would wait for a worker that is no more.
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        worker.work(burst=burst, logging_level="WARNING")
        if burst:
            crew.wait_until_idle(within_seconds=MAX_SEND_SECONDS)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        idle = crew.stop(within_seconds=MAX_SEND_SECONDS)
        ENDS.hand_over()
        beat.ending.set()
        beat.join(timeout=5)
    return idle
