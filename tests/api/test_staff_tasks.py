"""What staff do with tasks by the API."""

import pytest
from django.contrib.auth.models import Permission

from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock
from jobs.runtime.models import Status, Task
from tests.runtime.conftest import LocalWorker

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/admin/tasks"
CALLS = [("get", "stats"), ("delete", "{id}"), ("post", "{id}/retry"), ("post", "cleanup")]


def call(client, verb, place, task):
    options = {} if verb == "get" else {"content_type": "application/json"}
    return getattr(client, verb)(f"{URL}/{place.format(id=task.pk)}", **options)


def test_the_figures_tell_of_the_day(as_staff, make_task):
    now = clock.now()
    ended = {"created_at": now, "started_at": now, "completed_at": now}
    make_task(**ended, status=Status.SUCCESS)
    make_task(**ended, status=Status.SUCCESS)
    make_task(**ended, status=Status.FAILURE)
    make_task(created_at=now)
    make_task(created_at=now, status=Status.PROCESSING)

    told = as_staff.get(f"{URL}/stats").json()

    assert (told["total"], told["active_tasks"], told["failure_rate"]) == (5, 1, 33.33)
    assert told["by_status"] == {
        "pending": 1, "processing": 1, "retry": 0, "success": 2, "failure": 1, "cancelled": 0,
    }  # fmt: skip
    assert told["functions"] == {"toy_echo": {"total": 5, "success": 2, "failure": 1, "average_seconds": 0.0}}
    assert set(told["queues"]) == {"interactive", "bulk"}
    assert told["queues"]["bulk"]["oldest_seconds"] >= 0
    assert told["workers"] == 0


def test_anybodys_task_is_cancelled(as_staff, make_task, staff):
    task = make_task()

    answer = call(as_staff, "delete", "{id}", task)

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    task.refresh_from_db()
    assert task.status == Status.CANCELLED
    assert AuditEntry.objects.get(action=Action.TASK_CANCELLED).actor == staff
    assert call(as_staff, "delete", "{id}", task).status_code == 409


def test_anybodys_task_runs_again_for_its_owner(as_staff, make_task, owner):
    task = make_task(status=Status.FAILURE)

    answer = call(as_staff, "post", "{id}/retry", task)

    assert answer.status_code == 202
    again = Task.objects.get(pk=answer.json()["task_id"])
    assert (again.owner, again.retried_from) == (owner, task)
    assert AuditEntry.objects.get(action=Action.TASK_RETRIED).object_id == str(task.pk)
    assert call(as_staff, "post", "{id}/retry", make_task()).status_code == 409


def test_what_has_expired_is_erased(as_staff, make_task, staff):
    task = make_task(status=Status.SUCCESS, kept_until="2026-01-01T00:00:00Z")

    answer = call(as_staff, "post", "cleanup", task)
    again = call(as_staff, "post", "cleanup", task)
    LocalWorker("tests:0:1:1").work()

    assert answer.status_code == 202
    assert again.json()["task_id"] == answer.json()["task_id"]
    assert not Task.objects.filter(pk=task.pk).exists()
    assert Task.objects.get(pk=answer.json()["task_id"]).result.output["erased"]["tasks"] == 1
    assert set(AuditEntry.objects.filter(action=Action.CLEANED_UP).values_list("actor", flat=True)) == {staff.pk}


@pytest.mark.parametrize(("verb", "place"), CALLS)
def test_the_staff_scope_is_needed(as_owner, make_task, verb, place):
    assert call(as_owner, verb, place, make_task()).status_code == 403


@pytest.mark.parametrize(("verb", "place"), CALLS)
def test_staff_without_the_permission_may_not(client_of, stranger, make_task, verb, place):
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_artifact"))

    answer = call(client_of(stranger, "staff"), verb, place, make_task())

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:koebako:problem:not-allowed")


@pytest.mark.parametrize(("verb", "place"), CALLS[1:3])
def test_what_is_not_there_is_not_found(as_staff, verb, place):
    assert call(as_staff, verb, place, Task()).status_code == 404
