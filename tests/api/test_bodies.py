"""Bodies that are too large, of another kind, or no JSON: a clear answer each, never a 500."""

import asyncio
import json

import pytest
import requests
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from jobs.access import tokens
from jobs.api.body import StrictJson
from jobs.api.problem import Problem
from jobs.runtime.models import Task
from tests.api.conftest import asgi_line

JSON = "application/json"
URL = "/api/v1/functions/toy_echo/invoke"


def send(client, body, kind=JSON):
    return client.generic("POST", URL, body, content_type=kind)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "{'input': {}}",
        '{"input": {}} x',
        '{"input": {"seconds": NaN}}',
        '{"input": {"seconds": Infinity}}',
        b"\xff\xfe",
        b'{"input": {"word": "\xe3\x81"}}',
        "[" * 100_000,
        '{"input": {"times": ' + "9" * 5000 + "}}",
        "\x00",
    ],
)
def test_what_is_no_json_is_a_400(as_owner, valkey, body):
    answer = send(as_owner, body)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (r'{"input": {"word": "a\u0000b"}}', "input.word"),
        (r'{"input": {"word": "\ud800"}}', "input.word"),
        (r'{"input": {"\udfff": 1}}', "input"),
        (r'{"input": {}, "x": ["ok", "\u0000"]}', "x.1"),
    ],
)
def test_text_that_no_database_holds_is_named(as_owner, valkey, body, field):
    answer = send(as_owner, body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0] == answer.json()["errors"][0] | {"field": field, "code": "unstorable_text"}


def test_a_surrogate_pair_is_a_character_like_any(as_owner, valkey):
    answer = send(as_owner, r'{"input": {"word": "\ud83c\udfa7"}}')

    assert answer.status_code == 202
    assert Task.objects.get().inputs["word"] == "🎧"


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=",
        "application/x-www-form-urlencoded",
        "text/plain",
        "audio/wav",
        "application/problem+json",
        "x" * 1000,
    ],
)
def test_what_is_not_sent_as_json_is_a_415_that_names_it(as_owner, valkey, kind):
    answer = send(as_owner, b'--x\r\nContent-Disposition: form-data; name="input"\r\n\r\n{}\r\n--x--\r\n', kind)

    assert answer.status_code == 415
    assert kind.partition(";")[0][:80] in answer.json()["detail"]
    assert not Task.objects.exists()


def test_json_with_a_charset_is_json(as_owner, valkey):
    assert send(as_owner, '{"input": {}}', "application/json; charset=utf-8").status_code == 202


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET", "OPTIONS"])
def test_a_method_that_is_not_known_is_a_405_that_says_which_are(as_owner, method):
    answer = as_owner.generic(method, URL, "", content_type=JSON)

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["", "nothing", "tasks/", "functions/speech/", "functions/a/b/c", "admin/nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_that_is_not_there_is_a_problem_too(as_owner, method, path):
    answer = as_owner.generic(method, f"/api/v1/{path}", "", content_type=JSON)

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:koebako:problem:not-found"


def test_a_body_over_the_limit_is_a_413(as_owner, valkey, settings):
    answer = send(as_owner, json.dumps({"input": {"word": "x" * settings.MAX_BODY_BYTES}}))

    assert answer.status_code == 413
    assert str(settings.MAX_BODY_BYTES) in answer.json()["detail"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("declared", [{}, {"content_length": "10"}])
def test_a_chunked_body_over_the_limit_is_a_413_whatever_length_it_declared(owner, valkey, settings, declared):
    settings.MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000
    secret = tokens.issue(owner, name="n")[1]

    async def ask():
        line = asgi_line(URL, secret, **declared)
        await line.send_input({"type": "http.request", "body": b'{"input": {"word": "', "more_body": True})
        for _piece in range(5):
            await line.send_input({"type": "http.request", "body": b"x" * 5000, "more_body": True})
        await line.send_input({"type": "http.request", "body": b'"}}'})
        start, body = await line.receive_output(20), await line.receive_output(20)
        await line.wait(20)
        return start["status"], json.loads(body["body"])

    status, said = asyncio.run(ask())

    assert status == said["status"] == 413
    assert said["type"] == "urn:koebako:problem:too-large"
    assert not Task.objects.exists()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


class Sent:
    def __init__(self, body):
        self.body = body


@given(data=JSON_VALUES)
def test_the_parser_gives_back_json_or_says_why_not(data):
    try:
        read = StrictJson().parse_body(Sent(json.dumps(data).encode()))
    except Problem as problem:
        status = problem.status
    else:
        status = 200
        assert read == data
        json.dumps(read, ensure_ascii=False).encode()
    assert status in {200, 400, 422}


@pytest.mark.django_db
@effort(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.dictionaries(
        st.sampled_from(["input", "priority", "idempotency_key", "callback_url", "x"]),
        st.one_of(JSON_VALUES, st.just({"word": "hi"}), st.integers(-1, 4)),
    )
)
def test_no_body_makes_an_error_of_ours(as_owner, valkey, body):
    answer = send(as_owner, json.dumps(body))

    assert answer.status_code in {202, 400, 403, 422}


@pytest.mark.django_db(transaction=True)
def test_a_form_is_refused_in_our_words_although_twisted_could_not_parse_it(web, owner):
    secret = tokens.issue(owner, name="n")[1]
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "multipart/form-data"}

    answer = requests.post(web + URL, data=b"no boundary", headers=headers, timeout=20)

    assert (answer.status_code, answer.json()["type"]) == (415, "urn:koebako:problem:not-json")


@pytest.mark.parametrize("address", ["/api/v1/", "/api/v1/nowhere", "/api/v1/tasks/a%0Ab/cancel", "/v1/a%0Ab"])
def test_an_address_that_is_none_is_a_404_like_all_others(client, address):
    answer = client.get(address)

    assert answer.status_code == 404
    assert answer["Content-Type"] == ("application/problem+json" if "api" in address else JSON)
