"""Take one delivery for one attempt, and write down how it ended.

A claim is one conditional UPDATE with a lease, under the lock of the receiver's row: so a
receiver has at most so many deliveries under way, however many workers there are, and none
before it is to be asked again. The end is fenced by attempt and worker.

Raw SQL for what each delivery needs: through the ORM it took four times as long as the sending.

Called by crew.py.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from jobs.delivery import backoff
from jobs.delivery.errors import DeliveryError, Refused, RetryLater, Unreachable
from jobs.delivery.kinds import find
from jobs.delivery.models import Attempt, Delivery, Receiver, State
from jobs.runtime import clock
from jobs.runtime.gate import writing

logger = logging.getLogger(__name__)

# A sender that takes longer is taken for dead: its lease is not renewed any more.
MAX_SEND_SECONDS = 30
MAX_ERROR_CHARACTERS, MAX_ANSWER_CHARACTERS = 200, 500

PLACE = "SELECT * FROM delivery_receiver WHERE name = %s"
SPEND = "UPDATE delivery_receiver SET spent_until = %s, resume_at = NULL, used_at = %s WHERE name = %s"
DUE_ANY = """
SELECT delivery_delivery.*, (
    SELECT COUNT(*) FROM delivery_delivery AS other
    WHERE other.receiver = %s AND other.state = 'sending' AND other.leased_until > %s
) AS under_way
FROM delivery_delivery WHERE receiver = %s AND state = 'waiting' AND next_at <= %s
"""
DUE = f"{DUE_ANY} ORDER BY next_at, id LIMIT 1"
DUE_ONE = f"{DUE_ANY} AND id = %s"
CLAIM = """
UPDATE delivery_delivery SET state = 'sending', attempt = %s, worker = %s, leased_until = %s, give_up_at = %s
WHERE id = %s AND state = 'waiting' AND attempt = %s
"""
END = """
UPDATE delivery_delivery
SET state = %s, failures = %s, error = %s, payload = %s, next_at = %s, give_up_at = %s, ended_at = %s,
    worker = '', leased_until = NULL, queued_until = NULL
WHERE id = %s AND state = 'sending' AND attempt = %s AND worker = %s
"""
ATTEMPT = """
INSERT INTO delivery_attempt
    (delivery_id, number, worker, started_at, ended_at, outcome, status, answer, error)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
OUTCOMES = {
    State.SENT: Attempt.Outcome.SENT.value,
    State.DEAD: Attempt.Outcome.DEAD.value,
    State.WAITING: Attempt.Outcome.FAILED.value,
}


@dataclass(frozen=True)
class Held:
    """A delivery that is ours for one attempt."""

    delivery: Delivery
    worker: str
    started_at: datetime
    was_silent: bool  # the receiver, when this was claimed


def claim_next(receiver: str, *, worker: str, prefer: UUID | None = None) -> Held | None:
    """Return the delivery to `receiver` that is due first, ours for one attempt; None when nothing may be sent."""
    with writing(), transaction.atomic():
        return _claim(receiver, worker=worker, now=clock.now(), prefer=prefer)


def settle(held: Held, error: Exception | None, facts: Mapping[str, Any], *, go_on: bool) -> Held | None:
    """
    Write down how an attempt ended, and return the next delivery to its receiver when `go_on` and there is one.

    error: None when it arrived. An attempt that is not ours any more changes nothing.
    """
    with writing(), transaction.atomic():
        now = clock.now()
        _end(held, error, facts, now)
        return _claim(held.delivery.receiver, worker=held.worker, now=now) if go_on else None


def _claim(receiver: str, *, worker: str, now: datetime, prefer: UUID | None = None) -> Held | None:
    place = _locked(receiver, now)
    if place.resume_at is not None and place.resume_at > now:
        return None
    found = _due(receiver, now, prefer)
    kind = find(found.kind) if found else None
    if found is None or kind is None:
        return None
    # Of a receiver that does not answer one delivery finds out whether it does again.
    if found.under_way >= (1 if place.failures else kind.rate.at_once):  # type: ignore[attr-defined]
        return None
    if (free_at := place.spend(kind.rate, now=now)) is not None:
        Receiver.objects.filter(pk=receiver).update(resume_at=free_at)
        return None
    found.leased_until = now + timedelta(seconds=settings.LEASE_SECONDS)
    found.give_up_at = found.give_up_at or now + backoff.GIVE_UP_AFTER
    found.state, found.worker, found.attempt = State.SENDING, worker, found.attempt + 1
    with connection.cursor() as cursor:
        cursor.execute(SPEND, [_stored(place.spent_until), _stored(now), receiver])
        cursor.execute(
            CLAIM,
            [
                *(found.attempt, worker, _stored(found.leased_until), _stored(found.give_up_at)),
                *(_key(found.pk), found.attempt - 1),
            ],
        )
        claimed = cursor.rowcount == 1
    return Held(found, worker, now, was_silent=place.failures > 0) if claimed else None


def _locked(receiver: str, now: datetime) -> Receiver:
    """Return the receiver's row, ours alone until the transaction ends; made when it is missing."""
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    found = list(Receiver.objects.raw(PLACE + lock, [receiver]))
    if not found:
        Receiver.objects.bulk_create([Receiver(name=receiver, used_at=now)], ignore_conflicts=True)
        found = list(Receiver.objects.raw(PLACE + lock, [receiver]))
    return found[0]


def _due(receiver: str, now: datetime, prefer: UUID | None) -> Delivery | None:
    """Return what is due first, `prefer` before others; its `under_way` says how many are being sent there."""
    moment = _stored(now)
    values = [receiver, moment, receiver, moment]
    if prefer is not None and (found := list(Delivery.objects.raw(DUE_ONE, [*values, _key(prefer)]))):
        return found[0]
    return next(iter(Delivery.objects.raw(DUE, values)), None)


def _end(held: Held, error: Exception | None, facts: Mapping[str, Any], now: datetime) -> None:
    delivery = held.delivery
    end = _success(now) if error is None else _failure(delivery, error, now)
    with connection.cursor() as cursor:
        moments = (_stored(end.next_at or delivery.next_at), _stored(end.give_up_at), _stored(end.ended_at))
        payload = "{}" if error is None else json.dumps(delivery.payload)
        values = [end.state.value, end.failures, end.error, payload, *moments]
        cursor.execute(END, [*values, _key(delivery.pk), delivery.attempt, held.worker])
        if cursor.rowcount != 1:
            logger.info("a late attempt changed nothing", extra={"delivery": str(delivery.pk)})
            return
        answer = str(facts.get("answer") or "")[:MAX_ANSWER_CHARACTERS]
        told = [OUTCOMES[end.state], facts.get("status"), answer, end.error]
        began, ended = _stored(held.started_at), _stored(now)
        cursor.execute(ATTEMPT, [_key(delivery.pk), delivery.attempt, held.worker, began, ended, *told])
    if error is not None or held.was_silent:
        _tell_receiver(delivery.receiver, error, now)
    if end.state == State.DEAD:
        words = {"delivery": str(delivery.pk), "kind": delivery.kind, "error": end.error}
        logger.warning("a delivery will not arrive", extra=words)


@dataclass(frozen=True)
class _End:
    state: State
    failures: int = 0
    error: str = ""
    next_at: datetime | None = None
    give_up_at: datetime | None = None
    ended_at: datetime | None = None


def _success(now: datetime) -> _End:
    return _End(State.SENT, ended_at=now)


def _failure(delivery: Delivery, error: Exception, now: datetime) -> _End:
    failures = delivery.failures + 1
    words = str(error) if isinstance(error, DeliveryError) else f"unexpected {type(error).__name__}"
    words = words[:MAX_ERROR_CHARACTERS]
    give_up_at = delivery.give_up_at or now + backoff.GIVE_UP_AFTER
    next_at = None if isinstance(error, Refused) else backoff.next_try(failures, now=now, give_up_at=give_up_at)
    if next_at is None:
        return _End(State.DEAD, failures, words, give_up_at=give_up_at, ended_at=now)
    if isinstance(error, RetryLater) and error.wait_seconds is not None:
        next_at = backoff.asked_for(error.wait_seconds, now=now)
        give_up_at = max(give_up_at, next_at)
    return _End(State.WAITING, failures, words, next_at=next_at, give_up_at=give_up_at)


def _tell_receiver(receiver: str, error: Exception | None, now: datetime) -> None:
    rows = Receiver.objects.filter(pk=receiver)
    if isinstance(error, RetryLater) and error.whole_receiver and error.wait_seconds is not None:
        rows.update(resume_at=backoff.asked_for(error.wait_seconds, now=now))
    elif isinstance(error, Unreachable):
        # Those that were under way together fail together: they are one round, not several.
        place = rows.get()
        if place.resume_at is None or place.resume_at <= now:
            rounds = place.failures + 1
            since = place.failing_since or now
            rows.update(failures=rounds, failing_since=since, resume_at=now + backoff.pause(rounds))
    else:
        # It answers, whatever it says.
        rows.filter(failures__gt=0).update(failures=0, failing_since=None, resume_at=None)


def _stored(moment: datetime | None) -> Any:
    return None if moment is None else connection.ops.adapt_datetimefield_value(moment)


def _key(row_id: UUID) -> Any:
    return row_id if connection.features.has_native_uuid_field else row_id.hex
