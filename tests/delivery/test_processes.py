"""Real `rqworker` processes, killed and stopped while they send."""

import signal

from django.db import transaction

from jobs.delivery.models import Attempt, Delivery, State
from jobs.delivery.outbox import deliver
from jobs.delivery.wishes import receiver_of
from tests.flows.house import eventually
from tests.receivers import answers, hangs

LEASE_SECONDS = 3


def webhook(owner, there, number=0):
    """A webhook that needs no task."""
    return deliver(
        "webhook",
        task=None,
        owner=owner,
        target={"url": there.url},
        payload={"type": "webhook.test", "data": {"number": number}},
        key=f"test:{there.port}:{number}",
        receiver=receiver_of(owner.pk, there.url),
    )


def test_a_worker_sends_what_comes_and_stops_when_it_is_asked_to(owner, receiver, start_worker):
    there = receiver()
    process = start_worker()
    with transaction.atomic():
        made = webhook(owner, there)

    [request] = there.wait(1, seconds=60)
    process.send_signal(signal.SIGTERM)

    assert request.id == f"msg_{made.pk.hex}"
    assert process.wait(timeout=60) == 0
    made.refresh_from_db()
    assert made.state == State.SENT


def test_what_a_killed_worker_held_is_sent_again_under_the_same_id(owner, receiver, start_worker, valkey):
    there = receiver(hangs())
    process = start_worker(lease_seconds=LEASE_SECONDS)
    made = webhook(owner, there)
    there.wait(1, seconds=60)
    there.behaviour = answers(200)
    start_worker(lease_seconds=LEASE_SECONDS)
    eventually(lambda: valkey.scard("rq:workers") == 2, what="another worker is there")

    process.kill()
    process.wait()

    first, second = there.wait(2, seconds=60)
    assert first.id == second.id
    eventually(lambda: Delivery.objects.filter(pk=made.pk, state=State.SENT).exists(), what="it is noted as sent")
    outcomes = list(made.attempts.values_list("outcome", flat=True))
    assert outcomes == [Attempt.Outcome.LOST, Attempt.Outcome.SENT]
