"""The senders' threads, and the one beside them that keeps their leases."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from jobs.delivery import crew as crews
from jobs.delivery import kinds, lanes, queue, rq_worker, sweep
from jobs.delivery.crew import Crew
from jobs.delivery.models import Delivery, State
from jobs.delivery.outbox import deliver
from jobs.delivery.rq_worker import Beat
from jobs.runtime import clock
from tests.flows.house import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def slow(monkeypatch):
    """A kind whose sender is under way until the test says otherwise."""
    go_on, begun = threading.Event(), threading.Event()

    def send(_delivery):
        begun.set()
        go_on.wait(60)

    monkeypatch.setitem(kinds._kinds, "slow", kinds.Kind("slow", send, kinds.Rate(at_once=1)))
    yield begun, go_on
    go_on.set()


def ask(owner, receiver):
    nothing = {"task": None, "target": {}, "payload": {}}
    return deliver("slow", owner=owner, key=uuid4().hex, receiver=receiver, **nothing)


def test_receivers_that_hang_leave_a_lane_to_those_that_answer(owner, monkeypatch):
    go_on, seen = threading.Event(), []

    def send(delivery):
        seen.append(delivery.receiver)
        if "hangs" in delivery.receiver:
            go_on.wait(60)

    monkeypatch.setitem(kinds._kinds, "slow", kinds.Kind("slow", send, kinds.Rate(at_once=4)))
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 0.05)
    # On a machine that stands still for five seconds they would be due again before they are looked for.
    monkeypatch.setattr(crews, "PUT_OFF_SECONDS", 3600)
    crew = Crew(worker="me:0:1:1", max_lanes=4)
    crew.take(ask(owner, "well").pk)
    assert crew.wait_until_idle(within_seconds=60)
    hanging = [ask(owner, f"hangs {number}") for number in range(5)]

    crew.take(*(each.pk for each in hanging))
    crew.take(ask(owner, "unknown").pk)
    crew.take(ask(owner, "well").pk)

    eventually(lambda: seen.count("slow:well") == 2, what="who is known to answer is sent to")
    go_on.set()
    assert crew.wait_until_idle(within_seconds=60)
    assert sorted(seen) == ["slow:hangs 0", "slow:hangs 1", "slow:hangs 2", "slow:well", "slow:well"]
    # The others are found again by the sweep, soon but not at once.
    now = clock.now()
    assert sweep.due(now=now) == []
    assert len(sweep.due(now=now + timedelta(seconds=crews.PUT_OFF_SECONDS))) == 3
    crew.stop(within_seconds=60)


def test_receivers_that_all_begin_to_hang_at_once_do_not_hold_up_one_that_answers(owner, monkeypatch):
    go_on, are_to_hang, seen, done = threading.Event(), threading.Event(), [], []

    def send(delivery):
        seen.append(delivery.receiver)
        if "hangs" in delivery.receiver and are_to_hang.is_set():
            go_on.wait(60)
        done.append(delivery.receiver)

    monkeypatch.setitem(kinds._kinds, "slow", kinds.Kind("slow", send, kinds.Rate(at_once=4)))
    crew = Crew(worker="me:0:1:1", max_lanes=4)
    names = [f"hangs {number}" for number in range(5)]
    for name in (*names, "well"):
        crew.take(ask(owner, name).pk)
        assert crew.wait_until_idle(within_seconds=30)
    assert len(done) == 6
    are_to_hang.set()
    done.clear()
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 0.05)

    # More than there are lanes; each is known to answer.
    crew.take(*(ask(owner, name).pk for name in names))
    crew.take(ask(owner, "well").pk)

    eventually(lambda: done == ["slow:well"], what="who answers is sent to", seconds=30)
    # Beside all of them: each was asked, and none has answered.
    eventually(lambda: len(seen) == 12, what="all were asked", seconds=30)
    assert done == ["slow:well"]
    assert sorted(seen[6:]) == sorted([*(f"slow:{name}" for name in names), "slow:well"])
    go_on.set()
    assert crew.wait_until_idle(within_seconds=30)
    assert not Delivery.objects.exclude(state=State.SENT).exists()
    crew.stop(within_seconds=10)


def test_without_redis_the_beat_goes_on_while_every_lane_is_taken(owner, slow, monkeypatch):
    begun, go_on = slow
    monkeypatch.setattr(queue, "deliveries", _away)
    crew = Crew(worker="me:0:1:1", max_lanes=1)
    beat = Beat(crew)
    first = ask(owner, "one")
    crew.take(first.pk)
    assert begun.wait(60)
    second = ask(owner, "two")
    Delivery.objects.filter(pk=second.pk).update(queued_until=None)
    leased_until = Delivery.objects.get(pk=first.pk).leased_until

    beat.beat()
    beat._next_at.clear()
    beat.beat()

    assert Delivery.objects.get(pk=first.pk).leased_until > leased_until
    assert Delivery.objects.get(pk=second.pk).state == State.WAITING
    go_on.set()
    assert crew.wait_until_idle(within_seconds=60)
    crew.take(second.pk)
    assert crew.wait_until_idle(within_seconds=60)
    assert Delivery.objects.get(pk=second.pk).state == State.SENT
    crew.stop(within_seconds=60)


def _away(*_given):
    raise rq_worker.queue.QueueUnreachable


def test_a_sweep_that_fails_unexpectedly_does_not_end_the_beat(monkeypatch, caplog):
    def fail(**_given):
        raise RuntimeError("words of a person")

    monkeypatch.setattr(sweep, "take_back", fail)
    crew = Crew(worker="me:0:1:1", max_lanes=1)

    Beat(crew).beat()

    assert "the sweep failed" in caplog.text
    assert "words of a person" not in caplog.text
