"""Endpoints over the API, and `callback_url`."""

import pytest
from standardwebhooks import Webhook

from jobs.access.models import AuditEntry
from jobs.delivery.models import Delivery, Endpoint, State, Wish
from jobs.delivery.webhook import endpoints
from jobs.runtime.models import Task

JSON = "application/json"
URL = "/api/v1/webhooks"
INVOKE = "/api/v1/functions/toy_echo/invoke"


def post(client, path="", body=None, **headers):
    return client.post(URL + path, body or {}, content_type=JSON, headers=headers)


def invoke(client, url, *, key=None, word="hi"):
    body = {"input": {"word": word}, **({} if url is None else {"callback_url": url})}
    return client.post(INVOKE, body, content_type=JSON, headers={"idempotency-key": key} if key else {})


@pytest.fixture
def endpoint(owner, receiver):
    there = receiver()
    made, secret = endpoints.create(owner, url=there.url, every_task=False)
    made.secret, made.there = secret, there
    return made


def test_an_endpoint_is_made_shown_and_deleted_and_its_secret_shown_once(as_owner, owner):
    made = post(as_owner, body={"url": "https://example.com/hook", "name": "mine"})

    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    one = f"{URL}/{made.json()['id']}"
    told = as_owner.get(one).json()
    assert (told["url"], told["name"], told["enabled"]) == ("https://example.com/hook", "mine", True)
    assert "secret" not in told
    assert [each["id"] for each in as_owner.get(URL).json()["endpoints"]] == [told["id"]]
    assert made.json()["secret"] not in Endpoint.objects.get().sealed
    assert as_owner.delete(one).status_code == 204
    assert as_owner.get(one).status_code == 404
    assert list(AuditEntry.objects.values_list("action", flat=True))[:2] == ["endpoint_deleted", "endpoint_made"]


@pytest.mark.parametrize("verb", ["", "/deliveries", "/test", "/rotate", "/enable", "/disable"])
def test_nobody_sees_the_endpoint_of_another(verb, as_stranger, endpoint):
    address = f"{URL}/{endpoint.pk}{verb}"

    reading = verb in ("", "/deliveries")
    answer = as_stranger.get(address) if reading else as_stranger.post(address, {}, content_type=JSON)

    assert answer.status_code == 404


def test_one_may_have_only_so_many(as_owner, owner):
    for number in range(endpoints.MAX_ENDPOINTS):
        endpoints.create(owner, url=f"https://example.com/{number}")

    answer = post(as_owner, body={"url": "https://example.com/more"})

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:koebako:problem:no-more"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nonsense", "no_address"),
        ("ftp://example.com/", "no_address"),
        ("https://me:secret@example.com/", "has_password"),
        ("https://example.com/#here", "has_fragment"),
        ("https://example.com:22/", "bad_port"),
        ("http://127.0.0.1/", "not_public"),
        ("http://0x7f.1/", "not_public"),
        ("http://2130706433/", "not_public"),
        ("https://[::ffff:10.0.0.1]/", "not_public"),
        ("https://169.254.169.254/latest/meta-data", "not_public"),
        ("https://[fe80::1]/", "not_public"),
    ],
)
def test_a_bad_address_is_refused_by_name(url, code, as_owner, owner):
    made, asked = post(as_owner, body={"url": url}), invoke(as_owner, url)

    assert made.status_code == asked.status_code == 422
    assert {e["field"]: e["code"] for e in made.json()["errors"]} == {"url": code}
    assert {e["field"]: e["code"] for e in asked.json()["errors"]} == {"callback_url": code}
    assert not Task.objects.exists()


def test_plain_http_is_refused_in_production_but_for_the_hosts_that_the_operator_named(as_owner, owner, settings):
    settings.PRODUCTION = True
    settings.DELIVERY_ALLOW_HOSTS = ["inside.example:8080"]

    refused = post(as_owner, body={"url": "http://example.com/"})
    taken = post(as_owner, body={"url": "http://inside.example:8080/"})

    assert {e["code"] for e in refused.json()["errors"]} == {"https_needed"}
    assert taken.status_code == 201


def test_the_test_button_sends_what_verifies_and_can_be_followed(as_owner, endpoint, send_due):
    answer = post(as_owner, f"/{endpoint.pk}/test")
    send_due()

    assert answer.status_code == 202
    [request] = endpoint.there.requests
    told = Webhook(endpoint.secret).verify(request.body, dict(request.headers))
    assert told["type"] == "webhook.test"
    [line] = as_owner.get(f"{URL}/{endpoint.pk}/deliveries").json()["deliveries"]
    assert (line["id"], line["state"]) == (answer.json()["id"], "sent")
    assert [line["attempts"][0][name] for name in ("attempt", "status", "answer")] == [1, 200, "ok"]


def test_for_a_day_after_a_rotation_both_secrets_verify(as_owner, endpoint, send_due):
    new = post(as_owner, f"/{endpoint.pk}/rotate").json()["secret"]
    post(as_owner, f"/{endpoint.pk}/test")
    send_due()

    [request] = endpoint.there.requests
    assert new != endpoint.secret
    for secret in (new, endpoint.secret):
        assert Webhook(secret).verify(request.body, dict(request.headers))["type"] == "webhook.test"
    assert len(request.headers["webhook-signature"].split()) == 2


def test_a_switched_off_endpoint_is_not_tried_and_can_be_switched_on(as_owner, endpoint):
    assert post(as_owner, f"/{endpoint.pk}/disable").json()["enabled"] is False
    assert post(as_owner, f"/{endpoint.pk}/test").status_code == 409
    assert post(as_owner, f"/{endpoint.pk}/enable").json()["enabled"] is True
    assert post(as_owner, f"/{endpoint.pk}/test").status_code == 202


def test_a_callback_is_made_with_its_task_and_not_again_under_the_same_key(as_owner, owner, receiver):
    there = receiver()

    first, again = invoke(as_owner, there.url, key="one"), invoke(as_owner, there.url, key="one")
    other, without = invoke(as_owner, there.url + "/other", key="one"), invoke(as_owner, None, key="one")

    assert first.json()["task_id"] == again.json()["task_id"]
    assert Wish.objects.count() == 1
    assert (other.status_code, without.status_code) == (422, 422)


def test_a_callback_to_an_endpoint_is_told_once_and_signed_by_it(as_owner, owner, endpoint, worker, send_due):
    Endpoint.objects.update(every_task=True)
    assert invoke(as_owner, endpoint.url).status_code == 202

    worker.work()
    send_due()

    [request] = endpoint.there.requests
    assert Webhook(endpoint.secret).verify(request.body, dict(request.headers))["type"] == "task.succeeded"
    assert Delivery.objects.get().state == State.SENT
