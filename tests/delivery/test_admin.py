"""The admin of deliveries: what staff see of each, and dead ones sent again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.access.models import AuditEntry
from jobs.delivery import kinds
from jobs.delivery.kinds import Rate
from jobs.delivery.models import Delivery, Endpoint, Receiver, State
from jobs.delivery.webhook import endpoints
from jobs.runtime import clock
from tests.delivery.test_processes import webhook
from tests.receivers import answers
from tests.runtime.admin_site import PAYLOAD, client_of, person

LIST = "/admin/delivery/delivery/"
ALL = ("delivery.view_delivery", "delivery.send_again")


@pytest.fixture
def dead(owner, receiver, send_due):
    """Make dead deliveries to one receiver, which answers 410."""

    def make(count=1):
        there = receiver(answers(410, b"never again"))
        for number in range(count):
            webhook(owner, there, number)
        send_due()
        there.behaviour = answers(200)
        return there, list(Delivery.objects.order_by("id"))

    return make


def test_the_page_shows_each_attempt_with_what_was_answered(dead, staff):
    _there, [delivery] = dead()

    content = client_of(staff).get(f"{LIST}{delivery.pk}/change/").content.decode()

    assert "1. failed for good" in content
    assert "410" in content
    assert "never again" in content
    assert "Send again" in content


def test_dead_ones_are_sent_again_from_the_page_and_it_is_in_the_book(dead, staff, send_due):
    there, [delivery] = dead()

    client_of(staff).post(f"{LIST}{delivery.pk}/again/")
    send_due()

    delivery.refresh_from_db()
    assert delivery.state == State.SENT
    assert len({request.id for request in there.requests}) == 1
    assert [attempt.status for attempt in delivery.attempts.all()] == [410, 200]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.details) == ("delivery_sent_again", staff, {"count": 1})


def test_all_that_match_the_filter_are_sent_again_at_once(dead, staff, send_due, monkeypatch):
    # Or a quick machine sends more in a second than one receiver gets, and leaves the rest for the next.
    monkeypatch.setitem(kinds._kinds, "webhook", replace(kinds._kinds["webhook"], rate=Rate(count=1000)))
    there, rows = dead(55)  # a page holds 50
    form = {"action": "send_selected_again", "select_across": "1", "_selected_action": [rows[0].pk]}

    client_of(staff).post(f"{LIST}?state=dead", form)
    send_due()

    assert Delivery.objects.filter(state=State.SENT).count() == 55
    assert len(there.requests) == 110
    assert AuditEntry.objects.get().details == {"count": 55}


@pytest.mark.parametrize(
    ("permissions", "flags", "may_look"),
    [
        (ALL, {}, False),
        (("delivery.send_again",), {"is_staff": True}, False),
        (("delivery.view_delivery", "delivery.change_delivery"), {"is_staff": True}, True),
    ],
)
def test_who_may_not_sends_nothing_again(permissions, flags, may_look, dead):
    _there, [delivery] = dead()
    client = client_of(person("low", *permissions, **flags))

    client.post(f"{LIST}{delivery.pk}/again/")
    client.post(LIST, {"action": "send_selected_again", "_selected_action": [delivery.pk]})

    assert (client.get(LIST).status_code == 200) == may_look
    delivery.refresh_from_db()
    assert delivery.state == State.DEAD


def test_a_get_changes_nothing(dead, staff):
    _there, [delivery] = dead()

    assert client_of(staff).get(f"{LIST}{delivery.pk}/again/").status_code == 405
    assert Delivery.objects.get().state == State.DEAD


def test_what_a_receiver_says_is_shown_as_text(dead, staff, owner, receiver, send_due):
    there = receiver(answers(500, PAYLOAD.encode()))
    made = webhook(owner, there)
    send_due()
    Delivery.objects.filter(pk=made.pk).update(error=PAYLOAD[:200])

    for path in (LIST, f"{LIST}{made.pk}/change/", f"{LIST}?q={made.pk}", f"{LIST}?state=waiting&kind=webhook"):
        answer = client_of(staff).get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode()


def test_the_secret_of_an_endpoint_is_shown_nowhere_and_staff_can_switch_it_off(owner, staff, db):
    endpoint, secret = endpoints.create(owner, url="https://example.com/hook")
    client = client_of(staff)

    for path in ("/admin/delivery/endpoint/", f"/admin/delivery/endpoint/{endpoint.pk}/change/"):
        content = client.get(path).content.decode()
        assert "https://example.com/hook" in content
        assert secret not in content
        assert endpoint.sealed not in content
    client.post("/admin/delivery/endpoint/", {"action": "switch_off", "_selected_action": [str(endpoint.pk)]})

    assert Endpoint.objects.get().disabled_because == "staff"


def test_a_silent_receiver_can_be_tried_now(staff, db):
    now = clock.now()
    Receiver.objects.create(
        name="webhook:x", used_at=now, failures=2, failing_since=now, resume_at=now + timedelta(hours=1)
    )
    client = client_of(staff)

    assert "silent" in client.get("/admin/delivery/receiver/").content.decode()
    client.post("/admin/delivery/receiver/", {"action": "try_now", "_selected_action": ["webhook:x"]})

    assert Receiver.objects.get().resume_at is None


def test_the_list_costs_a_few_queries(owner, receiver, staff, django_assert_max_num_queries, transactional_db, valkey):
    there = receiver()
    for number in range(60):
        webhook(owner, there, number)
    client = client_of(staff)

    with django_assert_max_num_queries(10):
        assert client.get(LIST).status_code == 200


def test_what_waits_for_a_resting_receiver_says_when_it_is_tried(owner, receiver, staff, transactional_db, valkey):
    webhook(owner, receiver(answers(200)), 1)
    [delivery] = Delivery.objects.all()
    resume_at = clock.now() + timedelta(minutes=9, seconds=30)
    client = client_of(staff)
    pages = (
        LIST,
        f"{LIST}?q={delivery.pk}",
        f"{LIST}?q={delivery.task_id or delivery.pk}",
        f"{LIST}{delivery.pk}/change/",
    )

    Receiver.objects.update_or_create(pk=delivery.receiver, defaults={"resume_at": resume_at, "used_at": clock.now()})
    resting = [client.get(path).content.decode() for path in pages]
    Receiver.objects.update(resume_at=None)
    tried = [client.get(path).content.decode() for path in pages]

    for page in resting:
        assert f'datetime="{resume_at.isoformat()}"' in page
        assert "the receiver rests" in page
    for page in tried:
        assert f'datetime="{delivery.next_at.isoformat()}"' in page
        assert "the receiver rests" not in page
