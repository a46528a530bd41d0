"""What receivers do to a webhook, and what becomes of it."""

import socket
import time
from datetime import timedelta

import pytest
from django.db.models import F

from jobs.delivery import backoff, kinds, sweep
from jobs.delivery.models import Attempt, Delivery, Endpoint, Receiver, State
from jobs.delivery.webhook import address, endpoints
from jobs.runtime import clock
from tests.delivery.test_processes import webhook
from tests.receivers import answers, drips, drips_body, floods, hangs, redirects
from tests.runtime.conftest import NOON

DEADLINE_SECONDS = 1


@pytest.fixture(autouse=True)
def _short(settings):
    settings.DELIVERY_TIMEOUT_SECONDS = DEADLINE_SECONDS


def only():
    return Delivery.objects.get()


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
        # The time passes.
        Delivery.objects.update(next_at=clock.now() - timedelta(seconds=1))

    for seconds, least in zip(waited, backoff.DELAYS_SECONDS, strict=True):
        assert least <= seconds <= least * 1.2
    assert found.state == State.DEAD
    assert found.error == "the receiver answered 500"
    assert {(each.status, each.answer) for each in found.attempts.all()} == {(500, "broken")}
    assert {request.id for request in there.requests} == {f"msg_{made.pk.hex}"}


def test_the_last_attempt_is_made_when_the_day_is_over():
    now = NOON

    last = backoff.next_try(8, now=now, give_up_at=now + timedelta(hours=1))

    assert last == now + timedelta(hours=1)
    assert backoff.next_try(8, now=last, give_up_at=last) is None
    assert backoff.next_try(9, now=now, give_up_at=now + timedelta(hours=1)) is None


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_by_all_that_is_for_the_receiver(status, owner, receiver, send_due):
    there = receiver(answers(status, retry_after="7"))
    before = clock.now()
    webhook(owner, there, 1)
    send_due()
    webhook(owner, there, 2)
    send_due()

    assert len(there.requests) == 1
    first, second = Delivery.objects.order_by("id")
    assert first.next_at >= before + timedelta(seconds=7)
    assert (second.state, second.attempt) == (State.WAITING, 0)
    assert Receiver.objects.get().resume_at >= before + timedelta(seconds=7)
    assert sweep.due(now=clock.now()) == []

    later = clock.now() + timedelta(seconds=10)
    Delivery.objects.update(queued_until=None)
    assert set(sweep.due(now=later)) == {first.pk, second.pk}


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
def test_a_receiver_that_takes_too_long_is_cut_off_and_left_alone(behaviour, owner, receiver, send_due):
    there = receiver(behaviour)
    for number in range(3):
        webhook(owner, there, number)

    began = time.monotonic()
    send_due()

    # All at once, and none of them longer than the deadline.
    assert time.monotonic() - began < 4 * DEADLINE_SECONDS
    place = Receiver.objects.get()
    assert place.failures == 1, "those that were under way together are one round"
    assert set(Delivery.objects.values_list("error", flat=True)) == {"the receiver did not answer in time"}
    took = Attempt.objects.annotate(took=F("ended_at") - F("started_at")).values_list("took", flat=True)
    assert all(each < timedelta(seconds=DEADLINE_SECONDS + 1) for each in took)


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
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:db8::1",
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


def test_a_receiver_that_answers_again_gets_all_that_waited(owner, receiver, send_due):
    there = receiver(hangs())
    webhook(owner, there, 1)
    send_due()
    for number in range(2, 6):
        webhook(owner, there, number)
    there.behaviour = answers(200)
    send_due()
    assert len(there.requests) == 1, "it is left alone"

    Receiver.objects.update(resume_at=clock.now())
    Delivery.objects.update(next_at=clock.now(), queued_until=None)
    send_due()

    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    assert Receiver.objects.get().failures == 0


def test_what_waited_for_a_day_for_a_silent_receiver_is_given_up(owner, receiver, send_due):
    there = receiver(hangs())
    webhook(owner, there, 1)
    send_due()
    long_ago = clock.now() - timedelta(days=2)
    Receiver.objects.update(failing_since=long_ago)
    Delivery.objects.update(created_at=long_ago, next_at=long_ago)

    assert sweep.give_up(now=clock.now()) == 1
    assert only().error == "the receiver did not answer for a day"
