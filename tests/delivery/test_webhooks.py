"""A webhook from the end of a task to the receiver that verifies it."""

import json

from django.db import transaction
from standardwebhooks import Webhook

from jobs.delivery.models import Attempt, Delivery, State, Wish
from jobs.delivery.webhook import endpoints, signing
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Source


def invoke_with_callback(owner, url, **inputs):
    with transaction.atomic():
        task = invoke("toy_echo", inputs or {"word": "hello"}, owner=owner, source=Source.API).task
        endpoints.call_back(task, url)
    return task


def test_a_task_that_ends_is_told_to_its_callback_and_verifies(owner, worker, receiver, send_due):
    there = receiver()
    task = invoke_with_callback(owner, there.url)

    worker.work()
    send_due()

    [request] = there.requests
    secret = signing.unseal(endpoints.secret_of(owner.pk).sealed)
    told = Webhook(secret).verify(request.body, dict(request.headers))
    assert told["type"] == "task.succeeded"
    assert told["data"]["task_id"] == str(task.pk)
    assert told["data"]["result"] == {"word": "hello", "model_version": "toy-1"}
    assert told["data"]["artifacts"][0]["name"] == "word.txt"
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempt, delivery.payload) == (State.SENT, 1, {})
    attempt = delivery.attempts.get()
    assert (attempt.outcome, attempt.status, attempt.answer) == (Attempt.Outcome.SENT, 200, "ok")
    assert not Wish.objects.exists()
    assert json.loads(request.body) == told
