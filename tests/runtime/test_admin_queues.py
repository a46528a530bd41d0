"""Pausing a queue and emptying it: what the pages show, who may, and what the book says of it."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import DatabaseError

from jobs.access.models import AuditEntry
from jobs.runtime import admission, clock, queue
from jobs.runtime.admin import purge
from jobs.runtime.cancel import cancel
from jobs.runtime.models import Pause, Status, Task
from jobs.runtime.registry import QUEUES
from jobs.runtime.signals import task_finished
from tests.runtime.admin_site import client_of, person
from tests.runtime.conftest import NOON
from tests.runtime.test_admin_overview import count

DASHBOARD = "/admin/"
PAUSE, RESUME = "/admin/queues/bulk/pause/", "/admin/queues/bulk/resume/"


def text_of(client: Any, url: str = DASHBOARD) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def written() -> list[tuple[Any, ...]]:
    book = AuditEntry.objects.order_by("pk")
    return list(book.values_list("action", "actor__username", "object_type", "object_id"))


def test_a_queue_is_paused_and_resumed_and_both_stand_in_the_audit_book(valkey: redis.Redis, staff: Any) -> None:
    client = client_of(staff)

    assert "bulk hands nothing out until it is resumed." in client.post(PAUSE, follow=True).content.decode()
    assert Pause.objects.get().paused_by == "boss"
    assert "bulk hands out again." in client.post(RESUME, follow=True).content.decode()

    assert not Pause.objects.exists()
    assert written() == [("queue_paused", "boss", "queue", "bulk"), ("queue_resumed", "boss", "queue", "bulk")]
    assert "queue paused" in text_of(client, "/admin/access/auditentry/")


def test_the_dashboard_and_its_fragment_say_what_is_paused(valkey: redis.Redis, staff: Any) -> None:
    client = client_of(staff)
    before = text_of(client)
    assert "paused</span>" not in before
    assert all(f'action="/admin/queues/{queue}/pause/"' in before for queue in QUEUES)

    client.post(PAUSE)

    for text in (text_of(client), text_of(client, "/admin/overview/")):
        assert text.count('title="boss">paused</span>') == 1
        assert f'action="{RESUME}"' in text
        assert f'action="{PAUSE}"' not in text
        assert 'action="/admin/queues/interactive/pause/"' in text


def test_a_paused_queue_hands_nothing_out_until_it_is_resumed(accept: Any, worker: Any, staff: Any) -> None:
    client = client_of(staff)
    client.post(PAUSE)
    task = accept("toy_echo", word="hello").task

    assert worker.work() == []
    client.post(RESUME)

    assert [done.pk for done in worker.work()] == [task.pk]
    task.refresh_from_db()
    assert task.status == Status.SUCCESS


def test_a_switch_that_changes_nothing_is_not_written_down(valkey: redis.Redis, staff: Any) -> None:
    client = client_of(staff)

    assert client.post(RESUME).status_code == 302
    assert client.post(PAUSE).status_code == client.post(PAUSE).status_code == 302

    assert [action for action, *_rest in written()] == ["queue_paused"]


def test_without_redis_a_switch_is_noted_with_its_entry_and_holds_once_redis_is_back(
    accept: Any, worker: Any, staff: Any, settings: Any
) -> None:
    client, there, task = client_of(staff), settings.REDIS_URL, accept("toy_echo", word="hello").task
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    answer = client.post(PAUSE, follow=True).content.decode()
    settings.REDIS_URL = there

    assert "bulk hands nothing out until it is resumed." in answer
    assert "this is noted, and holds once it does" in answer
    assert Pause.objects.get().queue == "bulk"
    assert written() == [("queue_paused", "boss", "queue", "bulk")]
    admission.keep_pauses()  # the keeper's duty of each second
    assert worker.work() == []

    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    assert "this is noted, and holds once it does" in client.post(RESUME, follow=True).content.decode()
    settings.REDIS_URL = there

    assert not Pause.objects.exists()
    assert [action for action, *_rest in written()] == ["queue_paused", "queue_resumed"]
    admission.keep_pauses()
    assert [done.pk for done in worker.work()] == [task.pk]


def test_a_switch_that_the_book_refuses_is_none(
    valkey: redis.Redis, transactional_db: None, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise DatabaseError("no room")

    monkeypatch.setattr(AuditEntry.objects, "create", refuse)

    with pytest.raises(DatabaseError):
        client_of(staff).post(PAUSE)

    assert not Pause.objects.exists()
    assert not valkey.exists("koebako:paused")


@pytest.mark.parametrize(
    ("permissions", "flags", "switches"),
    [
        ([], {"is_staff": True}, 403),
        (["jobs.change_pause"], {"is_staff": True}, 403),
        (["jobs.view_task"], {"is_staff": True}, 403),
        (["jobs.view_task", "jobs.change_pause"], {"is_staff": True}, 302),
        (["jobs.view_task", "jobs.change_pause"], {}, 302),
    ],
)
def test_who_may_pause_and_who_sees_the_buttons(
    valkey: redis.Redis, db: None, permissions: list[str], flags: dict[str, bool], switches: int
) -> None:
    client = client_of(person("somebody", *permissions, **flags))

    assert client.post(PAUSE).status_code == switches

    # One who is not staff is sent to the login.
    may = switches == 302 and bool(flags)
    assert Pause.objects.exists() is may
    assert (b'id="switch-bulk"' in client.get(DASHBOARD).content) is may


def test_nobody_who_is_not_logged_in_switches(valkey: redis.Redis, db: None) -> None:
    answer = client_of(None).post(PAUSE)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")
    assert not Pause.objects.exists()


def test_no_get_switches_and_a_post_needs_its_token(valkey: redis.Redis, staff: Any) -> None:
    assert client_of(staff).get(PAUSE).status_code == 405
    assert client_of(staff).get(RESUME).status_code == 405
    assert client_of(staff, enforce_csrf_checks=True).post(PAUSE).status_code == 403

    assert not Pause.objects.exists()


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize("queue", ["nobody", "Bulk", "bulk2"])
def test_a_queue_that_does_not_exist_is_not_found(valkey: redis.Redis, staff: Any, queue: str, verb: str) -> None:
    assert client_of(staff).post(f"/admin/queues/{queue}/{verb}/").status_code == 404

    assert not Pause.objects.exists()


# The page of the queues

PAGE, PURGE = "/admin/queues/", "/admin/queues/bulk/purge/"


def card(client: Any, queue: str = "bulk") -> str:
    """Return the words of a queue's card."""
    content = text_of(client, PAGE).partition(f'<h2 id="queue-{queue}">')[2].partition("</section>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", content)).split())


def test_a_queue_says_how_it_stands(accept: Any, make_task: Any, valkey: redis.Redis, staff: Any) -> None:
    client = client_of(staff)
    accept("toy_echo", word="ready")
    queue.delay(make_task(status=Status.RETRY, not_before=clock.now() + timedelta(hours=1)).pk, until=NOON)
    make_task(status=Status.PROCESSING)
    count(done=30)

    words = card(client)

    assert re.search(r"ready 1 delayed 1 running 1 oldest waits \d", words)
    assert "pace of 15 min 2.0 / min" in words
    assert "worked off in about 30 s" in words
    assert "ready 0 delayed 0 running 0" in card(client, "interactive")


def test_a_paused_queue_says_by_whom_and_its_button_leads_back(valkey: redis.Redis, staff: Any) -> None:
    client = client_of(staff)

    assert client.post(PAUSE, {"from": "queues"}).headers["Location"] == PAGE
    assert client.post("/admin/queues/interactive/pause/", {"from": "//evil"}).headers["Location"] == DASHBOARD

    assert "Paused by boss, just now" in card(client)
    assert "not while it is paused" in card(client)


def test_without_a_pace_nothing_is_promised(accept: Any, staff: Any) -> None:
    accept("toy_echo", word="ready")

    assert "not known: nothing has ended in 15 min" in card(client_of(staff))


# Emptying a queue


def test_a_queue_is_emptied_by_who_types_its_name(accept: Any, make_task: Any, staff: Any) -> None:
    client = client_of(staff)
    waiting = [accept("toy_echo", word=str(number)).task for number in range(3)]
    retried = make_task(status=Status.RETRY, not_before=clock.now() + timedelta(hours=1))
    running, other = make_task(status=Status.PROCESSING), accept("toy_quick", word="x").task
    heard: list[Any] = []
    receiver = lambda sender, task, **_more: heard.append(task.pk)  # noqa: E731
    task_finished.connect(receiver)

    assert "<strong>4</strong> tasks wait in" in text_of(client, PURGE)
    wrong = client.post(PURGE, {"name": "interactive"}).content.decode()
    assert "not the queue&#x27;s name: nothing was cancelled" in wrong
    said = client.post(PURGE, {"name": "bulk"}, follow=True).content.decode()
    task_finished.disconnect(receiver)

    assert "4 tasks were cancelled." in said
    gone = {task.pk for task in [*waiting, retried]}
    assert set(Task.objects.filter(status=Status.CANCELLED).values_list("pk", flat=True)) == gone == set(heard)
    assert {each.pk for each in Task.objects.exclude(status=Status.CANCELLED)} == {running.pk, other.pk}
    assert queue.sizes() == {"interactive": 1, "bulk": 0}
    assert written()[0] == ("queue_purged", "boss", "queue", "bulk")
    assert sorted(written()[1:]) == sorted(("task_cancelled", "boss", "task", str(pk)) for pk in gone)
    assert AuditEntry.objects.first().details  # the newest: a task's


def test_a_long_queue_is_emptied_piece_by_piece_and_no_further_than_it_was(
    accept: Any, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "PIECE", 2)
    client = client_of(staff)
    first = [accept("toy_echo", word=str(number)).task.pk for number in range(5)]

    page = client.post(PURGE, {"name": "bulk"}).content.decode()
    late = accept("toy_echo", word="late").task
    cancel(Task.objects.get(pk=first[2]))
    steps = 1
    while token := re.search(r'name="run" value="([^"]+)"', page):
        assert "cancelled so far." in page
        answer = client.post(PURGE, {"run": token[1]}, follow=True)
        page, steps = answer.content.decode(), steps + 1

    assert steps == 3
    assert "4 tasks were cancelled." in page
    assert set(Task.objects.filter(status=Status.CANCELLED).values_list("pk", flat=True)) == set(first)
    assert Task.objects.get(pk=late.pk).status == Status.PENDING
    assert [action for action, *_rest in written()].count("queue_purged") == 1


def test_what_a_worker_has_begun_meanwhile_is_left_alone(
    accept: Any, worker: Any, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = accept("toy_echo", word="x").task

    def begin(task: Task, **options: Any) -> Task:
        worker.claim()
        return cancel(task, **options)

    monkeypatch.setattr(purge, "cancel", begin)
    said = client_of(staff).post(PURGE, {"name": "bulk"}, follow=True).content.decode()

    assert "1 task had begun or ended meanwhile and was left alone." in said
    task.refresh_from_db()
    assert task.status == Status.PROCESSING


def test_only_its_own_token_goes_on(accept: Any, staff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "PIECE", 1)
    for number in range(3):
        accept("toy_echo", word=str(number))
    page = client_of(staff).post(PURGE, {"name": "bulk"}).content.decode()
    token = re.search(r'name="run" value="([^"]+)"', page)[1]  # type: ignore[index]
    other = client_of(person("other", "jobs.view_task", "jobs.purge_queue", is_staff=True))

    monkeypatch.setattr(purge, "TOKEN_SECONDS", -1)
    answers = [client_of(staff).post(PURGE, {"run": token})]
    monkeypatch.undo()
    answers += [
        other.post(PURGE, {"run": token}),
        client_of(staff).post("/admin/queues/interactive/purge/", {"run": token}),
        client_of(staff).post(PURGE, {"run": token[:-1] + "_"}),
        client_of(staff).post(PURGE, {"run": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [302] * 5
    assert Task.objects.filter(status=Status.CANCELLED).count() == 1


def test_who_may_empty_a_queue_and_who_sees_the_button(accept: Any, staff: Any) -> None:
    accept("toy_echo", word="x")
    view, pause, may = "jobs.view_task", "jobs.change_pause", "jobs.purge_queue"
    cases = {
        "looks": ([view], {"is_staff": True}, 403),
        "pauses": ([view, pause], {"is_staff": True}, 403),
        "blind": ([may], {"is_staff": True}, 403),
        "user": ([view, may], {}, 302),
        "empties": ([view, may], {"is_staff": True}, 200),
    }

    got = {}
    for name, (permissions, flags, _status) in cases.items():
        client = client_of(person(name, *permissions, **flags))
        statuses = {client.get(PURGE).status_code, client.post(PURGE, {"name": "no"}).status_code}
        got[name] = (statuses, b'id="purge-bulk"' in client.get(PAGE).content)

    assert got == {name: ({status}, name == "empties") for name, (_p, _f, status) in cases.items()}
    assert client_of(staff, enforce_csrf_checks=True).post(PURGE, {"name": "bulk"}).status_code == 403
    assert client_of(staff).post("/admin/queues/nobody/purge/", {"name": "nobody"}).status_code == 404
    assert not AuditEntry.objects.exists()


def test_a_queue_is_emptied_without_redis_too(make_task: Any, staff: Any, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    make_task()

    assert "1 task was cancelled." in client_of(staff).post(PURGE, {"name": "bulk"}, follow=True).content.decode()
