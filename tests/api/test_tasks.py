"""Looking at tasks, paging through them, cancelling, running again, following."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest
from django.test import AsyncClient, Client
from hypothesis import given
from hypothesis import strategies as st

from jobs.access import links
from jobs.access.models import Action, AuditEntry
from jobs.api import cursor as cursors
from jobs.api.shapes import TaskDetail, TaskEvent, TaskList
from jobs.live.describe import event
from jobs.runtime.models import ErrorType, Result, Status, Task
from tests.api.conftest import NOON

JSON = "application/json"
LIST = "/api/v1/tasks"


def post(client, task, act, body=""):
    return client.post(f"/api/v1/tasks/{task.pk}/{act}", body, content_type=JSON)


def ids(answer):
    return [line["task_id"] for line in answer.json()["tasks"]]


# --- One task ---------------------------------------------------------------


def test_a_task_shows_all_that_the_interface_promises(as_owner, make_artifact):
    artifact = make_artifact(b"12345")
    Result.objects.create(task=artifact.task, output={"said": "hi"}, processing_seconds=0.1, created_at=NOON)

    said = as_owner.get(f"/api/v1/tasks/{artifact.task_id}").json()

    assert {
        "task_id", "function", "status", "progress", "current_step", "queue_position", "attempt", "attempts",
        "created_at", "started_at", "completed_at", "error", "result", "artifacts",
    } <= set(said)  # fmt: skip
    TaskDetail.model_validate(said, extra="forbid")
    assert said["result"] == {"said": "hi"}
    [file] = said["artifacts"]
    assert (file["name"], file["content_type"], file["bytes"]) == ("speech.ogg", "audio/ogg", 5)
    assert Client().get(file["url"]).content == b"12345"


def test_a_failed_task_says_what_happened(as_owner, make_task):
    task = make_task(status=Status.FAILURE, error_type=ErrorType.RESOURCE, error_message="m", error_code="worker_died")

    said = as_owner.get(f"/api/v1/tasks/{task.pk}").json()

    assert said["error"] == {"type": "resource_error", "message": "m", "code": "worker_died"}


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING, Status.FAILURE])
def test_an_event_says_what_openapi_promises(make_task, status):
    TaskEvent.model_validate(event(make_task(status=status), position=None), extra="forbid")


# --- Lists ------------------------------------------------------------------


@pytest.mark.parametrize("query", ["status=", "function=", "limit=", "cursor=", "status=&function=&limit=&cursor="])
def test_a_filter_that_nobody_filled_in_is_none(as_owner, make_task, query):
    """As forms of browsers and clients with an empty variable send it."""
    tasks = [make_task(), make_task(function="speech", status=Status.SUCCESS)]

    answer = as_owner.get(f"{LIST}?{query}")

    assert ids(answer) == [str(task.pk) for task in reversed(tasks)]


def test_the_list_begins_with_the_newest(as_owner, make_task):
    tasks = [make_task() for _ in range(3)]

    answer = as_owner.get(LIST)

    assert ids(answer) == [str(task.pk) for task in reversed(tasks)]
    assert answer.json()["next_cursor"] is None
    TaskList.model_validate(answer.json(), extra="forbid")


def test_pages_follow_each_other_without_gap_or_repetition(as_owner, make_task):
    expected = [str(task.pk) for task in reversed([make_task() for _ in range(7)])]

    seen, cursor = [], None
    for _page in range(4):
        answer = as_owner.get(LIST, {"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += ids(answer)
        cursor = answer.json()["next_cursor"]
        make_task()  # what comes meanwhile is newer, and shifts nothing

    assert seen == expected
    assert cursor is None


def test_filters_narrow_the_list(as_owner, make_task):
    done = make_task(status=Status.SUCCESS)
    make_task()
    other = make_task(function="toy_wait", status=Status.SUCCESS)

    assert ids(as_owner.get(LIST, {"status": "success"})) == [str(other.pk), str(done.pk)]
    assert ids(as_owner.get(LIST, {"function": "toy_wait"})) == [str(other.pk)]
    assert ids(as_owner.get(LIST, {"function": "toy_wait", "status": "pending"})) == []
    assert ids(as_owner.get(LIST, {"function": "never_heard_of"})) == []


def test_the_list_is_ones_own(as_owner, as_stranger, make_task):
    make_task()

    assert ids(as_stranger.get(LIST)) == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=x", "limit"),
        ("status=done", "status"),
        ("status=%00", "status"),
        ("function=%00", "function"),
        ("function=a__regex", None),
        ("function=Speech", "function"),
        ("cursor=%20", "cursor"),
        ("status=%20", "status"),
        ("unknown=", "unknown"),
        ("cursor=%00", "cursor"),
        ("cursor=0198b0a0000070008000000000000001-AAAA", "cursor"),
        ("cursor=" + "a" * 201, "cursor"),
        ("owner=1", "owner"),
        ("owner__is_staff=1", "owner__is_staff"),
        ("_connector=OR", "_connector"),
        ("stauts=success", "stauts"),
        ("offset=1", "offset"),
    ],
)
def test_a_filter_that_cannot_be_used_is_named(as_owner, valkey, query, named):
    answer = as_owner.get(f"{LIST}?{query}")

    if named is None:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [named]


def test_a_cursor_is_of_use_to_its_owner_alone(as_owner, as_stranger, make_task):
    make_task()
    make_task()
    cursor = as_owner.get(LIST, {"limit": 1}).json()["next_cursor"]

    assert as_stranger.get(LIST, {"cursor": cursor}).status_code == 422


@given(owner=st.integers(1, 10**9), last=st.uuids())
def test_a_cursor_gives_back_what_it_was_made_of(owner, last):
    assert cursors.read(owner, cursors.make(owner, last)) == last


@given(data=st.data())
def test_a_changed_cursor_is_none(data):
    last = UUID("0198b0a0-0000-7000-8000-000000000001")
    cursor = cursors.make(1, last)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters().filter(lambda letter: letter != cursor[place]))

    assert cursors.read(1, cursor[:place] + other + cursor[place + 1 :]) is None


@given(text=st.text())
def test_a_made_up_cursor_is_none(text):
    assert cursors.read(1, text) is None


# --- Cancel -----------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING, Status.RETRY])
def test_a_task_that_has_not_ended_can_be_cancelled(as_owner, make_task, owner, status):
    task = make_task(status=status)

    answer = post(as_owner, task, "cancel")

    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    entry = AuditEntry.objects.get(action=Action.TASK_CANCELLED)
    assert (entry.actor, entry.object_id, entry.details) == (owner, str(task.pk), {"status": status})


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILURE, Status.CANCELLED])
def test_an_ended_task_cannot_be_cancelled(as_owner, make_task, status):
    task = make_task(status=status)

    answer = post(as_owner, task, "cancel")

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:koebako:problem:too-late"
    assert not AuditEntry.objects.filter(action=Action.TASK_CANCELLED).exists()
    task.refresh_from_db()
    assert task.status == status


def test_staff_who_cancel_stand_in_the_book(as_staff, staff, make_task):
    post(as_staff, make_task(), "cancel")

    assert AuditEntry.objects.get(action=Action.TASK_CANCELLED).actor == staff


# --- Retry ------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILURE, Status.CANCELLED])
def test_an_ended_task_runs_again_as_a_new_one(as_owner, make_task, owner, status):
    old = make_task(status=status)

    answer = post(as_owner, old, "retry")

    new = Task.objects.get(retried_from=old)
    assert answer.status_code == 202
    assert answer.json()["task_id"] == str(new.pk)
    assert answer["Location"].endswith(f"/api/v1/tasks/{new.pk}")
    assert (new.inputs, new.owner, new.status) == (old.inputs, owner, "pending")
    entry = AuditEntry.objects.get(action=Action.TASK_RETRIED)
    assert (entry.actor, entry.object_id, entry.details) == (owner, str(old.pk), {"again": str(new.pk)})


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING, Status.RETRY])
def test_a_task_that_has_not_ended_does_not_run_again(as_owner, make_task, status):
    task = make_task(status=status)

    answer = post(as_owner, task, "retry")

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:koebako:problem:not-finished"
    assert Task.objects.count() == 1
    assert not AuditEntry.objects.filter(action=Action.TASK_RETRIED).exists()


def test_what_staff_run_again_stays_its_owners(as_staff, make_task, owner):
    old = make_task(status=Status.FAILURE)

    post(as_staff, old, "retry")

    assert Task.objects.get(retried_from=old).owner == owner


@pytest.mark.parametrize("act", ["cancel", "retry"])
@pytest.mark.parametrize(
    ("body", "field"),
    [('{"reason": "late"}', "reason"), ("[1]", "body"), ('"x"', "body")],
)
def test_fields_that_mean_nothing_are_refused_by_name(as_owner, make_task, act, body, field):
    task = make_task()

    answer = post(as_owner, task, act, body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    task.refresh_from_db()
    assert task.status == Status.PENDING


@pytest.mark.parametrize("body", ["", "{}"])
def test_an_empty_body_is_none(as_owner, make_task, body):
    assert post(as_owner, make_task(), "cancel", body).status_code == 200


# --- Events -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_events_of_an_ended_task_are_its_end(make_task):
    task = make_task(status=Status.SUCCESS)

    async def follow():
        answer = await AsyncClient().get(f"/api/v1/tasks/{task.pk}/events", {"link": links.page_link(task.pk)})
        return answer, b"".join([piece async for piece in answer.streaming_content]).decode()

    answer, told = asyncio.run(follow())

    assert answer["Content-Type"].startswith("text/event-stream")
    [data] = [line for line in told.splitlines() if line.startswith("data: ")]
    assert json.loads(data.removeprefix("data: "))["status"] == "success"


def test_events_of_an_unknown_task_are_a_404(as_owner, valkey):
    assert as_owner.get(f"/api/v1/tasks/{uuid4()}/events").status_code == 404
