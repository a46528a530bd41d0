"""What the rows know and nobody works on."""

from datetime import timedelta

import pytest
from django.db import connection

from jobs.delivery import sweep
from jobs.delivery.models import Delivery, Receiver, State
from tests.runtime.conftest import NOON

pytestmark = pytest.mark.django_db


def waiting(owner, receiver, count, **changed):
    """Store deliveries that Redis does not know and that are due one after the other; return their ids."""
    rows = [
        Delivery(
            **{
                "kind": "webhook",
                "owner": owner,
                "key": f"{receiver}:{number}",
                "target": {},
                "payload": {},
                "receiver": receiver,
                "next_at": NOON - timedelta(seconds=count - number),
                "created_at": NOON,
                **changed,
            }
        )
        for number in range(count)
    ]
    return [row.pk for row in Delivery.objects.bulk_create(rows)]


def test_of_each_receiver_two_are_found_and_of_one_that_is_left_alone_none(owner):
    first, second, _third = waiting(owner, "b", 3)
    waiting(owner, "left alone", 3)
    Receiver.objects.create(name="left alone", resume_at=NOON + timedelta(seconds=1), used_at=NOON)
    # Left alone no more; and one that nobody has written to yet, above, has no row.
    [only] = waiting(owner, "a", 1)
    Receiver.objects.create(name="a", resume_at=NOON, used_at=NOON)

    assert sweep.due(now=NOON) == [first, second, only]


def test_what_redis_is_believed_to_know_is_found_after_a_while(owner):
    one, other, third = waiting(owner, "a", 3)

    assert sweep.due(now=NOON) == [one, other]
    assert sweep.due(now=NOON) == [third]
    assert sweep.due(now=NOON) == []
    assert sweep.due(now=NOON + timedelta(seconds=sweep.QUEUED_SECONDS)) == [one, other]


def test_what_does_not_wait_or_is_not_due_is_not_found(owner):
    waiting(owner, "later", 1, next_at=NOON + timedelta(seconds=1))
    waiting(owner, "known to redis", 1, queued_until=NOON + timedelta(seconds=1))
    waiting(owner, "sent", 1, state=State.SENT, ended_at=NOON)
    waiting(owner, "under way", 1, state=State.SENDING, leased_until=NOON + timedelta(seconds=1))
    assert sweep.due(now=NOON) == []

    [found] = waiting(owner, "due", 1)
    assert sweep.due(now=NOON) == [found]


def test_the_oldest_come_first_and_so_many_at_once(owner, monkeypatch):
    monkeypatch.setattr(sweep, "BATCH", 4)
    ids = [waiting(owner, f"receiver {number}", 1)[0] for number in (5, 1, 4, 2, 3)]

    assert sweep.due(now=NOON) == ids[:2]
    assert sweep.due(now=NOON) == ids[2:4]
    assert sweep.due(now=NOON) == ids[4:]


def test_what_is_due_is_found_by_the_index_whatever_waits_for_those_that_are_left_alone(owner):
    waiting(owner, "left alone", 50)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # So few rows it would rather read one by one.
            cursor.execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        moment = connection.ops.adapt_datetimefield_value(NOON)
        cursor.execute(f"{explain} {sweep.question()}", {"now": moment})
        plan = [str(row[-1]) for row in cursor.fetchall()]

    reads = [line for line in plan if "delivery_delivery" in line]
    assert reads
    assert all("delivery_of_receiver" in line for line in reads)
