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
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from jobs.delivery import backoff
from jobs.delivery.errors import Broken, DeliveryError, Refused, RetryLater, Unreachable
from jobs.delivery.kinds import find
from jobs.delivery.metrics import ENDS
from jobs.delivery.models import Attempt, Delivery, Receiver, State
from jobs.runtime import clock
from jobs.runtime.gate import writing

logger = logging.getLogger(__name__)

# A sender that takes longer is taken for dead: its lease is not renewed any more.
MAX_SEND_SECONDS = 30
# One message may break a receiver that takes all others; after so many in a row it is the receiver that is broken, and
# asking it once for each message would take the others' time.
BROKEN_IN_A_ROW = 5
MAX_ERROR_CHARACTERS, MAX_ANSWER_CHARACTERS = 200, 500

PLACE = "SELECT * FROM delivery_receiver WHERE name = %s"
NEW_PLACE = """
INSERT INTO delivery_receiver (name, failures, broken_answers, used_at) VALUES (%s, 0, 0, %s) ON CONFLICT DO NOTHING
"""
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
IS_ROUND = "(failures > 0 OR broken_answers >= %s) AND (resume_at IS NULL OR resume_at <= %s)"
FAILED = f"""
UPDATE delivery_receiver SET
    broken_answers = broken_answers + %s,
    failures = failures + CASE WHEN {IS_ROUND} THEN 1 ELSE 0 END,
    failing_since = CASE WHEN {IS_ROUND} AND failing_since IS NULL THEN %s ELSE failing_since END,
    resume_at = CASE WHEN {IS_ROUND} THEN CASE failures
        {" ".join(f"WHEN {rounds} THEN %s" for rounds in range(len(backoff.PAUSES_SECONDS)))} ELSE %s
    END ELSE resume_at END
WHERE name = %s
"""  # noqa: S608 - all of it stands here
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
    was_failing: bool  # the receiver, when this was claimed


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
    # Of a receiver that does not answer, or says that it is broken, one delivery finds out whether it still is.
    if found.under_way >= (1 if place.is_failing else kind.rate.at_once):  # type: ignore[attr-defined]
        return None
    if (free_at := place.spend(kind.rate, now=now)) is not None:
        Receiver.objects.filter(pk=receiver).update(resume_at=free_at)
        # Redis has handed its id out: this one tells the sweep to go on as soon as more may be sent.
        Delivery.objects.filter(pk=found.pk, state=State.WAITING).update(queued_until=None)
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
    return Held(found, worker, now, was_failing=place.is_failing) if claimed else None


def _locked(receiver: str, now: datetime) -> Receiver:
    """Return the receiver's row, ours alone until the transaction ends; made when it is missing."""
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    found = list(Receiver.objects.raw(PLACE + lock, [receiver]))
    if not found:
        with connection.cursor() as cursor:
            cursor.execute(NEW_PLACE, [receiver, _stored(now)])
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
    transaction.on_commit(partial(ENDS.note, delivery.kind, OUTCOMES[end.state]))
    if error is not None or held.was_failing:
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
    words = str(error) if isinstance(error, DeliveryError) else f"unexpected {type(error).__name__}"
    words = words[:MAX_ERROR_CHARACTERS]
    give_up_at = delivery.give_up_at or now + backoff.GIVE_UP_AFTER
    if isinstance(error, RetryLater) and error.wait_seconds is not None and now < give_up_at:
        # No failure: however often it is asked for, it is the day that ends the delivery, not the number.
        next_at = backoff.asked_for(error.wait_seconds, now=now, attempts=delivery.attempt)
        return _End(State.WAITING, delivery.failures, words, next_at=next_at, give_up_at=give_up_at)
    failures = delivery.failures + 1
    again_at = None if isinstance(error, Refused) else backoff.next_try(failures, now=now, give_up_at=give_up_at)
    if again_at is None:
        return _End(State.DEAD, failures, words, give_up_at=give_up_at, ended_at=now)
    return _End(State.WAITING, failures, words, next_at=again_at, give_up_at=give_up_at)


def _tell_receiver(receiver: str, error: Exception | None, now: datetime) -> None:
    rows = Receiver.objects.filter(pk=receiver)
    if isinstance(error, RetryLater) and error.whole_receiver and error.wait_seconds is not None:
        rows.update(resume_at=backoff.asked_for(error.wait_seconds, now=now))
    elif isinstance(error, Unreachable | Broken):
        _failed(receiver, now, answered=isinstance(error, Broken))
    else:
        # It answers, whatever it says.
        rows.filter(Q(failures__gt=0) | Q(broken_answers__gt=0)).update(
            failures=0, broken_answers=0, failing_since=None, resume_at=None
        )


def _failed(receiver: str, now: datetime, *, answered: bool) -> None:
    """
    Count a failure of the receiver, and leave it alone for a while when it is out of order.

    answered: it said that it is broken, which it must say BROKEN_IN_A_ROW times; silence is enough by itself.
    """
    # Those that were under way together fail together: they are one round, not several; hence one UPDATE.
    broken_before = BROKEN_IN_A_ROW - 1 if answered else 0
    is_round = [broken_before, _stored(now)]
    pauses = [_stored(now + backoff.pause(rounds)) for rounds in range(1, len(backoff.PAUSES_SECONDS) + 1)]
    values = [int(answered), *is_round, *is_round, _stored(now), *is_round, *pauses, pauses[-1], receiver]
    with connection.cursor() as cursor:
        cursor.execute(FAILED, values)


def _stored(moment: datetime | None) -> Any:
    return None if moment is None else connection.ops.adapt_datetimefield_value(moment)


def _key(row_id: UUID) -> Any:
    return row_id if connection.features.has_native_uuid_field else row_id.hex
