"""The page of one task in each of its states, and the dashboard."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from jobs.runtime import clock, queue, retention, stats
from jobs.runtime.admin import figures
from jobs.runtime.admin.values import MAX_CHARACTERS, values
from jobs.runtime.models import Artifact, Attempt, Result, Status, Task
from jobs.runtime.models.attempt import Outcome
from tests.runtime.admin_site import LIST, client_of, page_of, person
from tests.runtime.conftest import NOON, LocalWorker

TIMED_OUT = 'time ran out <span class="code dim">timed_out</span>'
Make = Callable[..., Task]


@pytest.fixture
def client(valkey: redis.Redis, transactional_db: None, staff: Any) -> Any:
    return client_of(staff)


def text_of(client: Any, task: Task) -> str:
    answer = client.get(page_of(task))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_waiting_task_says_its_place(accept: Any, client: Any) -> None:
    accept("toy_echo", order_key="a")
    second = accept("toy_echo", order_key="b").task

    content = text_of(client, second)

    assert "Waiting: 1 task is before this one" in content
    assert "pill-pending" in content


def test_a_finished_task_shows_all_of_it(accept: Any, worker: LocalWorker, client: Any) -> None:
    task = accept("toy_echo", word="hello", idempotency_key="k-1").task
    worker.work()

    content = text_of(client, task)

    for words in ("pill-success", "Attempt 1: done", "Thinking", "k-1", "word.txt", "text/plain", "6 B", "toy-1"):
        assert words in content
    assert f"/api/v1/tasks/{task.pk}/artifacts/word.txt" in content
    assert client.get(f"/api/v1/tasks/{task.pk}/artifacts/word.txt").content == b"onetwo"


def test_a_failed_task_says_type_code_and_field(accept: Any, worker: LocalWorker, client: Any) -> None:
    task = accept("toy_bad", word="x").task
    worker.work()

    content = text_of(client, task)

    for words in ("data_validation_error", "no_such_word", ">word<", "this word does not exist", "Attempt 1: failed"):
        assert words in content


def test_each_attempt_stands_in_the_timeline(make_task: Make, client: Any) -> None:
    task = make_task(status=Status.PROCESSING, attempt=2, current_step="thinking", steps=[["thinking", 0.5]])
    Attempt.objects.create(
        task=task, number=1, worker="elsewhere:0:7:7", started_at=NOON, ended_at=NOON + timedelta(seconds=2),
        outcome=Outcome.DIED, error_type="resource_error", error_code="worker_died", error_message="it died",
    )  # fmt: skip

    content = text_of(client, task)

    assert content.index("Accepted") < content.index("Attempt 1: worker died") < content.index("Attempt 2: processing")
    for words in ("elsewhere:0:7:7", "memory or disk · worker_died · it died", 'aria-current="step"'):
        assert words in content


def test_a_sound_can_be_heard_on_the_page(make_task: Make, client: Any) -> None:
    task = make_task(status=Status.SUCCESS)
    name = default_storage.save("artifacts/test.ogg", ContentFile(b"OggS"))
    for kind, file in (("audio/ogg", "speech.ogg"), ("audio/pcm", "speech.pcm"), ("text/html", "page.html")):
        Artifact.objects.create(task=task, name=file, content_type=kind, bytes=4, file=name, created_at=NOON)

    content = text_of(client, task)

    assert content.count("<audio") == 1
    assert f'<audio controls preload="metadata" src="/api/v1/tasks/{task.pk}/artifacts/speech.ogg">' in content
    assert 'download="page.html"' in content


def test_what_was_erased_is_said_to_be(make_task: Make, client: Any) -> None:
    task = make_task(status=Status.SUCCESS, inputs=retention.ERASED, kept_until=NOON)
    Result.objects.create(task=task, output=retention.ERASED, processing_seconds=1, created_at=NOON)

    content = text_of(client, task)

    assert content.count("Erased by the clean-up.") == 2
    assert "the row is deleted" in content


def test_relatives_are_linked(make_task: Make, client: Any) -> None:
    first, parent = make_task(status=Status.SUCCESS), make_task()
    task = make_task(status=Status.SUCCESS, retried_from=first, parent=parent)
    again = make_task(retried_from=task)

    content = text_of(client, task)

    for other in (first, parent, again):
        assert page_of(other) in content


def test_who_may_not_see_people_gets_no_link_to_them(make_task: Make, valkey: redis.Redis) -> None:
    task = make_task()
    viewer = client_of(person("viewer", "jobs.view_task", is_staff=True))

    content = text_of(viewer, task)

    assert "hana" in content
    assert "/admin/auth/user/" not in content


@pytest.mark.parametrize("status", Status)
def test_every_state_has_a_page_in_both_languages(make_task: Make, client: Any, status: Status) -> None:
    task = make_task(status=status, not_before=NOON + timedelta(days=9000) if status == Status.RETRY else None)

    for language in ("ja", "en"):
        answer = client.get(page_of(task), headers={"Accept-Language": language})
        assert f"pill-{status.value}" in answer.content.decode()


def test_a_task_of_a_function_that_left_the_code_has_a_page(make_task: Make, client: Any) -> None:
    task = make_task(function="left_the_code", status=Status.SUCCESS, inputs=["no", "object"], steps=[["odd", 1]])

    assert "left_the_code" in text_of(client, task)


def test_the_page_costs_a_few_queries(make_task: Make, client: Any, django_assert_max_num_queries: Any) -> None:
    task = make_task(status=Status.SUCCESS, attempt=9)
    for number in range(1, 10):
        Attempt.objects.create(
            task=task, number=number, worker="w", started_at=NOON, ended_at=NOON, outcome=Outcome.RETRY
        )

    with django_assert_max_num_queries(12):
        text_of(client, task)


def test_a_long_text_is_cut_with_a_word() -> None:
    shown = values({"word": "あ" * (MAX_CHARACTERS + 7)}, None)

    assert shown.fields[0].value.endswith("7 more characters") or "7" in shown.fields[0].value[-20:]
    assert len(shown.json) < MAX_CHARACTERS + 100


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.00 s"), (0.254, "0.25 s"), (3.46, "3.5 s"), (59.4, "59 s"), (125, "2 min 5 s"), (11_000, "3 h 3 min")],
)
def test_lengths_of_time(seconds: float, words: str, settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"

    assert figures.seconds(seconds) == words


# The dashboard


def test_the_dashboard_tells_queues_workers_and_failures(make_task: Make, accept: Any, client: Any, owner: Any) -> None:
    waiting = accept("toy_echo").task
    running = make_task(status=Status.PROCESSING, started_at=clock.now(), created_at=clock.now())
    failed = make_task(
        status=Status.FAILURE, created_at=clock.now(), error_type="timeout_error", error_code="timed_out"
    )
    stats.beat({"here:0:41:1": {"host": "here", "pid": 41, "lane": "interactive", "task": str(running.pk)}})

    content = client.get("/admin/").content.decode()

    assert queue.sizes() == {"interactive": 0, "bulk": 1}
    assert '<th scope="row">bulk</th><td class="figure">1</td>' in content
    for words in ("here · 41", "interactive only", page_of(running), page_of(failed), TIMED_OUT):
        assert words in content
    assert page_of(waiting) not in content


def test_the_dashboard_says_when_redis_is_away(make_task: Make, staff: Any, settings: Any) -> None:
    settings.REDIS_URL = ""
    make_task()

    for path in ("/admin/", "/admin/overview/"):
        answer = client_of(staff).get(path)
        assert answer.status_code == 200
        assert "Redis does not answer" in answer.content.decode()


def test_the_dashboard_says_when_no_worker_lives(client: Any) -> None:
    assert "No worker is alive" in client.get("/admin/").content.decode()


def test_nonsense_in_redis_does_not_stop_the_dashboard(client: Any, valkey: redis.Redis) -> None:
    now = clock.now().timestamp()
    valkey.hset(
        "koebako:workers", "odd", json.dumps({"at": now, "task": "no-uuid", "lane": "<script>alert(1)</script>"})
    )
    valkey.hset("koebako:workers", "<script>alert(2)</script>", json.dumps({"at": now, "host": "<script>alert(3)"}))

    content = client.get("/admin/").content.decode()

    assert "<script>alert" not in content


def test_who_may_not_see_tasks_gets_a_dashboard_without_them(make_task: Make, valkey: redis.Redis) -> None:
    make_task(status=Status.FAILURE, created_at=clock.now())
    client = client_of(person("low", is_staff=True))

    content = client.get("/admin/").content.decode()

    assert 'id="overview"' not in content
    assert LIST not in content


def test_the_side_bar_names_what_one_may_see(valkey: redis.Redis, transactional_db: None) -> None:
    content = client_of(person("viewer", "jobs.view_task", is_staff=True)).get("/admin/").content.decode()

    assert LIST in content
    assert "/admin/access/" not in content


def test_a_list_of_figures_takes_a_line_and_one_of_things_as_many_as_they_have() -> None:
    peaks, things = values({"peaks": [0, 3, 100], "things": [{"a": 1}]}, None).fields

    assert (peaks.value, peaks.kind) == ("[0, 3, 100]", "json")
    assert things.value.count("\n") == 4
