"""Who may cancel and run again, by which door, and what is written down about it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.contrib.messages import get_messages
from django.test import Client

from jobs.access.models import Action, AuditEntry
from jobs.runtime import retention
from jobs.runtime.models import Artifact, Attempt, Result, Source, Status, Task
from tests.runtime.admin_site import LIST, ROLES, client_of, page_of, person
from tests.runtime.conftest import NOON

Make = Callable[..., Task]


def select(client: Client, action: str, *tasks: Task, **more: Any) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [str(task.pk) for task in tasks], **more})


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("door", ["list", "page"])
def test_only_who_may_cancels(make_task: Make, valkey: redis.Redis, role: str, door: str) -> None:
    make_user, _sees, cancels, _repeats = ROLES[role]
    task, client = make_task(), client_of(make_user())

    answer = select(client, "cancel_selected", task) if door == "list" else client.post(f"{LIST}{task.pk}/cancel/")

    task.refresh_from_db()
    assert task.status == (Status.CANCELLED if cancels else Status.PENDING)
    assert AuditEntry.objects.count() == (1 if cancels else 0)
    # Without any action to choose, the list is simply shown.
    assert answer.status_code in (302, 403) or (door, role) == ("list", "viewer")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("door", ["list", "page"])
def test_only_who_may_runs_again(make_task: Make, valkey: redis.Redis, role: str, door: str) -> None:
    make_user, _sees, _cancels, repeats = ROLES[role]
    task, client = make_task(status=Status.FAILURE), client_of(make_user())

    answer = select(client, "run_selected_again", task) if door == "list" else client.post(f"{LIST}{task.pk}/again/")

    assert Task.objects.filter(retried_from=task).count() == (1 if repeats else 0)
    assert AuditEntry.objects.count() == (1 if repeats else 0)
    # Without any action to choose, the list is simply shown.
    assert answer.status_code in (302, 403) or (door, role) == ("list", "viewer")


@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_looks(make_task: Make, valkey: redis.Redis, role: str) -> None:
    make_user, sees, _cancels, _repeats = ROLES[role]
    task = make_task(inputs={"word": "a secret word"})
    client = client_of(make_user())

    addresses = [LIST, page_of(task), f"{LIST}{task.pk}/card/", f"{LIST}rows/?ids={task.pk}", "/admin/overview/"]
    answers = [client.get(address) for address in addresses]

    assert {answer.status_code == 200 for answer in answers} == {sees}
    # What somebody asked for needs a permission of its own.
    assert any(b"a secret word" in answer.content for answer in answers) == (role == "superuser")


def test_what_people_sent_and_were_given_needs_a_permission_of_its_own(
    make_task: Make, valkey: redis.Redis, stranger: Any
) -> None:
    task = make_task(status=Status.FAILURE, inputs={"word": "a secret"}, error_type="timeout_error", error_message="M")
    Attempt.objects.create(
        task=task, number=1, worker="w", started_at=NOON, ended_at=NOON, outcome="failure", error_message="M-1"
    )
    Result.objects.create(task=task, output={"word": "the answer"}, processing_seconds=1, created_at=NOON)
    Artifact.objects.create(task=task, name="x.ogg", content_type="audio/ogg", bytes=4, file="x", created_at=NOON)
    viewer = client_of(person("viewer", "jobs.view_task", is_staff=True))
    reader = client_of(person("reader", "jobs.view_task", "jobs.view_content", is_staff=True))
    private = ("a secret", "the answer", "x.ogg", 'house-text">M<', "M-1", f"/tasks/{task.pk}")

    pages = {name: client.get(page_of(task)).content.decode() for name, client in (("v", viewer), ("r", reader))}

    assert [words in pages["v"] for words in private] == [False] * len(private)
    assert [words in pages["r"] for words in private] == [True] * len(private)
    for address in (f"/tasks/{task.pk}", f"/api/v1/tasks/{task.pk}", f"/api/v1/tasks/{task.pk}/artifacts/x.ogg"):
        assert viewer.get(address).status_code == 404
    assert reader.get(f"/tasks/{task.pk}").status_code == 200
    # Nor can it be guessed by searching.
    shown = [client.get(f"{LIST}?q=word:secret").content.decode() for client in (viewer, reader)]
    assert [str(task.pk) in content for content in shown] == [False, True]


def test_the_buttons_are_there_for_who_may(make_task: Make, valkey: redis.Redis) -> None:
    waiting, ended = make_task(), make_task(status=Status.SUCCESS)
    viewer = client_of(person("viewer", "jobs.view_task", is_staff=True))
    canceller = client_of(person("canceller", "jobs.view_task", "jobs.cancel_task", is_staff=True))
    repeater = client_of(person("repeater", "jobs.view_task", "jobs.retry_task", is_staff=True))

    def buttons(client: Client, task: Task) -> tuple[bool, bool]:
        content = client.get(page_of(task)).content.decode()
        return f"{task.pk}/cancel/" in content, f"{task.pk}/again/" in content

    assert buttons(viewer, waiting) == buttons(viewer, ended) == (False, False)
    assert buttons(canceller, waiting) == (True, False)
    assert buttons(canceller, ended) == (False, False)
    assert buttons(repeater, waiting) == (False, False)
    assert buttons(repeater, ended) == (False, True)


def test_a_request_without_the_token_changes_nothing(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    waiting, ended = make_task(), make_task(status=Status.SUCCESS)
    client = client_of(staff, enforce_csrf_checks=True)

    answers = [
        client.post(f"{LIST}{waiting.pk}/cancel/"),
        client.post(f"{LIST}{ended.pk}/again/"),
        select(client, "cancel_selected", waiting),
        select(client, "run_selected_again", ended),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert Task.objects.filter(status=Status.PENDING).count() == 1


def test_a_get_changes_nothing(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    waiting, ended = make_task(), make_task(status=Status.SUCCESS)
    client = client_of(staff)
    before = list(Task.objects.order_by("id").values())

    answers = {
        path: client.get(path).status_code
        for path in (
            f"{LIST}{waiting.pk}/cancel/",
            f"{LIST}{ended.pk}/again/",
            f"{LIST}?action=cancel_selected&_selected_action={waiting.pk}",
            f"{page_of(waiting)}?action=cancel",
            f"{LIST}add/",
            f"{LIST}{waiting.pk}/delete/",
            f"{LIST}{waiting.pk}/history/",
        )
    }

    assert answers[f"{LIST}{waiting.pk}/cancel/"] == answers[f"{LIST}{ended.pk}/again/"] == 405
    assert answers[f"{LIST}add/"] == answers[f"{LIST}{waiting.pk}/delete/"] == 403
    assert list(Task.objects.order_by("id").values()) == before
    assert not AuditEntry.objects.exists()


def test_no_form_changes_a_task(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    task, client = make_task(), client_of(staff)
    before = Task.objects.values().get(pk=task.pk)
    forged = {"status": "success", "function": "toy_die", "owner": staff.pk, "_save": "1"}

    answers = [client.post(page_of(task), forged), client.post(f"{LIST}add/", forged)]
    answers.append(client.post(f"{LIST}{task.pk}/delete/", {"post": "yes"}))
    select(client, "delete_selected", task, post="yes")

    assert [answer.status_code for answer in answers] == [405, 403, 403]
    assert Task.objects.values().get() == before


def test_a_mixed_selection_is_told_in_numbers(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    waiting, running = make_task(), make_task(status=Status.PROCESSING)
    ended = [make_task(status=status) for status in (Status.SUCCESS, Status.FAILURE, Status.CANCELLED)]

    answer = select(client_of(staff), "cancel_selected", waiting, running, *ended)

    assert said(answer) == ["2 tasks were cancelled.", "3 tasks had ended already; nothing was changed."]
    assert AuditEntry.objects.count() == 2


def test_what_cannot_run_again_is_told_in_numbers(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    good = make_task(status=Status.SUCCESS)
    others = [
        make_task(),
        make_task(status=Status.SUCCESS, inputs=retention.ERASED),
        make_task(status=Status.SUCCESS, function="left_the_code"),
    ]

    answer = select(client_of(staff), "run_selected_again", good, *others)

    assert [line.partition(":")[0] for line in said(answer)] == [
        "1 task runs again, as a new one.",
        "1 task has not ended yet; only ended ones can run again.",
        "2 tasks cannot run again",
    ]
    again = Task.objects.get(retried_from=good)
    assert (again.source, again.owner, again.inputs["word"]) == (Source.ADMIN, good.owner, good.inputs["word"])


def test_more_rows_than_an_action_takes_are_refused(
    make_task: Make, valkey: redis.Redis, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.runtime.admin.actions.MAX_AT_ONCE", 2)
    tasks = [make_task() for _number in range(3)]

    answer = select(client_of(staff), "cancel_selected", tasks[0], select_across="1")

    assert said(answer) == ["Nothing was done: an action is for at most 2 tasks at once."]
    assert Task.objects.filter(status=Status.PENDING).count() == 3


def test_the_audit_book_says_who_did_what(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    waiting, ended = make_task(), make_task(status=Status.FAILURE)
    client = client_of(staff)

    client.post(f"{LIST}{waiting.pk}/cancel/")
    client.post(f"{LIST}{ended.pk}/again/")

    cancelled, retried = AuditEntry.objects.order_by("pk")
    assert (cancelled.actor, cancelled.action, cancelled.object_id) == (staff, Action.TASK_CANCELLED, str(waiting.pk))
    assert cancelled.details == {"status": "pending"}
    assert (retried.actor, retried.action, retried.object_id) == (staff, Action.TASK_RETRIED, str(ended.pk))
    assert retried.details == {"again": str(Task.objects.get(retried_from=ended).pk)}


def test_nothing_runs_again_that_the_audit_book_does_not_take(
    make_task: Make, valkey: redis.Redis, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = make_task(status=Status.FAILURE)
    monkeypatch.setattr(AuditEntry.objects, "create", lambda **_values: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        client_of(staff).post(f"{LIST}{ended.pk}/again/")

    assert not Task.objects.filter(retried_from=ended).exists()


def test_a_single_task_run_again_leads_to_the_new_one(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    ended = make_task(status=Status.SUCCESS)

    answer = client_of(staff).post(f"{LIST}{ended.pk}/again/")

    assert answer["Location"] == page_of(Task.objects.get(retried_from=ended))


def test_without_redis_a_task_is_kept_and_the_answer_says_so(make_task: Make, staff: Any, settings: Any) -> None:
    settings.REDIS_URL = ""
    ended, waiting = make_task(status=Status.SUCCESS), make_task()
    client = client_of(staff)

    again = client.post(f"{LIST}{ended.pk}/again/")
    cancelled = client.post(f"{LIST}{waiting.pk}/cancel/")

    assert "The queue does not answer; what was kept is sent when it does." in said(again)
    assert said(cancelled)[-1] == "1 task was cancelled."


def test_an_unknown_task_is_not_there(valkey: redis.Redis, transactional_db: None, staff: Any) -> None:
    client, nobody = client_of(staff), uuid4()

    for path in ("cancel/", "again/"):
        assert client.post(f"{LIST}{nobody}/{path}").status_code == 404
    for path in ("change/", "card/"):
        assert client.get(f"{LIST}{nobody}/{path}").status_code == 404
    assert client.get(f"{LIST}no-uuid/change/").status_code == 404
