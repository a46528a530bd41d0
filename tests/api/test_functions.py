"""Asking what there is, and asking for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connection
from pydantic import BaseModel

from jobs.access import links, tokens
from jobs.access.models import AuditEntry
from jobs.runtime import clock, registry
from jobs.runtime.models import Task
from tests.api.conftest import bearer
from tests.runtime.conftest import LocalWorker
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


# --- Later ------------------------------------------------------------------


@pytest.fixture
def at(monkeypatch):
    """Set the house's clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_asked_for_later_waits_until_then(as_owner, valkey, at):
    now = datetime.now(UTC).replace(microsecond=0)
    due = now + timedelta(minutes=10)
    worker = LocalWorker("here:0:1:1")
    at(now)

    answer = invoke(as_owner, {"input": {}, "not_before": due.isoformat()})

    said = answer.json()
    assert answer.status_code == 202
    assert (said["status"], said["queued"], said["queue_position"]) == ("pending", True, None)
    assert said["estimated_completion_time"] is None
    assert answer["Retry-After"] == "60"
    at(due - timedelta(seconds=1))
    assert worker.work() == []
    assert as_owner.get(said["status_url"]).json()["status"] == "pending"
    at(due)
    assert [str(task.pk) for task in worker.work()] == [said["task_id"]]
    assert as_owner.get(said["status_url"]).json()["status"] == "success"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["2001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_moment_in_the_past_means_now(as_owner, valkey, moment):
    answer = invoke(as_owner, {"input": {}, "not_before": moment})

    assert answer.status_code == 202
    assert answer.json()["queue_position"] == 0
    assert Task.objects.get().not_before is None


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-12-01T12:00:00", "timezone_aware"),
        ("2026-12-01", "timezone_aware"),
        ("2026-12-31T12:00:01Z", "too_far_ahead"),
        ("9999-12-31T23:59:59-14:00", "too_far_ahead"),
        ("2026-13-01T12:00:00Z", "datetime_from_date_parsing"),
        ("tomorrow", "datetime_type"),
        ("", "datetime_type"),
        ("1800000000", "datetime_type"),
        (1800000000, "datetime_type"),
        (True, "datetime_type"),
        (["2026-12-01T12:00:00Z"], "datetime_type"),
    ],
)
def test_a_moment_that_cannot_be_kept_is_named(as_owner, valkey, at, moment, code):
    at(datetime(2026, 12, 1, 12, 0, tzinfo=UTC))

    answer = invoke(as_owner, {"input": {}, "not_before": moment})

    assert answer.status_code == 422
    assert fields(answer) == {"not_before": code}
    assert not Task.objects.exists()


def test_thirty_days_ahead_are_taken(as_owner, valkey, at):
    at(datetime(2026, 12, 1, 12, 0, tzinfo=UTC))

    assert invoke(as_owner, {"input": {}, "not_before": "2026-12-31T12:00:00Z"}).status_code == 202


def test_a_replay_after_the_moment_is_still_the_same_request(as_owner, valkey, at):
    due = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    body = {"input": {}, "not_before": due.isoformat()}
    at(due - timedelta(hours=1))
    first = invoke(as_owner, body, idempotency_key="one")
    at(due + timedelta(hours=1))

    again = invoke(as_owner, body, idempotency_key="one")
    in_tokyo = due.astimezone(timezone(timedelta(hours=9))).isoformat()
    elsewhere = invoke(as_owner, body | {"not_before": in_tokyo}, idempotency_key="one")

    ids = {answer.json()["task_id"] for answer in (first, again, elsewhere)}
    assert ids == {str(Task.objects.get().pk)}


# --- The same key -----------------------------------------------------------


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
    assert set(answer.json()) == {"type", "title", "status"}


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
