"""Pausing a queue from the dashboard: what it shows, who may switch, and what the book says of it."""

from typing import Any

import pytest
import redis

from jobs.access.models import AuditEntry
from jobs.runtime import admission
from jobs.runtime.models import Pause, Status
from jobs.runtime.registry import QUEUES
from tests.runtime.admin_site import client_of, person

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
        assert text.count("paused</span>") == 1
        assert f'action="{RESUME}"' in text
        assert f'action="{PAUSE}"' not in text
        assert 'action="/admin/queues/interactive/pause/"' in text
        assert 'title="boss"' in text


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


def test_without_redis_nothing_is_switched_and_nothing_is_written(
    valkey: redis.Redis, staff: Any, settings: Any
) -> None:
    client = client_of(staff)
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    answer = client.post(PAUSE, follow=True).content.decode()

    assert "nothing was switched" in answer
    assert not Pause.objects.exists()
    assert not AuditEntry.objects.exists()


def test_without_redis_a_pause_stays(valkey: redis.Redis, staff: Any, settings: Any) -> None:
    admission.pause("bulk", by=staff)
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    answer = client_of(staff).post(RESUME, follow=True).content.decode()

    assert "nothing was switched" in answer
    assert "paused</span>" in answer
    assert Pause.objects.get().queue == "bulk"
    assert not AuditEntry.objects.exists()


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
