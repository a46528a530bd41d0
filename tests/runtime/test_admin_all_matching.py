"""Act on all that match the filter: asked before, done by a worker between two ids, each told and written down."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.test import Client

from jobs.access.models import Action, AuditEntry
from jobs.functions import act_on_tasks
from jobs.runtime import acts, retention
from jobs.runtime.models import Source, Status, Task
from tests.runtime.admin_site import LIST, ROLES, client_of, person
from tests.runtime.conftest import LocalWorker

Make = Callable[..., Task]
CANCEL, AGAIN = f"{LIST}all/cancel/", f"{LIST}all/run_again/"


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act_on_tasks, "PIECE", 2)


def hidden_fields(content: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(first|last|count|token)" value="([^"]+)">', content))


def confirm(client: Client, address: str) -> Any:
    """Look at the page, and press its button."""
    return client.post(address, hidden_fields(client.get(address).content.decode()))


def result_of(answer: Any) -> dict[str, int]:
    """Return what the act's task, to whose page the answer leads, says of itself."""
    task = Task.objects.get(pk=urlsplit(answer["Location"]).path.split("/")[-3])
    assert task.status == Status.SUCCESS, task.error_message
    return dict(task.result.output)


def test_the_page_says_how_many_and_with_which_filter(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    for status in (Status.PENDING, Status.PENDING, Status.SUCCESS):
        make_task(status=status)
    make_task(function="toy_quick", status=Status.PENDING)

    content = client_of(staff).get(CANCEL, {"function": "toy_echo", "q": "hana"}).content.decode()

    assert "2 tasks" in content
    for words in ("toy_echo", "hana", "Have ended already and stay as they are:", '<span class="numbers">1</span>'):
        assert words in content
    assert Task.objects.count() == 4


def test_all_that_match_are_cancelled_and_newcomers_are_not(make_task: Make, worker: LocalWorker, staff: Any) -> None:
    wanted = [make_task() for _number in range(5)]
    other, ended = make_task(function="toy_quick"), make_task(status=Status.SUCCESS)
    client = client_of(staff)
    address = f"{CANCEL}?function=toy_echo&status=open"
    shown = hidden_fields(client.get(address).content.decode())
    newcomer = make_task()

    answer = client.post(address, shown)
    act = Task.objects.get(function=acts.FUNCTION)
    worker.work()

    assert answer["Location"].endswith(f"{act.pk}/change/")
    assert result_of(answer) == {"done": 5, "late": 0, "gone": 0, "unsent": 0}
    assert set(Task.objects.filter(status=Status.CANCELLED)) == set(wanted)
    ended.refresh_from_db()
    assert ended.status == Status.SUCCESS
    told = AuditEntry.objects.filter(action=Action.TASK_CANCELLED, actor=staff)
    assert {entry.object_id for entry in told} == {str(task.pk) for task in wanted}
    begun = AuditEntry.objects.get(action=Action.TASK_INVOKED)
    assert begun.details == {"function": "act_on_tasks", "act": "cancel", "count": 5}
    assert set(Task.objects.filter(status=Status.PENDING)) == {other, newcomer}


def test_all_that_match_run_again_once(make_task: Make, worker: LocalWorker, staff: Any) -> None:
    failed = [make_task(status=Status.FAILURE) for _number in range(3)]
    make_task(status=Status.FAILURE, inputs=retention.ERASED)
    make_task(status=Status.SUCCESS)
    client = client_of(staff)
    address = f"{AGAIN}?status=failure"
    shown = hidden_fields(client.get(address).content.decode())

    answers = [client.post(address, shown) for _twice in range(2)]
    worker.work()

    assert answers[0]["Location"] == answers[1]["Location"]
    assert result_of(answers[0]) == {"done": 3, "late": 0, "gone": 1, "unsent": 0}
    again = Task.objects.filter(retried_from__in=failed)
    assert again.count() == 3
    assert {(task.owner, task.source) for task in again} == {(failed[0].owner, Source.ADMIN)}
    assert AuditEntry.objects.filter(action=Action.TASK_RETRIED, actor=staff).count() == 3


def test_a_second_attempt_runs_nothing_again_a_second_time(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    failed = [make_task(status=Status.FAILURE) for _number in range(3)]

    first, _outcome = acts.run_again(failed, actor=staff, once="round")
    second, _outcome = acts.run_again(failed, actor=staff, once="round")

    assert [task.pk for task in first] == [task.pk for task in second]
    assert AuditEntry.objects.count() == 3


def test_what_ended_meanwhile_is_counted(make_task: Make, worker: LocalWorker, staff: Any, monkeypatch: Any) -> None:
    tasks = [make_task() for _number in range(2)]
    answer = confirm(client_of(staff), CANCEL)
    # As if it ended between the look and the cancellation.
    read = acts.cancel_tasks

    def late(piece: list[Task], **options: Any) -> Any:
        acts.cancel(tasks[0])
        return read(piece, **options)

    monkeypatch.setattr(acts, "cancel_tasks", late)
    worker.work()

    assert result_of(answer) == {"done": 1, "late": 1, "gone": 0, "unsent": 0}


@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_acts_on_all(make_task: Make, valkey: redis.Redis, role: str) -> None:
    make_user, _sees, cancels, repeats = ROLES[role]
    make_task(), make_task(status=Status.FAILURE)
    client = client_of(make_user())

    for address, may in ((CANCEL, cancels), (AGAIN, repeats)):
        page = client.get(address)
        assert (page.status_code == 200) == may
        client.post(address, hidden_fields(page.content.decode()) or {"first": "", "last": "", "token": ""})
        link = f'href="{address}"' in client.get(LIST).content.decode()
        assert link == may

    assert Task.objects.filter(function=acts.FUNCTION).count() == cancels + repeats


def test_whose_permission_was_taken_meanwhile_changes_nothing(make_task: Make, worker: LocalWorker) -> None:
    task, canceller = make_task(), person("canceller", "jobs.view_task", "jobs.cancel_task", is_staff=True)
    confirm(client_of(canceller), CANCEL)
    canceller.user_permissions.clear()

    worker.work()

    task.refresh_from_db()
    assert task.status == Status.PENDING
    assert Task.objects.get(function=acts.FUNCTION).error_code == "not_allowed"


def test_the_function_cannot_be_had_by_another_door(make_task: Make, valkey: redis.Redis) -> None:
    """The run form asks for jobs.add_task only; the act asks for its own all the same."""
    task = make_task()
    runner = person("runner", "jobs.view_task", "jobs.add_task", is_staff=True)
    bounds = f'{{"first": "{task.pk}", "last": "{task.pk}"}}'
    form = {"input_act": "cancel", "input_matching": "{}", "input_bounds": bounds, "input_count": "1", "priority": "1"}

    answer = client_of(runner).post(f"/admin/run/{acts.FUNCTION}", form)

    assert answer.status_code == 200
    assert "the permission for this act is needed" in answer.content.decode()
    assert not Task.objects.filter(function=acts.FUNCTION).exists()


def test_nonsense_is_refused(make_task: Make, valkey: redis.Redis, staff: Any) -> None:
    make_task()
    client = client_of(staff)

    assert client.get(f"{LIST}all/erase/").status_code == 404
    assert client.post(CANCEL, {"first": "x", "last": "y", "token": "z"}).status_code == 400
    assert client.get(CANCEL, {"q": "x" * 300}).status_code == 400
    assert client.get(CANCEL, {"inputs__word": "x"}).status_code == 400
    assert client_of(staff, enforce_csrf_checks=True).post(CANCEL).status_code == 403
    assert client.get(f"{CANCEL}?status=success").content.decode().count("There is nothing to do.") == 1
    assert not Task.objects.filter(function=acts.FUNCTION).exists()


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "status=open",
        "status=failure&function=toy_echo",
        "source=api",
        "queue=bulk&q=hana",
        "q=key:guild:7",
        "q=error:timed_out",
        "q=word:kyoto",
        "created_at_from=2026-11-01&created_at_to=2026-11-01",
        "q=nobody",
    ],
)
def test_a_worker_finds_what_the_list_shows(make_task: Make, valkey: redis.Redis, staff: Any, asked: str) -> None:
    make_task(order_key="guild:7"), make_task(status=Status.FAILURE, error_code="timed_out")
    make_task(source=Source.PAGE, queue="interactive", inputs={"word": "In Kyoto"})
    answer = client_of(staff).get(f"{LIST}?{asked}")

    wanted = act_on_tasks.Matching(**dict(answer.wsgi_request.GET.items()))
    found = wanted.of(Task.objects.all(), reads_content=True)

    assert set(found) == set(answer.context["cl"].queryset)
    assert found.exists() == (asked != "q=nobody")
