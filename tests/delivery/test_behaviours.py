"""What receivers do to a webhook, and what becomes of it."""

import socket
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.delivery import backoff, claim, kinds, outbox, sweep
from jobs.delivery.claim import BROKEN_IN_A_ROW
from jobs.delivery.errors import Broken, Unreachable
from jobs.delivery.models import Attempt, Delivery, Endpoint, Receiver, State
from jobs.delivery.webhook import address, endpoints
from jobs.runtime import clock
from tests.delivery.test_processes import webhook
from tests.receivers import answers, drips, drips_body, floods, hangs, redirects
from tests.runtime.conftest import NOON

DEADLINE_SECONDS = 1
AT_ONCE = kinds.at_once("webhook")


@pytest.fixture
def hasty(settings):
    """Of receivers that hang; a busy machine would not answer in that time."""
    settings.DELIVERY_TIMEOUT_SECONDS = DEADLINE_SECONDS


def only():
    return Delivery.objects.get()


def time_passes():
    """Until all that waits is due, and the sweep may look at it."""
    Delivery.objects.update(next_at=clock.now() - timedelta(seconds=1), queued_until=None)
    Receiver.objects.update(resume_at=None)


def test_an_error_is_tried_again_by_the_back_off_until_the_day_is_over(owner, receiver, send_due):
    there = receiver(answers(500, b"broken"))
    made = webhook(owner, there)

    waited = []
    while True:
        send_due()
        found = only()
        if found.state != State.WAITING:
            break
        ended = found.attempts.last().ended_at
        waited.append((found.next_at - ended).total_seconds())
        time_passes()

    for seconds, least in zip(waited, backoff.DELAYS_SECONDS, strict=True):
        assert least <= seconds <= least * 1.2
    assert found.state == State.DEAD
    assert found.error == "the receiver answered 500"
    assert {(each.status, each.answer) for each in found.attempts.all()} == {(500, "broken")}
    assert {request.id for request in there.requests} == {f"msg_{made.pk.hex}"}


def test_a_receiver_that_is_broken_is_asked_once_in_a_while_and_not_for_each_delivery(owner, receiver, send_due):
    there = receiver(answers(500))
    made = [webhook(owner, there, number) for number in range(20)]

    send_due()

    place = Receiver.objects.get()
    asked = len(there.requests)
    assert asked == BROKEN_IN_A_ROW
    assert there.most_at_once == 1
    assert place.failures == 1
    assert place.resume_at is not None

    # One probe finds it broken still; the next finds it well, and all of them arrive.
    time_passes()
    send_due()
    assert len(there.requests) == asked + 1
    assert Receiver.objects.get().failures == 2
    there.behaviour = answers(200)
    time_passes()
    send_due()
    assert Delivery.objects.filter(state=State.SENT).count() == len(made)
    place = Receiver.objects.get()
    assert (place.failures, place.broken_answers, place.failing_since) == (0, 0, None)


def test_a_message_that_breaks_a_receiver_does_not_hold_up_the_others(owner, receiver, send_due):
    """As many answers of 500 as would do, but never in a row."""
    there = receiver(answers(500))
    for number in range(BROKEN_IN_A_ROW):
        there.behaviour = answers(500)
        webhook(owner, there, 2 * number)
        send_due()
        # Its next attempt, which a slow machine would see due among the others.
        Delivery.objects.filter(state=State.WAITING).update(next_at=clock.now() + timedelta(hours=1))
        there.behaviour = answers(200)
        webhook(owner, there, 2 * number + 1)
        send_due()

    assert Delivery.objects.filter(state=State.SENT).count() == BROKEN_IN_A_ROW
    assert Receiver.objects.get().resume_at is None


def test_the_last_attempt_is_made_when_the_day_is_over():
    now = NOON

    last = backoff.next_try(8, now=now, give_up_at=now + timedelta(hours=1))

    assert last == now + timedelta(hours=1)
    assert backoff.next_try(8, now=last, give_up_at=last) is None
    assert backoff.next_try(9, now=now, give_up_at=now + timedelta(hours=1)) is None


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_by_all_that_is_for_the_receiver(status, owner, receiver, send_due):
    there = receiver(answers(status, retry_after="700"))
    before = clock.now()
    webhook(owner, there, 1)
    send_due()
    webhook(owner, there, 2)
    send_due()

    assert len(there.requests) == 1
    first, second = Delivery.objects.order_by("id")
    assert first.next_at >= before + timedelta(seconds=700)
    assert (second.state, second.attempt) == (State.WAITING, 0)
    assert Receiver.objects.get().resume_at >= before + timedelta(seconds=700)
    assert sweep.due(now=clock.now()) == []

    later = clock.now() + timedelta(seconds=710)
    Delivery.objects.update(queued_until=None)
    assert set(sweep.due(now=later)) == {first.pk, second.pk}


def test_who_asks_to_wait_again_and_again_is_asked_ever_later_until_the_day_is_over(owner, receiver, send_due):
    there = receiver(answers(429, retry_after="1"))
    webhook(owner, there)
    for _round in range(12):
        send_due()
        Delivery.objects.update(next_at=clock.now())
        Receiver.objects.update(resume_at=None)

    found = only()
    assert (found.state, found.failures, found.attempt) == (State.WAITING, 0, 12)
    assert backoff.asked_for(1, now=NOON, attempts=12) >= NOON + timedelta(seconds=12)
    assert backoff.asked_for(1, now=NOON, attempts=5000) <= NOON + timedelta(seconds=61)

    Delivery.objects.update(give_up_at=clock.now(), failures=8)
    send_due()
    assert only().state == State.DEAD


def test_retry_after_may_be_a_date(owner, receiver, send_due):
    there = receiver(answers(503, retry_after="Fri, 31 Dec 2027 23:59:59 GMT"))
    webhook(owner, there)
    send_due()

    assert timedelta(hours=23) < only().next_at - clock.now() <= timedelta(days=1, seconds=2)


def test_410_switches_the_endpoint_off(owner, receiver, send_due):
    there = receiver(answers(410))
    endpoint, _secret = endpoints.create(owner, url=there.url)
    endpoints.test(endpoint)
    endpoints.test(endpoint)
    send_due()

    assert Endpoint.objects.get().disabled_because == "gone"
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.DEAD}


def test_what_waits_for_a_deleted_endpoint_ends(owner, receiver, send_due):
    there = receiver()
    endpoint, _secret = endpoints.create(owner, url=there.url)
    endpoints.test(endpoint)
    endpoints.delete(endpoint, actor=owner)
    send_due()

    assert (only().state, only().error, there.requests) == (State.DEAD, "the endpoint was deleted", [])


@pytest.mark.parametrize(
    "behaviour", [hangs(), drips(), drips(b""), drips_body()], ids=["hangs", "drips_headers", "drips_all", "drips_body"]
)
def test_a_receiver_that_takes_too_long_is_cut_off_and_left_alone(behaviour, owner, receiver, send_due, hasty):
    there = receiver(behaviour)
    for number in range(3):
        webhook(owner, there, number)

    send_due()

    assert Receiver.objects.get().failures == 1
    # It holds one sender, however many were free.
    assert len(there.requests) <= 1
    errors = [row.error for row in Delivery.objects.order_by("id")]
    assert errors == ["the receiver did not answer in time", "", ""]
    # Not much longer than the deadline; by itself it would take a minute or more.
    attempts = Attempt.objects.values_list("started_at", "ended_at")
    assert all(ended - began < timedelta(seconds=DEADLINE_SECONDS + 30) for began, ended in attempts)


def test_a_receiver_that_has_taken_one_gets_others_beside_it(owner, receiver, send_due):
    """Each but the first is answered when so many are there as may be."""

    def waits_for_others(handler, there):
        if len(there.requests) > 1:
            with there.change:
                there.change.wait_for(lambda: there.most_at_once >= AT_ONCE, 10)
        answers(200)(handler, there)

    there = receiver(waits_for_others)
    for number in range(12):
        webhook(owner, there, number)

    send_due()

    assert there.most_at_once == AT_ONCE
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}


def claimed(owner, count):
    """Return claims of so many deliveries to one receiver."""
    for number in range(count):
        nothing = {"task": None, "target": {}, "payload": {}}
        name = outbox.deliver("webhook", owner=owner, key=f"c{number}", receiver="one", **nothing).receiver
    return [claim.claim_next(name, worker="me:0:1:1") for _ in range(count)]


def test_those_that_fail_together_are_one_round(owner, transactional_db, valkey):
    held = claimed(owner, 3)

    for each in held:
        claim.settle(each, Unreachable("no answer"), {}, go_on=False)

    place = Receiver.objects.get()
    assert (place.failures, place.broken_answers) == (1, 0)
    assert place.resume_at - place.failing_since == timedelta(seconds=backoff.PAUSES_SECONDS[0])


def test_rounds_without_an_answer_are_ever_farther_apart(owner, transactional_db, valkey):
    [first] = claimed(owner, 1)
    pauses = []
    for _round in range(6):
        claim._failed(first.delivery.receiver, NOON, answered=False)
        pauses.append((Receiver.objects.get().resume_at - NOON).total_seconds())
        Receiver.objects.update(resume_at=None)

    assert pauses == [5, 30, 120, 600, 600, 600]
    assert Receiver.objects.get().failing_since == NOON


def test_what_a_rate_holds_up_is_found_as_soon_as_it_may_be_sent(owner, transactional_db, valkey, monkeypatch):
    known = kinds.find("webhook")
    monkeypatch.setitem(kinds._kinds, "webhook", kinds.Kind("webhook", known.send, kinds.Rate(1, 60.0, at_once=4)))

    first, second = claimed(owner, 2)

    assert (first is None, second is None) == (False, True)
    place = Receiver.objects.get()
    assert sweep.due(now=place.resume_at - timedelta(seconds=1)) == []
    assert len(sweep.due(now=place.resume_at)) == 1


def test_a_body_without_end_is_not_read(owner, receiver, send_due):
    there = receiver(floods())
    webhook(owner, there)
    send_due()

    assert only().state == State.SENT
    # What fits into the buffers of both sides, at most.
    assert there.sent_bytes < 20_000_000


def test_a_redirect_is_not_followed(owner, receiver, send_due):
    inside = receiver(allowed=False)
    there = receiver(redirects(inside.url))
    webhook(owner, there)
    send_due()

    assert inside.requests == []
    assert (only().state, only().error) == (State.WAITING, "the receiver answered 307")


def test_a_name_that_leads_to_a_private_address_is_refused_when_it_is_looked_up(owner, receiver, send_due):
    inside = receiver(allowed=False)
    inside.url = f"http://localhost:{inside.port}/hook"
    webhook(owner, inside)
    send_due()

    assert inside.requests == []
    assert (only().state, only().error) == (State.DEAD, "the address is refused: it leads to a private address")


def test_a_name_that_answers_differently_the_second_time_gains_nothing(owner, receiver, send_due, monkeypatch):
    inside = receiver(allowed=False)
    inside.url = f"http://rebinds.example:{inside.port}/hook"
    asked = []

    def first_public_then_private(host, port, **_options):
        asked.append(host)
        found = "192.0.2.1" if len(asked) > 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    assert address.normal(inside.url) == inside.url
    monkeypatch.setattr(socket, "getaddrinfo", first_public_then_private)
    webhook(owner, inside)
    send_due()

    # Judged and connected to is one and the same answer.
    assert asked == ["rebinds.example"]
    assert (inside.requests, only().state) == ([], State.DEAD)


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    def both(host, port, **_options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in ("93.184.215.14", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)

    with pytest.raises(address.BadAddress):
        address.look_up(address.place("https://example.com/"))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "169.254.169.254", "172.16.0.1",
        "192.168.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "64:ff9b:1:7f00:0:100:808:808",
        "2002:7f00:1::", "2001:db8::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
def test_no_address_inside_is_public(text):
    with pytest.raises(address.BadAddress):
        address.judge([text])


@pytest.mark.parametrize("text", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_addresses_outside_are_public(text):
    address.judge([text])


def test_proxies_of_the_environment_are_not_asked(owner, receiver, send_due, monkeypatch):
    proxy, there = receiver(), receiver()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    webhook(owner, there)
    send_due()

    assert (len(proxy.requests), len(there.requests)) == (0, 1)


def test_a_receiver_gets_so_many_at_once_and_so_many_in_a_second(owner, receiver, send_due, monkeypatch):
    known = kinds.find("webhook")
    slow = kinds.Kind("webhook", known.send, kinds.Rate(count=5, per_seconds=60, at_once=2))
    monkeypatch.setitem(kinds._kinds, "webhook", slow)
    there = receiver()
    for number in range(12):
        webhook(owner, there, number)
    send_due()

    assert len(there.requests) == 5
    assert there.most_at_once <= 2
    assert Receiver.objects.get().resume_at > clock.now()


def test_a_receiver_that_answers_again_gets_all_that_waited(owner, receiver, send_due, hasty, settings):
    there = receiver(hangs())
    webhook(owner, there, 1)
    send_due()
    for number in range(2, 6):
        webhook(owner, there, number)
    there.behaviour, settings.DELIVERY_TIMEOUT_SECONDS = answers(200), 15
    # The five seconds of its pause, which a slow machine would see over.
    assert Receiver.objects.filter(resume_at__isnull=False).update(resume_at=clock.now() + timedelta(hours=1)) == 1
    send_due()
    assert len(there.requests) == 1, "it is left alone"

    Receiver.objects.update(resume_at=clock.now())
    Delivery.objects.update(next_at=clock.now(), queued_until=None)
    send_due()

    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    assert Receiver.objects.get().failures == 0


def test_what_waited_for_a_day_for_a_silent_receiver_is_given_up(owner, receiver, send_due, hasty):
    there = receiver(hangs())
    webhook(owner, there, 1)
    send_due()
    long_ago = clock.now() - timedelta(days=2)
    Receiver.objects.update(failing_since=long_ago)
    Delivery.objects.update(created_at=long_ago, next_at=long_ago)

    assert sweep.give_up(now=clock.now()) == 1
    assert only().error == "the receiver did not answer for a day"


def test_what_is_sent_again_is_sent_although_its_receiver_was_silent_for_long(owner, receiver, send_due):
    there = receiver()
    webhook(owner, there)
    long_ago = clock.now() - timedelta(days=2)
    Delivery.objects.update(state=State.DEAD, created_at=long_ago, ended_at=long_ago)
    silent = {"failures": 9, "failing_since": long_ago, "resume_at": clock.now() + timedelta(minutes=9)}
    Receiver.objects.update_or_create(name=only().receiver, defaults={"used_at": long_ago, **silent})

    outbox.send_again(Delivery.objects.all())
    assert sweep.give_up(now=clock.now()) == 0
    send_due()

    assert only().state == State.SENT


def test_an_endpoint_of_somebody_else_is_never_sent_to(owner, stranger, receiver, send_due):
    there = receiver()
    theirs, _secret = endpoints.create(stranger, url=there.url)
    made = endpoints.test(theirs)
    Delivery.objects.filter(pk=made.pk).update(owner=owner)

    send_due()

    assert (only().state, there.requests) == (State.DEAD, [])


@pytest.mark.parametrize("entry", ["[::1]:9000", "::1:9000"])
def test_an_ipv6_address_may_be_allowed_with_and_without_brackets(settings, entry):
    settings.DELIVERY_ALLOW_HOSTS = [entry]

    assert address.place("http://[::1]:9000/hook").named
    assert not address.place("http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:9000/hook").named


@pytest.mark.parametrize("error", [Unreachable("no answer"), Broken("500")], ids=["silent", "broken"])
def test_a_failure_costs_one_statement_more_than_a_success(error, owner, transactional_db, valkey):
    well, ill = claimed(owner, 2)

    with CaptureQueriesContext(connection) as good:
        claim.settle(well, None, {}, go_on=True)
    with CaptureQueriesContext(connection) as bad:
        claim.settle(ill, error, {}, go_on=True)

    assert len(bad) <= len(good) + 1
