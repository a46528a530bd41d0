"""Delivery ids to rq and back. The only file that knows django_rq.

A job is `send(id)` as JSON, and saved under the delivery's id, so that one is there once. Nothing in
Redis is believed: our worker reads the id and never what function a job names (rq_worker.py).
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

import redis
from django_rq.queues import DjangoRQ, get_queue

from jobs.runtime.connection import client
from jobs.runtime.errors import QueueUnreachable

logger = logging.getLogger(__name__)

NAME = "deliveries"
SEND = "jobs.delivery.rq_worker.send"
# rq's own limit on a job; ours is handed over in milliseconds, and a sender ends sooner.
JOB_SECONDS = 30
# Taken out of Redis at once; rq's own way costs eight round trips for each.
MOST_AT_ONCE = 100
# A job that nobody took is forgotten after this; its row is not.
JOB_TTL_SECONDS = 3600


class DeliveryQueue(DjangoRQ):
    """rq's queue, which drops what cannot be read instead of ending its worker."""

    @classmethod
    def dequeue_any(cls, queues: Any, timeout: Any, connection: Any, *rest: Any, **options: Any) -> Any:
        while True:
            try:
                return super().dequeue_any(queues, timeout, connection, *rest, **options)
            except UnicodeDecodeError:
                logger.warning("a foreign job was dropped", extra={"reason": "an id that is no text"})
                for each in queues:
                    each.forget_popped()
            except redis.ResponseError as error:
                # Somebody put another kind of value there.
                if not any(each.set_aside() for each in queues):
                    # rq waits, and the sweep sends without Redis.
                    raise redis.ConnectionError("the queue's key cannot be used") from error

    def set_aside(self) -> bool:
        """Rename keys that hold no list, for somebody to look at; return whether there was one. The rows know all."""
        foreign = [
            key
            for key in (self.key, self.intermediate_queue_key)
            if self.connection.type(key) not in (b"list", b"none")
        ]
        for key in foreign:
            with suppress(redis.ResponseError):  # another worker was first
                self.connection.rename(key, f"{key}:aside")
                logger.warning("a foreign key was set aside", extra={"key": key})
        return bool(foreign)

    def forget_popped(self) -> None:
        """Drop what was popped and not taken out: workers were killed in between, and the rows know it."""
        self.connection.delete(self.intermediate_queue_key)

    @classmethod
    def _fetch_dequeued_job(cls, connection: Any, queue_key: str, job_id: str, *rest: Any, **options: Any) -> Any:
        try:
            found = super()._fetch_dequeued_job(connection, queue_key, job_id, *rest, **options)
        except (redis.ConnectionError, redis.TimeoutError):
            raise
        except Exception as error:
            logger.warning("a foreign job was dropped", extra={"reason": type(error).__name__})
            found = None
        if found is None:
            cls(queue_key.removeprefix(cls.redis_queue_namespace_prefix), connection=connection).forget(job_id)
        return found

    def more(self, most: int) -> list[UUID]:
        """Take out the ids of further jobs, at most half of what waits: other workers want work too."""
        try:
            count = min(most, MOST_AT_ONCE, (self.connection.llen(self.key) + 1) // 2)
            names = cast("list[bytes]", self.connection.lpop(self.key, count) or []) if count > 0 else []
        except redis.RedisError as error:
            # The loop's own look will say so, and wait.
            logger.info("no further deliveries taken", extra={"reason": type(error).__name__})
            return []
        if names:
            prefix = self.job_class.redis_job_namespace_prefix.encode()
            self.connection.delete(*(prefix + each for each in names))
        ids = [each for each in map(_id_of, names) if each is not None]
        if len(ids) < len(names):
            logger.warning("foreign jobs were dropped", extra={"count": len(names) - len(ids)})
        return ids

    def forget(self, job_id: str) -> None:
        """Take a job out of Redis for good: its row knows better."""
        pipeline = self.connection.pipeline(transaction=False)
        pipeline.lrem(self.intermediate_queue_key, 1, job_id)
        pipeline.delete(self.job_class.key_for(job_id))
        pipeline.execute()


def _id_of(name: bytes) -> UUID | None:
    try:
        return UUID(name.decode())
    except ValueError:
        return None


def deliveries(connection: "redis.Redis | None" = None) -> DeliveryQueue:
    """Return the queue. Raises QueueUnreachable when no Redis is configured."""
    found = get_queue(
        NAME,
        connection=connection or client(),
        queue_class=DeliveryQueue,
        serializer="json",
        commit_mode="auto",
        default_timeout=JOB_SECONDS,
    )
    assert isinstance(found, DeliveryQueue)  # noqa: S101 - the class was said
    return found


def wake(ids: Sequence[UUID]) -> bool:
    """Tell rq of deliveries that are due; False when Redis does not answer: the sweep will."""
    if not ids:
        return True
    try:
        queue = deliveries()
        queue.enqueue_many(
            [
                queue.prepare_data(
                    SEND, args=[str(each)], job_id=str(each), timeout=JOB_SECONDS, ttl=JOB_TTL_SECONDS, result_ttl=0
                )
                for each in dict.fromkeys(ids)
            ]
        )
    except (QueueUnreachable, redis.RedisError, OSError) as error:
        logger.info("deliveries left to the sweep", extra={"count": len(ids), "reason": type(error).__name__})
        return False
    return True
