"""Asking for the same once more, under the same key: one task, one answer."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connection

from jobs.access import tokens
from jobs.runtime.models import Task
from tests.api.conftest import bearer
from tests.api.test_functions import fields, invoke


@pytest.mark.parametrize("where", ["header", "body", "both"])
def test_the_same_key_and_body_give_the_same_answer(as_owner, valkey, where):
    body = {"input": {"word": "hi"}} | ({} if where == "header" else {"idempotency_key": "one"})
    headers = {} if where == "body" else {"idempotency_key": "one"}
    first = invoke(as_owner, body, **headers)

    again = invoke(as_owner, body, **headers)

    assert again.status_code == 202
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert again["Idempotency-Replayed"] == "true"
    assert not first.has_header("Idempotency-Replayed")
    assert Task.objects.count() == 1


def test_header_and_body_are_one_and_the_same_key(as_owner, valkey):
    first = invoke(as_owner, idempotency_key="one")

    again = invoke(as_owner, {"input": {"word": "hi"}, "idempotency_key": "one"})

    assert again.json()["task_id"] == first.json()["task_id"]


def test_two_different_keys_in_one_request_are_refused(as_owner, valkey):
    answer = invoke(as_owner, {"input": {}, "idempotency_key": "one"}, idempotency_key="two")

    assert answer.status_code == 422
    assert fields(answer) == {"idempotency_key": "two_keys"}


@pytest.mark.parametrize(
    "other",
    [
        {"input": {"word": "ho"}},
        {"input": {"word": "hi"}, "priority": 2},
        {"input": {"word": "hi"}, "not_before": "2001-01-01T00:00:00Z"},
    ],
)
def test_the_same_key_for_another_body_is_refused(as_owner, valkey, other):
    invoke(as_owner, idempotency_key="one")

    answer = invoke(as_owner, other, idempotency_key="one")

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:koebako:problem:key-reused"
    assert Task.objects.count() == 1


def test_a_key_is_ones_own(as_owner, as_stranger, valkey):
    ids = {invoke(client, idempotency_key="one").json()["task_id"] for client in (as_owner, as_stranger)}

    assert len(ids) == 2


@pytest.mark.parametrize("key", ["", " " * 256, "k" * 256, "é"])
def test_a_key_that_cannot_be_one_is_named(as_owner, valkey, key):
    answer = invoke(as_owner, idempotency_key=key)

    assert answer.status_code == 422
    assert "Idempotency-Key" in fields(answer)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_with_one_key_make_one_task(owner, valkey):
    secret = tokens.issue(owner, name="n")[1]
    together = Barrier(20)

    def send(_number):
        client = bearer(secret)
        together.wait(timeout=30)
        try:
            return invoke(client, idempotency_key="one")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))

    assert Task.objects.count() == 1
    assert {answer.status_code for answer in answers} == {202}
    assert sum(not answer.has_header("Idempotency-Replayed") for answer in answers) == 1
    # The place in the queue is of the moment; a replay may come before the id was sent.
    said = [answer.json() | {"queue_position": 0} for answer in answers]
    assert all(one == said[0] for one in said)
    assert UUID(said[0]["task_id"]) == Task.objects.get().pk
