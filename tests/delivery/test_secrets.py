"""S10: addresses, answers, signing secrets and what webhooks say: in no log, whatever receivers do."""

import logging
import secrets

import pytest

from jobs.delivery.models import Attempt, Delivery, Endpoint, Receiver
from jobs.delivery.webhook import endpoints
from jobs.delivery.webhook import sender as webhooks
from jobs.runtime import clock
from jobs.runtime.models import Task
from tests.receivers import answers, hangs, redirects
from tests.security_inputs.test_secrets import lines

__all__ = ["lines"]

PLACES = ("path", "name", "word", "answer", "elsewhere", "error", "host")


@pytest.fixture
def said():
    return {name: f"{name}{secrets.token_hex(6)}" for name in PLACES}


def test_nothing_of_a_webhook_is_logged(
    lines, said, owner, as_owner, receiver, send_due, worker, monkeypatch, settings, capfd
):
    logging.getLogger().setLevel(logging.INFO)
    settings.DELIVERY_TIMEOUT_SECONDS = 1
    behaviours = {
        "well": answers(200, said["answer"].encode()),
        "broken": answers(500, said["answer"].encode()),
        "gone": answers(410, said["answer"].encode()),
        "moved": redirects(f"https://example.com/{said['elsewhere']}"),
        "silent": hangs(),
        "private": answers(200),
    }
    there = {name: receiver(behaviour, allowed=name != "private") for name, behaviour in behaviours.items()}
    signing = []
    # By a name, which is judged when it is sent to.
    there["private"].url = there["private"].url.replace("127.0.0.1", "localhost")
    for place in there.values():
        _endpoint, secret = endpoints.create(owner, url=f"{place.url}/{said['path']}", name=said["name"])
        signing.append(secret.removeprefix("whsec_"))
    unknown = f"https://{said['host']}.invalid/{said['path']}"
    for url in (f"{there['well'].url}/{said['path']}", unknown):
        body = {"input": {"word": said["word"]}, "callback_url": url}
        assert (
            as_owner.post("/api/v1/functions/toy_echo/invoke", body, content_type="application/json").status_code == 202
        )
    worker.work()

    def send_again(times: int) -> None:
        for _ in range(times):
            send_due()
            Delivery.objects.filter(state="waiting").update(next_at=clock.now(), queued_until=None)
            Receiver.objects.update(resume_at=None)

    send_again(2)
    with monkeypatch.context() as broken:
        broken.setattr(webhooks, "body_of", _breaks_with(said["error"]))
        send_again(1)
    # Dead for good, which an operator is told of.
    Delivery.objects.filter(state="waiting").update(failures=8)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = secrets.token_hex(30), []
    send_again(1)

    logged = lines.getvalue() + "".join(capfd.readouterr())
    hidden = {**said, **{f"secret {number}": secret for number, secret in enumerate(signing)}}
    assert [place for place, words in hidden.items() if words in logged] == []
    for event in ("a sender failed in a way it does not know", "a delivery will not arrive"):
        assert event in logged
    assert Task.objects.count() == 2
    assert Endpoint.objects.get(disabled_because="gone")
    assert {200, 410, 500, 307, None} <= set(Attempt.objects.values_list("status", flat=True))


def _breaks_with(words):
    def fail(*_given):
        raise RuntimeError(f"cannot bear {words}")

    return fail
