"""The list of tasks, its rows as they change, and what the site as a whole lets out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.runtime.admin.tasks import TaskAdmin
from jobs.runtime.models import Priority, Source, Status, Task
from jobs.runtime.models.attempt import Attempt, Outcome
from tests.runtime.admin_site import LIST, PAYLOAD, client_of, page_of, person
from tests.runtime.conftest import NOON

Make = Callable[..., Task]


@pytest.fixture
def client(valkey: redis.Redis, transactional_db: None, staff: Any) -> Any:
    return client_of(staff)


def rows(answer: Any) -> set[UUID]:
    assert answer.status_code == 200
    return {task.pk for task in answer.context["cl"].result_list}


def test_a_row_says_what_the_task_is(make_task: Make, client: Any) -> None:
    task = make_task(status=Status.PROCESSING, progress=42, attempt=3, source=Source.PAGE, priority=Priority.LOW)

    content = client.get(LIST).content.decode()

    for words in ('class="pill pill-processing">processing', 'aria-valuenow="42"', 'role="progressbar"', "42 %"):
        assert words in content
    for cell in (">hana<", ">page<", ">bulk<", ">low<", f'data-task="{task.pk}" data-cell="tries"'):
        assert cell in content
    assert f'datetime="{NOON.isoformat()}"' in content


def test_two_hundred_rows_cost_a_few_queries(
    make_task: Make, client: Any, owner: Any, django_assert_max_num_queries: Any
) -> None:
    example = make_task()
    values = {field.attname: getattr(example, field.attname) for field in Task._meta.concrete_fields}
    del values["id"]
    Task.objects.bulk_create(Task(**values) for _number in range(199))

    with django_assert_max_num_queries(25) as few:
        assert len(rows(client.get(f"{LIST}?all="))) == 200
    # Fifty rows cost no fewer than two hundred; one more for what is looked at now and then.
    with django_assert_max_num_queries(len(few) + 1) as fewer:
        assert len(rows(client.get(LIST))) == 50
    assert len(few) <= len(fewer) + 1


def test_no_query_counts_or_reads_a_whole_table(make_task: Make, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskAdmin, "list_per_page", 1)
    for _number in range(3):
        make_task(status=Status.FAILURE, source=Source.PAGE, idempotency_key=None)

    with CaptureQueriesContext(connection) as queries:
        client.get(LIST)
        client.get(f"{LIST}?status=failure&source=page&queue=bulk&function=toy_echo&created_at_from=2026-01-01")

    touching = [query["sql"] for query in queries if 'FROM "jobs_task"' in query["sql"]]
    assert touching
    assert all("LIMIT" in sql for sql in touching)


def test_a_long_list_is_cut_and_says_so(make_task: Make, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.runtime.admin.base.MAX_COUNTED", 3)
    monkeypatch.setattr(TaskAdmin, "list_per_page", 1)
    for _number in range(5):
        make_task()

    content = client.get(LIST).content.decode()

    assert "the first 3; search or filter for more" in content
    assert len(rows(client.get(f"{LIST}?p=3"))) == 1
    assert client.get(f"{LIST}?p=4").status_code == 302


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("status=failure", {"failed"}),
        ("status=open", {"waiting", "speech"}),
        ("function=toy_quick", {"speech"}),
        ("source=page", {"failed"}),
        ("queue=interactive", {"speech"}),
        ("status=failure&source=api", set()),
        ("created_at_from=2026-11-02", {"failed"}),
        ("created_at_to=2026-11-01", {"waiting", "speech"}),
        ("created_at_from=2026-11-01&created_at_to=2026-11-01", {"waiting", "speech"}),
        ("created_at_from=2026-11-02&source=page", {"failed"}),
        ("created_at_from=2026-02-31", {"waiting", "speech", "failed"}),
        ("created_at_from=rubbish&created_at_to=9999-12-31", {"waiting", "speech", "failed"}),
        ("status=nonsense", set()),
    ],
)
def test_filters_leave_what_they_say(make_task: Make, client: Any, query: str, wanted: set[str]) -> None:
    tasks = {
        "waiting": make_task(),
        "speech": make_task(function="toy_quick", queue="interactive", status=Status.RETRY),
        "failed": make_task(status=Status.FAILURE, source=Source.PAGE, created_at=NOON + timedelta(days=1)),
    }

    assert rows(client.get(f"{LIST}?{query}")) == {tasks[name].pk for name in wanted}


def test_a_filter_without_an_index_looks_through_the_newest(
    make_task: Make, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.runtime.admin.filters.LOOKED_THROUGH", 2)
    tasks = [make_task(created_at=NOON + timedelta(days=day)) for day in range(4)]

    assert rows(client.get(f"{LIST}?source=api")) == {task.pk for task in tasks[2:]}
    assert rows(client.get(f"{LIST}?source=api&created_at_to=2026-11-03")) == {task.pk for task in tasks[1:3]}
    assert rows(client.get(f"{LIST}?source=api&q=hana")) == {task.pk for task in tasks}


def test_search_finds_by_id_owner_and_key(make_task: Make, client: Any, stranger: Any) -> None:
    task = make_task(idempotency_key="order-4711")
    other = make_task(owner=stranger, inputs={"word": "order-4711"})

    def found(term: str) -> set[UUID]:
        return rows(client.get(LIST, {"q": term}))

    assert found(str(task.pk)) == found(task.pk.hex.upper()) == {task.pk}
    assert found(task.pk.hex[:31]) == {task.pk}
    assert found(task.pk.hex[:10]) >= {task.pk}
    assert found("HAN") == found(" hana ") == found("order-4711") == {task.pk}
    assert found("taro") == {other.pk}
    assert found("4711") == found("\x00") - {task.pk, other.pk} == found("x" * 5000) == found("%") == set()


@pytest.mark.parametrize(
    "query", ["inputs__word__regex=(a%2B)%2B%24", "error_message__icontains=a", "owner__password__startswith=m", "id=1"]
)
def test_no_lookup_but_the_filters_is_allowed(client: Any, query: str) -> None:
    assert client.get(f"{LIST}?{query}").status_code == 400


def test_only_the_moment_of_creation_sorts(make_task: Make, client: Any) -> None:
    make_task()

    with CaptureQueriesContext(connection) as queries:
        for column in range(-12, 13):
            client.get(f"{LIST}?o={column}")

    ordered = {query["sql"].partition("ORDER BY")[2] for query in queries if 'FROM "jobs_task"' in query["sql"]}
    assert {order.strip().partition(" LIMIT")[0] for order in ordered if order} == {
        '"jobs_task"."id" DESC',
        '"jobs_task"."id" ASC',
    }


# Rows as they change


def test_the_rows_endpoint_gives_the_cells_of_the_list(make_task: Make, client: Any) -> None:
    task = make_task(status=Status.PROCESSING, progress=10)
    listed = client.get(LIST).content.decode()

    cells = client.get(f"{LIST}rows/?ids={task.pk}").json()["rows"][str(task.pk)]

    assert set(cells) == {"state", "bar", "tries", "duration"}
    assert all(cells[name] in listed for name in ("state", "bar", "tries"))
    assert f'data-version="{task.version}"' in cells["state"]


def test_the_rows_endpoint_is_bounded(make_task: Make, client: Any, django_assert_max_num_queries: Any) -> None:
    ids = [str(make_task().pk) for _number in range(101)]

    with django_assert_max_num_queries(4):
        assert len(client.get(f"{LIST}rows/?ids={','.join(ids[:100])}").json()["rows"]) == 100
    assert client.get(f"{LIST}rows/?ids={','.join(ids)}").status_code == 400
    assert client.get(f"{LIST}rows/?ids=1,2").status_code == 400


def test_a_row_that_is_gone_is_left_out(client: Any) -> None:
    assert client.get(f"{LIST}rows/?ids=01a200fa-e9c1-747d-84da-49801f5c6260").json() == {"rows": {}}
    assert client.get(f"{LIST}rows/").json() == {"rows": {}}


# What the site lets out


def test_stored_texts_are_shown_as_texts(make_task: Make, client: Any, owner: Any) -> None:
    owner.username = PAYLOAD
    owner.save()
    short = PAYLOAD[:60]
    task = make_task(
        function=short,
        status=Status.FAILURE,
        started_at=NOON,
        attempt=1,
        inputs={"word": PAYLOAD, PAYLOAD: [PAYLOAD, {PAYLOAD: PAYLOAD}]},
        order_key=PAYLOAD,
        idempotency_key=PAYLOAD,
        queue=PAYLOAD[:32],
        current_step=short,
        steps=[[short, 0.1]],
        error_type="ai_service_error",
        error_code=short,
        error_field=PAYLOAD,
        error_message=PAYLOAD,
    )
    Attempt.objects.create(
        task=task, number=1, worker=PAYLOAD, started_at=NOON, ended_at=NOON, outcome=Outcome.FAILURE,
        error_code=short, error_message=PAYLOAD, error_type="ai_service_error",
    )  # fmt: skip
    running = make_task(status=Status.PROCESSING, function=short, current_step=short, worker=PAYLOAD, total_steps=2)

    paths = [LIST, f"{LIST}?q=x", f"{LIST}?q=%22%3E%3Cscript%3Ealert(1)", page_of(task), page_of(running), "/admin/"]
    paths += [f"{LIST}{task.pk}/card/", f"{LIST}{running.pk}/card/", "/admin/overview/"]
    for path in paths:
        content = client.get(path).content.decode()
        assert "<script>alert" not in content, path
        assert "<img src=x" not in content, path
    rows_of_both = client.get(f"{LIST}rows/?ids={task.pk},{running.pk}")
    assert "<script>alert" not in rows_of_both.content.decode()
    assert rows_of_both["Content-Type"] == "application/json"


def test_the_policy_is_loosened_for_the_admin_alone(make_task: Make, client: Any) -> None:
    task = make_task()
    anonymous = client_of(None)
    admin_pages = [client.get(path) for path in ("/admin/", LIST, page_of(task))] + [anonymous.get("/admin/login/")]

    def policy(answer: Any) -> dict[str, str]:
        assert answer.status_code == 200
        parts = [part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";")]
        return {name: values for name, _blank, values in parts}

    for answer in admin_pages:
        assert policy(answer)["script-src"] == "'self' 'unsafe-eval'"
        assert policy(answer)["style-src"] == "'self'"
        assert policy(answer)["style-src-attr"] == "'unsafe-inline'"
        assert policy(answer)["default-src"] == "'none'"
        assert "<style" not in answer.content.decode()
    assert policy(client.get("/"))["script-src"] == "'self'"
    assert "style-src-attr" not in policy(client.get("/"))


@pytest.mark.parametrize("model", ["schedule", "success", "failure", "ormq", ""])
def test_the_pages_of_django_q2_are_for_nobody(client: Any, model: str) -> None:
    every = [
        f"django_q.{act}_{name}" for act in ("add", "view", "change", "delete") for name in ("schedule", "success")
    ]
    low = client_of(person("low", *every, is_staff=True))
    path = f"/admin/django_q/{model}/" if model else "/admin/django_q/"

    for who in (client, low):
        assert who.get(path).status_code == 404
        assert who.post(f"{path}add/", {"func": "os.system", "args": "'id'"}).status_code == 404
        assert who.post(path, {"action": "delete_selected"}).status_code == 404
    assert "django_q" not in client.get("/admin/").content.decode()


def test_a_search_for_pages_never_fails(client: Any) -> None:
    assert client.get("/admin/search/?s=task").status_code == 200
    for page in ("x", "-1", "99", ""):
        assert client.get("/admin/search/", {"s": "task", "page": page}).status_code == 404


def test_pages_are_not_kept_by_browsers(make_task: Make, client: Any) -> None:
    task = make_task()

    for path in (LIST, page_of(task), f"{LIST}{task.pk}/card/", f"{LIST}rows/", "/admin/", "/admin/overview/"):
        assert "no-store" in client.get(path)["Cache-Control"], path
