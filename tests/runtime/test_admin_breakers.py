"""The page of the providers: what it shows in each state, who may switch, and what the book says of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.db import DatabaseError

from jobs.access.models import AuditEntry
from jobs.runtime import breaker as breakers
from jobs.runtime import providers as ports
from jobs.runtime.breaker import Breaker, Rules, State
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.providers import Provider, Providers
from tests.runtime.admin_site import client_of, person

PAGE = "/admin/breakers/"
OPEN, CLOSE = f"{PAGE}paint/gemini/open/", f"{PAGE}paint/gemini/close/"


@pytest.fixture
def gemini(valkey: redis.Redis, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Breaker]:
    monkeypatch.setattr(breakers, "_redis", breakers._Redis())
    monkeypatch.setattr(ports, "_ports", {})
    port = Providers(
        "paint",
        [
            Provider("gemini", object(), rules=Rules(failures=3)),
            Provider("here", object(), is_local=True),
        ],
    )
    return port.breakers["gemini"]


def fail(breaker: Breaker, times: int, **options: Any) -> None:
    for _time in range(times):
        breaker.failed(breaker.admit(), error="EngineUnavailable", **options)


def text_of(client: Any, url: str = PAGE) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_each_state_is_told_in_words(gemini: Breaker, valkey: redis.Redis, staff: Any) -> None:
    client = client_of(staff)
    assert "let through" in text_of(client)

    fail(gemini, 2)
    text = text_of(client)
    assert "let through" in text
    assert "2 / 3" in text
    assert "EngineUnavailable" in text

    fail(gemini, 1)
    assert "left alone" in text_of(client)
    assert "Until <time" in text_of(client)

    valkey.hset("koebako:breaker:paint:gemini", "until", 1)
    assert "The next call tries whether it is back" in text_of(client)
    gemini.admit()
    assert "One call tries whether it is back" in text_of(client)


def test_a_local_provider_is_shown_without_a_switch(gemini: Breaker, staff: Any) -> None:
    text = text_of(client_of(staff))

    assert "Runs in this house and has no breaker" in text
    assert "/here/open/" not in text
    assert client_of(staff).post(f"{PAGE}paint/here/open/").status_code == 404


def test_the_fragment_of_the_script_shows_the_same(gemini: Breaker, staff: Any) -> None:
    answer = client_of(staff).get(f"{PAGE}card/")

    assert "gemini" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_switch_opens_and_closes_and_stands_in_the_audit_book(gemini: Breaker, staff: Any) -> None:
    client = client_of(staff)

    assert "gemini is left alone." in client.post(OPEN, follow=True).content.decode()
    assert gemini.look().by_hand
    assert "By hand, until" in text_of(client)
    assert "gemini is let through." in client.post(CLOSE, follow=True).content.decode()

    assert gemini.look().state == State.CLOSED
    written = AuditEntry.objects.order_by("pk").values_list("action", "actor__username", "object_type", "object_id")
    assert list(written) == [
        ("provider_opened", "boss", "provider", "paint/gemini"),
        ("provider_closed", "boss", "provider", "paint/gemini"),
    ]
    assert "paint/gemini" in text_of(client, "/admin/access/auditentry/")


def test_without_redis_nothing_is_switched_and_nothing_is_written(gemini: Breaker, staff: Any, settings: Any) -> None:
    client = client_of(staff)
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    answer = client.post(OPEN, follow=True).content.decode()

    assert "nothing was switched" in answer
    assert "Redis does not answer" in answer
    assert not AuditEntry.objects.exists()


def test_redis_lost_on_the_way_is_told_and_written_down(
    gemini: Breaker, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini, "open_by_hand", lost)

    answer = client_of(staff).post(OPEN, follow=True).content.decode()

    assert "Redis went away meanwhile" in answer
    assert "is left alone." not in answer
    written = AuditEntry.objects.order_by("pk").values_list("action", "details")
    assert list(written) == [("provider_opened", {}), ("provider_opened", {"unconfirmed": "redis_unreachable"})]


def test_a_switch_that_the_book_refuses_is_none(gemini: Breaker, staff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise DatabaseError("no room")

    monkeypatch.setattr(AuditEntry.objects, "create", refuse)

    with pytest.raises(DatabaseError):
        client_of(staff).post(OPEN)

    assert gemini.look().state == State.CLOSED


def lost() -> None:
    raise QueueUnreachable


@pytest.mark.parametrize(
    ("permissions", "flags", "sees", "switches"),
    [
        ([], {"is_staff": True}, 403, 403),
        (["jobs.change_pause"], {"is_staff": True}, 403, 403),
        (["jobs.view_task"], {"is_staff": True}, 200, 403),
        (["jobs.view_task", "jobs.change_pause"], {"is_staff": True}, 200, 302),
        (["jobs.view_task", "jobs.change_pause"], {}, 302, 302),
    ],
)
def test_who_may_look_and_who_may_switch(
    gemini: Breaker, permissions: list[str], flags: dict[str, bool], sees: int, switches: int
) -> None:
    client = client_of(person("somebody", *permissions, **flags))

    assert client.get(PAGE).status_code == client.get(f"{PAGE}card/").status_code == sees
    assert client.post(OPEN).status_code == switches

    may = switches == 302 and sees == 200
    assert (gemini.look().state == State.OPEN) is may
    assert (b"Let through now" in client.get(PAGE).content) is may


def test_no_get_switches_and_a_post_needs_its_token(gemini: Breaker, staff: Any) -> None:
    assert client_of(staff).get(OPEN).status_code == 405
    assert client_of(staff, enforce_csrf_checks=True).post(OPEN).status_code == 403
    assert client_of(staff).post(f"{PAGE}paint/nobody/open/").status_code == 404

    assert gemini.look().state == State.CLOSED


def test_a_house_without_ports_says_so(valkey: redis.Redis, staff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_ports", {})

    assert "No function of this house uses a provider from outside yet." in text_of(client_of(staff))
