"""Asking what there is, and asking for it."""

import pytest
from django.db import connection
from pydantic import BaseModel

from jobs.access import links, tokens
from jobs.access.models import AuditEntry
from jobs.runtime import registry
from jobs.runtime.models import Task
from tests.api.conftest import bearer
from tests.toys.functions import Said, Word

JSON = "application/json"
URL = "/api/v1/functions/toy_echo/invoke"


@pytest.fixture
def staff_function():
    @registry.function("sweep_the_yard", queue="bulk", timeout_seconds=5, staff_only=True)
    def sweep_the_yard(inputs: Word, context: registry.Context) -> Said:
        """Sweep the yard."""
        return Said(word=inputs.word)

    yield "sweep_the_yard"
    registry.forget("sweep_the_yard")


def invoke(client, body=None, *, url=URL, **headers):
    return client.post(url, body or {"input": {"word": "hi"}}, content_type=JSON, headers=headers)


def fields(answer):
    return {error["field"]: error["code"] for error in answer.json()["errors"]}


@pytest.fixture
def limited_function():
    @registry.function(
        "water_the_yard",
        queue="bulk",
        timeout_seconds=5,
        soft_timeout_seconds=4,
        max_running=3,
        max_running_per_key=2,
        rate=registry.Rate(10, per_seconds=60),
        max_memory_megabytes=300,
        max_output_bytes=1000,
        retry=registry.Retry(7),
    )
    def water_the_yard(inputs: Word, context: registry.Context) -> Said:
        """Water the yard."""
        return Said(word=inputs.word)

    yield "water_the_yard"
    registry.forget("water_the_yard")


# --- What there is ----------------------------------------------------------


def test_functions_are_listed_with_their_limits(as_owner):
    said = as_owner.get("/api/v1/functions").json()["functions"]

    line = next(line for line in said if line["name"] == "speech")
    assert line["queue"] == "interactive"
    assert line["timeout_seconds"] == 30
    assert line["invoke_url"] == "http://testserver/api/v1/functions/speech/invoke"


def test_a_function_tells_its_input_and_output(as_owner):
    said = as_owner.get("/api/v1/functions/speech").json()

    assert said["input_schema"]["required"] == ["text"]
    assert said["input_schema"]["properties"]["speed"]["maximum"] == 2.0
    assert "duration_seconds" in said["output_schema"]["properties"]
    assert set(said["steps"]) == {"analysis", "synthesis", "saving"}


LIMITS = {
    "timeout_seconds": 5,
    "soft_timeout_seconds": 4,
    "max_running": 3,
    "max_running_per_key": 2,
    "rate": {"count": 10, "per_seconds": 60},
    "max_memory_megabytes": 300,
    "max_output_bytes": 1000,
    "max_retries": 7,
}


def test_a_function_tells_the_limits_that_it_declared(limited_function, as_owner):
    said = as_owner.get(f"/api/v1/functions/{limited_function}").json()

    assert {name: said[name] for name in LIMITS} == LIMITS


def test_a_limit_that_was_not_declared_is_null(as_owner):
    said = as_owner.get("/api/v1/functions/toy_echo").json()

    assert {name for name in LIMITS if said[name] is None} == set(LIMITS) - {"timeout_seconds"}


def test_what_is_for_staff_is_shown_to_staff(staff_function, as_owner, as_staff):
    def names(client):
        return {line["name"] for line in client.get("/api/v1/functions").json()["functions"]}

    assert staff_function not in names(as_owner)
    assert staff_function in names(as_staff)


@pytest.mark.parametrize(("method", "tail"), [("get", ""), ("post", "/invoke")])
def test_what_is_for_staff_is_refused_to_others(staff_function, as_owner, as_staff, valkey, method, tail):
    url = f"/api/v1/functions/{staff_function}{tail}"
    options = {"data": {"input": {}}, "content_type": JSON} if method == "post" else {}

    assert getattr(as_owner, method)(url, **options).status_code == 403
    assert getattr(as_staff, method)(url, **options).status_code in {200, 202}


@pytest.mark.parametrize("name", ["nothing", "Speech", "speech%00", "..", "a" * 300, "読み上げ"])
def test_an_unknown_function_is_a_404(as_owner, name):
    assert as_owner.get(f"/api/v1/functions/{name}").status_code == 404
    assert invoke(as_owner, url=f"/api/v1/functions/{name}/invoke").status_code == 404


# --- Asking for it ----------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_accepted_run_says_where_to_look(as_owner, valkey, owner):
    answer = invoke(as_owner)

    task = Task.objects.get()
    said = answer.json()
    assert answer.status_code == 202
    assert said["task_id"] == str(task.pk)
    assert said["status"] == "pending"
    assert said["queue_position"] == 0
    assert said["estimated_completion_time"] is None
    assert said["queued"] is True
    assert answer["Location"] == said["status_url"] == f"http://testserver/api/v1/tasks/{task.pk}"
    assert said["events_url"] == f"http://testserver/api/v1/tasks/{task.pk}/events"
    assert int(answer["Retry-After"]) >= 1
    assert links.opens_page(said["page_url"].partition("link=")[2], task.pk)
    assert (task.owner, task.source, task.priority) == (owner, "api", 1)


@pytest.mark.django_db(transaction=True)
def test_the_second_waits_behind_the_first(as_owner, valkey):
    positions = [invoke(as_owner).json()["queue_position"] for _ in range(3)]

    assert positions == [0, 1, 2]


@pytest.mark.parametrize("priority", [1, 2, 3])
def test_the_priority_is_kept(as_owner, valkey, priority):
    invoke(as_owner, {"input": {}, "priority": priority})

    assert Task.objects.get().priority == priority


def test_urgent_is_for_staff(as_owner, as_staff, valkey):
    refused = invoke(as_owner, {"input": {}, "priority": 0})
    assert refused.status_code == 403
    assert fields(refused) == {"priority": "staff_scope_needed"}

    assert invoke(as_staff, {"input": {}, "priority": 0}).status_code == 202


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"input": {}, "callback_url": "ftp://example.org"}, "callback_url"),
        ({"input": {}, "order_key": "guild:1"}, "order_key"),
        ({"input": {}, "parent": "x"}, "parent"),
        ({"input": {}, "owner": 1}, "owner"),
        ({}, "input"),
        ({"input": None}, "input"),
        ({"input": "hi"}, "input"),
        ({"input": []}, "input"),
        ({"input": {}, "priority": 4}, "priority"),
        ({"input": {}, "priority": -1}, "priority"),
        ({"input": {}, "priority": "1"}, "priority"),
        ({"input": {}, "priority": True}, "priority"),
        ({"input": {}, "priority": 1.5}, "priority"),
        ({"input": {}, "priority": 10**400}, "priority"),
        ({"input": {}, "idempotency_key": ""}, "idempotency_key"),
        ({"input": {}, "idempotency_key": "k" * 256}, "idempotency_key"),
        ({"input": {}, "idempotency_key": "鍵"}, "idempotency_key"),
        ({"input": {}, "idempotency_key": 7}, "idempotency_key"),
        ({"input": {"word": 7}}, "input.word"),
        ({"input": {"word": "w" * 21}}, "input.word"),
        ({"input": {"wrod": "x"}}, "input.wrod"),
        ({"input": {"word": {"a": 1}}}, "input.word"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_made(as_owner, valkey, body, named):
    answer = as_owner.post(URL, body, content_type=JSON)

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert named in fields(answer)
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("inputs", "field", "code"),
    [
        ({"text": ""}, "input.text", "string_too_short"),
        ({"text": "…!?"}, "input.text", "empty_speech"),
        ({"text": "あ" * 10_001}, "input.text", "text_too_long"),
        ({"text": "はい", "voice": "bob"}, "input.voice", "unknown_voice"),
        ({"text": "はい", "speed": 3}, "input.speed", "less_than_equal"),
        ({"text": "はい", "format": "exe"}, "input.format", "literal_error"),
        ({"text": ["はい"]}, "input.text", "string_type"),
        ({}, "input.text", "missing"),
    ],
)
def test_speech_that_cannot_be_spoken_is_refused_at_once(as_owner, valkey, inputs, field, code):
    answer = invoke(as_owner, {"input": inputs}, url="/api/v1/functions/speech/invoke")

    assert answer.status_code == 422
    assert fields(answer) == {field: code}


# --- When a part of the house is away -----------------------------------------


@pytest.mark.django_db(transaction=True)
def test_without_redis_a_run_is_kept_and_says_so(as_owner, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = invoke(as_owner)

    assert answer.status_code == 202
    assert answer.json()["queued"] is False
    assert answer.json()["queue_position"] is None
    assert Task.objects.get().status == "pending"


def test_without_redis_everything_else_still_answers(as_owner, settings, make_task):
    task = make_task()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert as_owner.get("/api/v1/functions").status_code == 200
    assert as_owner.get("/api/v1/tasks").status_code == 200
    assert as_owner.get(f"/api/v1/tasks/{task.pk}").json()["queue_position"] is None
    assert as_owner.post(f"/api/v1/tasks/{task.pk}/cancel", content_type=JSON).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_locked_database_is_a_503_that_says_when_to_come_back(owner, valkey, settings):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite locks the whole database")
    secret = tokens.issue(owner, name="n")[1]
    client = bearer(secret)
    client.get("/api/v1/tasks")  # the token's use is noted now, not under the lock
    connection.close()
    connection.settings_dict["OPTIONS"]["timeout"] = 0.05

    import sqlite3

    holder = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        answer = invoke(client)
        holder.execute("ROLLBACK")
    finally:
        holder.close()
        connection.close()
        connection.settings_dict["OPTIONS"]["timeout"] = 20

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer.json()["type"] == "urn:koebako:problem:away"
    assert Task.objects.count() == 0
    assert invoke(client).status_code == 202


def test_an_error_that_nobody_foresaw_tells_nothing_of_itself(as_owner, valkey, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("secret: hunter2")

    monkeypatch.setattr("jobs.api.functions.invoke", fail)

    answer = invoke(as_owner)

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "hunter2" not in answer.content.decode()
    assert set(answer.json()) == {"type", "title", "status", "request_id"}


def test_no_audit_entry_is_written_for_a_mere_run(as_owner, valkey):
    before = AuditEntry.objects.count()

    invoke(as_owner)

    assert AuditEntry.objects.count() == before


def test_every_answer_fits_what_openapi_promises(as_owner, valkey):
    from jobs.api.accepted import Accepted
    from jobs.api.functions import FunctionDetail, FunctionList

    def fits(model: type[BaseModel], answer):
        model.model_validate(answer.json(), extra="forbid")

    fits(Accepted, invoke(as_owner))
    fits(FunctionList, as_owner.get("/api/v1/functions"))
    fits(FunctionDetail, as_owner.get("/api/v1/functions/speech"))
