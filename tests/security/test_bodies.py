"""What stands in a body, and not in the address: ids of others, fields nobody asked for, keys of somebody else's."""

import json
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.test import Client

from jobs.access import accounts, tokens
from jobs.access.models import Platform
from jobs.announcements import edit
from jobs.delivery.models import Endpoint
from jobs.practice.models import PracticeRecord, PracticeSession
from jobs.runtime import clock
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Source, Task, Upload
from tests.security.cast import Role
from tests.security.conftest import World
from tests.security.table import Table, undone

JSON = "application/json"


def send(client: Client, method: str, path: str, body: Any) -> Any:
    return client.generic(method, path, json.dumps(body), content_type=JSON)


def upload_of(owner: User) -> Upload:
    now = clock.now()
    return Upload.objects.create(
        owner=owner, file="uploads/x", bytes=1, content_type="audio/wav", seconds=1.0, sha256="0" * 64, created_at=now,
        expires_at=now.replace(year=now.year + 1),
    )  # fmt: skip


def shape(answer: Any) -> Any:
    told = answer.json()
    # The only thing in which two answers may differ.
    told.pop("request_id", None)
    return answer.status_code, told


def test_an_id_of_anothers_in_a_body_is_like_one_of_nobodys(world: World) -> None:
    table, taro = Table(), world.role("other").client
    hers, nobodys = world.hers, world.nobodys
    uploads = {"hers": str(upload_of(hers.owner).pk), "nobody's": str(uuid4())}
    of_record = {"hers": str(hers.ids["record"]), "nobody's": str(nobodys.ids["record"])}
    of_session = {"hers": str(hers.ids["practice"]), "nobody's": str(nobodys.ids["practice"])}
    endpoints = {"hers": str(hers.ids["endpoint"]), "nobody's": str(uuid4())}
    chats = {"hers": "701", "nobody's": "999"}
    asked: dict[str, tuple[str, str, Any, dict[str, str]]] = {
        "an upload": ("POST", "/api/v1/functions/transcription/invoke", lambda i: {"input": {"recording": i}}, uploads),
        "a record": ("POST", "/api/v1/functions/analysis/invoke", lambda i: {"input": {"practice_record_id": i}},
        of_record),
        "a record to submit": ("POST", "/api/v1/tasks/analysis/submit", lambda i: {"practice_record_id": i}, of_record),
        "a session to submit": ("POST", "/api/v1/tasks/analysis/submit", lambda i: {"practice_session_id": i},
        of_session),
        "an endpoint": ("PUT", "/api/v1/weather/subscription", lambda i: _wish("webhook", i), endpoints),
        "a chat": ("PUT", "/api/v1/weather/subscription", lambda i: _wish("telegram", i), chats),
        "a guild": ("PUT", "/api/v1/weather/subscription", lambda i: _wish("discord", i), {"hers": "777",
        "nobody's": "778"}),
        "another's chat as a guild": ("PUT", "/api/v1/weather/subscription", lambda i: _wish("discord", i), chats),
    }  # fmt: skip
    for what, (method, path, body, ids) in asked.items():
        told = {}
        for whose, each in ids.items():
            with undone() as written:
                answer = send(taro, method, path, body(each))
            table.cell(f"{what}: {whose}", answer.status_code, {404, 422})
            table.cell(f"{what}: {whose} writes", written, [])
            told[whose] = json.dumps(shape(answer)).replace(each, "*")
        table.cell(f"{what}: hers is like nobody's", told["hers"], told["nobody's"])
    table.check(at_least=36)


def _wish(kind: str, place: str) -> dict[str, Any]:
    return {"announcement_time": "07:30", "place": "横浜市", "deliver_to": [{"kind": kind, "id": place}]}


def test_ones_own_ids_in_the_same_bodies_are_taken(world: World) -> None:
    """Or the table above could not fail."""
    hana = world.role("owner").client
    told = [
        send(hana, "POST", "/api/v1/tasks/analysis/submit", {"practice_record_id": str(world.hers.ids["record"])}),
        send(hana, "PUT", "/api/v1/weather/subscription", _wish("webhook", str(world.hers.ids["endpoint"]))),
        send(hana, "PUT", "/api/v1/weather/subscription", _wish("telegram", "701")),
    ]
    assert [answer.status_code for answer in told] == [202, 200, 200]


def test_a_key_of_anothers_is_no_key_of_mine(world: World) -> None:
    body = {"input": {"word": "hers"}, "idempotency_key": "k"}
    hers = send(world.role("owner").client, "POST", "/api/v1/functions/toy_echo/invoke", body)
    his = send(world.role("other").client, "POST", "/api/v1/functions/toy_echo/invoke", body)
    other = send(
        world.role("other").client, "POST", "/api/v1/functions/toy_echo/invoke", {**body, "input": {"word": "his"}}
    )

    assert (hers.status_code, his.status_code, other.status_code) == (202, 202, 422)
    assert hers.json()["task_id"] != his.json()["task_id"]
    assert "Idempotency-Replayed" not in his
    assert hers.json()["task_id"] not in other.content.decode()


# Fields of rows and of the inside, in the bodies of all that takes one.
UNASKED = {
    "owner": 1, "owner_id": 1, "user": 1, "user_id": 1, "id": str(uuid4()), "task_id": str(uuid4()), "pk": 1,
    "status": "success",
    "state": "sent", "is_staff": True, "is_superuser": True, "scopes": ["staff"], "parent": str(uuid4()),
    "parent_id": str(uuid4()),
    "retried_from": str(uuid4()), "unique_key": "x", "sequence_key": "x", "order_key": "guild:777", "source": "admin",
    "queue": "interactive",
    "worker": "x", "attempt": 9, "max_retries": 99, "kept_until": "2099-01-01T00:00:00Z",
    "created_at": "2000-01-01T00:00:00Z",
    "sealed": "x", "secret": "whsec_x", "disabled_at": None, "enabled": True, "recording": "/etc/passwd",
    "file": "../x", "key_id": "x",
    "__class__": "x", "_connector": "OR", "owner__username": "hana", "pk__in": [1], "$where": "1",
    "__proto__": {"x": 1}, "next_due_at": None,
    "awaits_children": True, "siblings_at_once": 1, "body_hash": "x", "idempotency_replayed": True, "mode": "sync",
    "job_id": "img_x",
}  # fmt: skip
TAKES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "invoke": ("POST", "/api/v1/functions/toy_echo/invoke", {"input": {"word": "x"}}),
    "a function's input": ("POST", "/api/v1/functions/toy_echo/invoke", {"word": "x"}),
    "endpoint": ("POST", "/api/v1/webhooks", {"url": "https://example.com/new"}),
    "menu": ("POST", "/api/v1/image/generate-async", {"final_menu": {"前菜": [{"japanese_name": "豆腐"}]}}),
    "menus": ("POST", "/api/v1/image/generate-batch", {"menus": [{"final_menu": {"菜": [{"japanese_name": "豆"}]}}]}),
    "subscription": ("PUT", "/api/v1/weather/subscription", {"announcement_time": "07:30", "place": "横浜市"}),
    "session": ("POST", "/api/v1/practice/sessions", {"title": "t"}),
    "submit": ("POST", "/api/v1/tasks/analysis/submit", {"practice_record_id": "{record}"}),
    "cancel": ("POST", "/api/v1/tasks/{open}/cancel", {}),
    "retry": ("POST", "/api/v1/tasks/{done}/retry", {}),
    "rotate": ("POST", "/api/v1/webhooks/{endpoint}/rotate", {}),
}  # fmt: skip


def test_a_field_that_nobody_asked_for_is_refused_or_changes_nothing(world: World) -> None:
    table, hana, before = Table(), world.role("owner"), _counted(world)
    for name, (method, path, body) in TAKES.items():
        # All of them where a row is made of what is sent; elsewhere one in five.
        for field, value in list(UNASKED.items())[:: 1 if name in ("invoke", "endpoint", "subscription") else 5]:
            if field in body or (field == "recording" and name == "a function's input"):
                continue
            said: dict[str, Any] = {
                key: world.hers.path(each) if isinstance(each, str) else each for key, each in body.items()
            }
            said[field] = value
            if name == "a function's input":
                said = {"input": said}
            with undone() as written:
                answer = send(hana.client, method, world.hers.path(path), said)
                after = _counted(world)
            table.cell(f"{name} with {field}", answer.status_code, {400, 422})
            table.cell(f"{name} with {field} writes", written, [])
            table.cell(f"{name} with {field} of others", after, before)
    table.check(at_least=500)


def _counted(world: World) -> tuple[int, ...]:
    """Return how much is somebody else's, and how much says of itself what only the house says."""
    his, hers = world.his.owner, Task.objects.filter(owner=world.hers.owner)
    own = [model.objects.filter(owner=his).count() for model in (Task, Endpoint, PracticeSession)]
    return (*own, his.api_tokens.count(), hers.filter(source=Source.ADMIN).count())


def test_pages_forms_take_no_more_either(world: World) -> None:
    table, hana, before = Table(), world.role("owner").client, _counted(world)
    forms: dict[str, dict[str, Any]] = {
        "/": {"text": "こんにちは", "key": "k"},
        "/account/": {"name": "n", "days": "30", "scopes": "tasks"},
        "/account/webhooks/": {"url": "https://example.com/new"},
        "/practice/": {"title": "t"},
        "/weather/": {"announcement_time": "08:00", "time_zone": "Asia/Tokyo", "place": "横浜市", "voice": "mei_normal",
        "days": "mon"},
    }  # fmt: skip
    taro = world.his.owner.pk
    for path, form in forms.items():
        with undone():
            hana.post(
                path,
                {
                    **form,
                    "owner": taro,
                    "owner_id": taro,
                    "user": taro,
                    "user_id": taro,
                    "source": "admin",
                    "is_staff": "on",
                },
            )
            table.cell(path, _counted(world), before)
    with undone():
        hana.post("/account/", {"name": "n", "days": "30", "scopes": ["staff", "tasks"]})
        made = [token.scopes for token in world.hers.owner.api_tokens.all() if "staff" in token.scopes]
        table.cell("a token with more than its maker may", made, [])
    table.check(at_least=6)


def test_what_somebody_was_is_no_right_to_go_on(world: World) -> None:
    """A member of the staff who is none any more: their own tasks of that time, and what their token could."""
    table = Table()
    was = User.objects.create_user("was", is_staff=True, is_superuser=True)
    _token, secret = tokens.issue(was, name="n", scopes=["staff", "tasks", "invoke"])
    task = invoke("cleanup", {}, owner=was, source=Source.API).task
    Task.objects.filter(pk=task.pk).update(status="success", completed_at=clock.now())
    browser, program = Client(), Client(headers={"authorization": f"Bearer {secret}"})
    browser.force_login(was)
    User.objects.filter(pk=was.pk).update(is_staff=False, is_superuser=False)
    doors = [
        ("POST", f"/api/v1/tasks/{task.pk}/retry", {}), ("POST", "/api/v1/functions/cleanup/invoke", {"input": {}}),
        ("POST", f"/tasks/{task.pk}/again", {}), ("GET", "/api/v1/admin/tasks/stats", {}), ("POST",
        "/api/v1/admin/tasks/cleanup", {}),
        ("DELETE", f"/api/v1/admin/tasks/{world.hers.ids['open']}", {}), ("GET",
        f"/api/v1/tasks/{world.hers.ids['done']}", {}),
        ("POST", "/api/v1/discord/guilds/777/announce", {"text": "x"}), ("GET", "/admin/", {}), ("GET",
        "/admin/jobs/task/", {}),
        ("POST", "/api/v1/functions/toy_echo/invoke", {"input": {"word": "x"}, "priority": 0}),
    ]  # fmt: skip
    for method, path, body in doors:
        for name, client in (("login", browser), ("token", program)):
            with undone() as written:
                answer = send(client, method, path, body)
            table.cell(f"{name} {method} {path}", answer.status_code, {302, 403, 404})
            table.cell(f"{name} {method} {path} writes", written, [])
    table.check(at_least=44)


def test_a_chat_that_goes_over_to_somebody_else_takes_its_places_along(world: World) -> None:
    """What was linked once is asked again when it is brought there."""
    owner = world.hers.owner
    edit.save(owner, edit.Wish("07:30", place="横浜市", deliver_to=[{"kind": "telegram", "id": "701"}]))
    account = accounts.first_contact(Platform.TELEGRAM, "701")
    account.user = world.his.owner
    account.save()

    row = edit.find(owner)
    assert row is not None
    assert edit.wish_of(row).deliver_to == []


def test_a_record_is_its_sessions_and_no_other_ones(world: World) -> None:
    """The address names two things: both must be mine, and one must belong to the other."""
    table = Table()
    hers, his = world.hers.ids, world.his.ids
    second = PracticeSession.objects.create(owner=world.hers.owner, created_at=clock.now())
    pairs = [(his["practice"], hers["record"]), (hers["practice"], his["record"]), (second.pk, hers["record"])]
    role: Role = world.role("owner")
    for session, record in pairs:
        for method in ("GET", "DELETE"):
            path = f"/api/v1/practice/sessions/{session}/records/{record}"
            table.cell(f"{method} {path}", role.client.generic(method, path).status_code, 404)
        for path in ("", "/card", "/analyse", "/cancel", "/delete", "/reference"):
            method = "GET" if path in ("", "/card") else "POST"
            answer = role.client.generic(method, f"/practice/{session}/records/{record}{path}")
            table.cell(f"{method} {path}", answer.status_code, 404)
    table.cell("records", PracticeRecord.objects.count(), 4)
    table.check(at_least=25)
