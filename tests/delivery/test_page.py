"""The account's page of webhooks."""

import re

import pytest
from standardwebhooks import Webhook

from jobs.delivery.models import Delivery, Endpoint
from jobs.delivery.webhook import endpoints, signing
from jobs.live import webhooks
from tests.runtime.admin_site import PAYLOAD, client_of

PAGE = "/account/webhooks/"


def secret_in(answer):
    return re.search(r"whsec_[A-Za-z0-9+/=]+", answer.content.decode()).group()


@pytest.fixture
def browser(owner, transactional_db, valkey):
    return client_of(owner)


def test_an_address_is_added_tried_and_deleted(browser, receiver, send_due):
    there = receiver()

    made = browser.post(PAGE, {"url": there.url, "name": "mine", "every_task": "on"})
    endpoint = Endpoint.objects.get()
    browser.post(f"{PAGE}{endpoint.pk}/test")
    send_due()

    [request] = there.requests
    assert Webhook(secret_in(made)).verify(request.body, dict(request.headers))["type"] == "webhook.test"
    page = browser.get(PAGE).content.decode()
    assert "sent · 200" in page
    assert "whsec_" not in page
    browser.post(f"{PAGE}{endpoint.pk}/delete")
    assert not Endpoint.objects.exists()


def test_a_new_secret_is_shown_once_and_switching_off_stops_the_tests(browser, owner):
    endpoint, old = endpoints.create(owner, url="https://example.com/hook")

    new = secret_in(browser.post(f"{PAGE}{endpoint.pk}/rotate"))
    browser.post(f"{PAGE}{endpoint.pk}/disable")
    browser.post(f"{PAGE}{endpoint.pk}/test")

    assert new != old
    assert not Delivery.objects.exists()
    assert "Switch on" in browser.get(PAGE).content.decode()


def panels(page):
    """Return the address that each question's button posts to, and what the question says."""
    return {
        re.search(r'action="([^"]+)"', panel)[1]: re.sub(r"<[^>]+>|\s+", " ", panel)
        for panel in re.findall(r'<details class="sure"[^>]*>(.*?)</details>', page, re.DOTALL)
    }


def test_a_deletion_and_a_new_secret_are_asked_for_twice(browser, owner):
    endpoint, _secret = endpoints.create(owner, url="https://example.com/hook", name="clock")
    other, _secret = endpoints.create(owner, url="https://example.com/other")
    endpoints.test(endpoint)
    endpoints.test(other)
    endpoints.test(other)

    page = browser.get(PAGE).content.decode()

    asked = panels(page)
    assert set(asked) == {
        f"{PAGE}callback-secret",
        *(f"{PAGE}{each.pk}/{verb}" for each in (endpoint, other) for verb in ("rotate", "delete")),
    }
    # Only behind the first click is the button that does it.
    outside = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    assert not re.search(r'/(rotate|delete)"|name="replace"', outside)
    assert "will not arrive: 1." in asked[f"{PAGE}{endpoint.pk}/delete"]
    assert "will not arrive: 2." in asked[f"{PAGE}{other.pk}/delete"]
    assert "For a day the old secret signs" in asked[f"{PAGE}{endpoint.pk}/rotate"]


def test_a_second_new_secret_within_a_day_says_that_it_ends_the_one_before(browser, owner):
    endpoint, _secret = endpoints.create(owner, url="https://example.com/hook")
    addresses = {f"{PAGE}{endpoint.pk}/rotate", f"{PAGE}callback-secret"}
    ends = "ends at once"
    assert not any(ends in panels(browser.get(PAGE).content.decode())[address] for address in addresses)

    browser.post(f"{PAGE}{endpoint.pk}/rotate")
    browser.post(f"{PAGE}callback-secret", {"replace": "1"})

    assert all(ends in panels(browser.get(PAGE).content.decode())[address] for address in addresses)


def test_a_flood_that_waits_is_not_counted_to_its_end(browser, owner, monkeypatch):
    monkeypatch.setattr(webhooks, "MAX_COUNTED", 2)
    endpoint, _secret = endpoints.create(owner, url="https://example.com/hook")
    for _ in range(4):
        endpoints.test(endpoint)

    assert "will not arrive: 2+." in panels(browser.get(PAGE).content.decode())[f"{PAGE}{endpoint.pk}/delete"]


def test_the_secret_of_callbacks_is_shown_when_asked_for_and_can_be_replaced(browser, owner):
    shown = secret_in(browser.post(f"{PAGE}callback-secret"))
    assert shown == signing.unseal(endpoints.secret_of(owner.pk).sealed)

    replaced = secret_in(browser.post(f"{PAGE}callback-secret", {"replace": "1"}))

    assert replaced != shown
    assert endpoints.signing_secrets(None, owner_id=owner.pk) == [replaced, shown]


def test_a_bad_address_is_told_and_kept_in_the_form(browser):
    answer = browser.post(PAGE, {"url": "https://10.0.0.1/x", "name": PAYLOAD[:80]})

    assert answer.status_code == 422
    content = answer.content.decode()
    assert "Webhooks are not sent to private addresses." in content
    assert 'value="https://10.0.0.1/x"' in content
    assert "<script>alert" not in content


def test_the_endpoints_of_others_are_not_there(browser, stranger):
    endpoint, _secret = endpoints.create(stranger, url="https://example.com/theirs")

    assert "theirs" not in browser.get(PAGE).content.decode()
    for verb in ("test", "rotate", "disable", "enable", "delete"):
        assert browser.post(f"{PAGE}{endpoint.pk}/{verb}").status_code == 404
    assert client_of(None).get(PAGE)["Location"] == f"/login/?next={PAGE}"
    assert browser.get(f"{PAGE}{endpoint.pk}/delete").status_code == 405
