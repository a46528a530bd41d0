"""S13: a socket opens for whoever may, from a page of this very place, and closes when they may no more."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.security.websocket import AllowedHostsOriginValidator
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.test import Client

from jobs.access import links, tokens
from jobs.access.models import ApiToken
from jobs.live import events, routing, watch
from jobs.live.routing import websocket_application
from jobs.runtime.models import Status, Task
from tests.live.conftest import *  # noqa: F403 - its tasks in any state
from tests.security.conftest import without_limits
from tests.security.table import Table

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "koe.test"
# How often a watcher's right is looked at, here; in the house every ten seconds, and the list wants sixty at most.
BRIEF = watch.Pauses(running_seconds=0.05, waiting_seconds=0.05, batch_seconds=0.01)
IS_HERS = {"http://koe.test", "https://koe.test", "http://KOE.test", "https://public.koe.test"}
ORIGINS = [
    *IS_HERS, "http://koe.test:80", "http://koe.test:8000", "https://koe.test:443", "https://koe.test:8443",
    "http://koe.test.", "http://koe.test/", "http://koe.test/page", "http://koe.test?x", "http://koe.test#x",
    "http://user@koe.test", "http://koe.test@evil.test", "http://evil.test@koe.test", "http://koe.test.evil.test",
    "http://evilkoe.test", "http://sub.koe.test", "http://evil.test", "https://evil.test:443", "null", "", " ", "*",
    "file://", "file:///", "chrome-extension://koe.test", "ftp://koe.test", "javascript://koe.test", "koe.test",
    "//koe.test",
    "http:koe.test", "http:/koe.test", "HTTP://koe.test ", " http://koe.test", "http://koe.test\t",
    "http://koe.test http://evil.test",
    "http://ｋｏｅ.test", "http://xn--koe.test", "http://koe.test\x00", "http://[::1]", "http://127.0.0.1",
    "http://localhost",
    "http://public.koe.test", "https://public.koe.test:443", "http://2130706433", "data:text/html,x", "about:blank",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _here(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = [HERE, "public.koe.test"], "https://public.koe.test"
    without_limits(settings)
    # Channels reads the hosts once, when a process starts.
    started = AllowedHostsOriginValidator(AuthMiddlewareStack(routing._sockets))
    monkeypatch.setattr(routing, "_from_browsers", started)


def cookie_of(user: User) -> tuple[bytes, bytes]:
    browser = Client()
    browser.force_login(user)
    return b"cookie", f"sessionid={browser.cookies['sessionid'].value}".encode()


def socket(path: str, *headers: tuple[bytes, bytes], origin: str | None = f"http://{HERE}") -> WebsocketCommunicator:
    told = [(b"host", HERE.encode()), *headers]
    if origin is not None:
        told.append((b"origin", origin.encode("latin-1", "replace")))
    return WebsocketCommunicator(websocket_application, path, headers=told)


async def said(line: WebsocketCommunicator, first: Any = None) -> Any:
    """Open it, say `first`; return the code it is closed with, "refused" when it is not opened, or what it says."""
    accepted, _code = await line.connect(timeout=60)
    if not accepted:
        return "refused"
    if first is not None:
        await line.send_input({"type": "websocket.receive", **first})
    message = await line.receive_output(timeout=60)
    told = message.get("code", "snapshot")
    await line.disconnect()
    return told


async def test_forty_origins_and_one_place(make_task: Callable[..., Task], owner: User) -> None:
    table = Table()
    task, cookie = make_task(Status.CANCELLED), await sync_to_async(cookie_of)(owner)
    path = f"/api/v1/tasks/ws/task/{task.pk}"
    for origin in ORIGINS:
        table.cell(
            repr(origin),
            await said(socket(path, cookie, origin=origin)),
            "snapshot" if origin in IS_HERS else "refused",
        )
    # Two of them, and no host at all: nobody's browser sends that.
    twice = socket(path, cookie, (b"origin", b"http://evil.test"))
    table.cell("two origins", await said(twice), "refused")
    table.cell("two hosts", await said(socket(path, cookie, (b"host", b"evil.test"))), "refused")
    rebound = WebsocketCommunicator(
        websocket_application, path, headers=[(b"host", b"evil.test"), (b"origin", b"http://evil.test"), cookie]
    )
    table.cell("a name that was pointed here", await said(rebound), "refused")
    # Without one: a program, whose cookie says nothing.
    table.cell("no origin", await said(socket(path, cookie, origin=None), {"text": "{}"}), 4401)
    table.check(at_least=45)


async def test_who_may_open_which_socket(
    make_task: Callable[..., Task], make_job: Any, owner: User, stranger: User
) -> None:
    table = Table()
    task, job = make_task(Status.PENDING), make_job()
    everybody = await sync_to_async(_everybody)(owner, stranger)
    paths = {
        "own": f"/api/v1/tasks/ws/task/{task.pk}", "pictures": f"/api/v1/image/ws/{job.job_id}",
        "unknown": f"/api/v1/tasks/ws/task/{uuid4()}",
        "unknown pictures": "/api/v1/image/ws/img_20260101_000000_abcdef",
    }  # fmt: skip
    may_see = {"owner", "viewer", "owner's token"}
    for name, (headers, first) in everybody.items():
        for what, path in paths.items():
            origin = None if first else f"http://{HERE}"
            got = await said(socket(path, *headers, origin=origin), first or {"text": "{}"})
            known = name not in ("nobody", "locked out", "no token", "wrong scope", "revoked")
            right = 4401 if not known else "snapshot" if name in may_see and "unknown" not in what else 4404
            table.cell(f"{name} {what}", got, right)
    for path, right in {"/ws/tasks": {"viewer"}, "/ws/mine": {"owner", "stranger", "viewer", "bare staff"}}.items():
        for name, (headers, first) in everybody.items():
            line = socket(path, *headers, origin=None if first else f"http://{HERE}")
            accepted, _code = await line.connect(timeout=60)
            closed = await line.receive_nothing(timeout=0.05) is False
            table.cell(f"{name} {path}", (accepted, closed), (True, name not in right))
            await line.disconnect()
    table.check(at_least=50)


def _everybody(owner: User, stranger: User) -> dict[str, tuple[list[tuple[bytes, bytes]], dict[str, str] | None]]:
    viewer, bare, gone = (User.objects.create_user(name, is_staff=True) for name in ("viewer", "bare", "gone"))
    seeing = ["view_task", "view_content"]
    viewer.user_permissions.set(Permission.objects.filter(codename__in=seeing, content_type__app_label="jobs"))
    found: dict[str, Any] = {"nobody": ([], None)}
    people = {"owner": owner, "stranger": stranger, "viewer": viewer, "bare staff": bare, "locked out": gone}
    found |= {name: ([cookie_of(user)], None) for name, user in people.items()}
    User.objects.filter(pk=gone.pk).update(is_active=False)
    ended, ended_secret = tokens.issue(owner, name="n")
    tokens.revoke(ended, actor=owner)
    secrets = {
        "owner's token": tokens.issue(owner, name="n", scopes=["tasks"])[1],
        "stranger's token": tokens.issue(stranger, name="n")[1],
        "wrong scope": tokens.issue(owner, name="n", scopes=["invoke", "practice", "weather"])[1],
        "revoked": ended_secret,
        "no token": "koe_000000000000_" + "A" * 43,
    }
    return found | {name: ([], {"text": json.dumps({"token": secret})}) for name, secret in secrets.items()}


# --- Who may no more ---------------------------------------------------------------


def _ends(owner: User, token: ApiToken) -> dict[str, Callable[[], Any]]:
    """Return what takes the right away: by what it is called."""
    return {
        "revoked": lambda: tokens.revoke(token, actor=owner),
        "locked out": lambda: User.objects.filter(pk=owner.pk).update(is_active=False),
        "logged out": lambda: Session.objects.all().delete(),
        "another password": lambda: _new_password(owner),
    }


def _new_password(owner: User) -> None:
    owner.set_password("a wholly other passphrase")
    owner.save()


@pytest.mark.parametrize(
    ("what", "how"),
    [("token", "revoked"), ("token", "locked out"), ("login", "locked out"), ("login", "logged out"),
     ("login", "another password")],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/v1/tasks/ws/task/{id}", "/ws/mine", "/api/v1/image/ws/{job}"])
async def test_a_socket_ends_with_the_right_to_it(
    what: str, how: str, path: str, make_task: Any, make_job: Any, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    if what == "token" and path == "/ws/mine":
        pytest.skip("tokens open no list")
    monkeypatch.setattr(watch.follow, "__kwdefaults__", {**(watch.follow.__kwdefaults__ or {}), "pauses": BRIEF})
    monkeypatch.setattr(watch.watch, "__kwdefaults__", {**(watch.watch.__kwdefaults__ or {}), "pauses": BRIEF})
    monkeypatch.setattr("jobs.live.picture_watch.LOOK_SECONDS", 0.05)
    token, secret = await sync_to_async(tokens.issue)(owner, name="n")
    task, job = make_task(Status.PROCESSING), make_job()
    headers = [] if what == "token" else [await sync_to_async(cookie_of)(owner)]
    line = socket(
        path.format(id=task.pk, job=job.job_id), *headers, origin=None if what == "token" else f"http://{HERE}"
    )
    assert (await line.connect(timeout=60))[0]
    if what == "token":
        await line.send_to(text_data=json.dumps({"token": secret}))
    if path != "/ws/mine":
        assert (await line.receive_output(timeout=60))["type"] == "websocket.send"

    await sync_to_async(_ends(owner, token)[how])()

    assert await _close_code(line) == 4404


async def _close_code(line: WebsocketCommunicator) -> int:
    while (message := await line.receive_output(timeout=60))["type"] == "websocket.send":
        continue
    await line.disconnect()
    return int(message["code"])


@pytest.mark.parametrize("how", ["revoked", "locked out", "link", "logged out"])
async def test_a_stream_of_events_ends_with_the_right_to_it(
    how: str, make_task: Any, owner: User, monkeypatch: pytest.MonkeyPatch, rf: Any, settings: Any
) -> None:
    monkeypatch.setattr(events, "PAUSES", BRIEF)
    token, secret = await sync_to_async(tokens.issue)(owner, name="n")
    task = make_task(Status.PROCESSING)
    address, headers = f"/api/v1/tasks/{task.pk}/events", {"authorization": f"Bearer {secret}"}
    client: Any = Client(headers=headers)
    if how == "link":
        client, address = Client(), f"{address}?link={links.page_link(task.pk)}"
    elif how == "logged out":
        client = Client()
        await sync_to_async(client.force_login)(owner)
    settings.ALLOWED_HOSTS = ["testserver"]
    answer = await sync_to_async(client.get)(address)
    lines = aiter(answer.streaming_content)
    assert b"retry" in await anext(lines)
    assert b"snapshot" in await anext(lines)

    if how == "link":
        monkeypatch.setattr("jobs.access.links.opens_page", lambda _link, _task: False)
    else:
        await sync_to_async(_ends(owner, token)[how])()

    async with asyncio.timeout(60):
        rest = [line async for line in lines]
    assert all(line.startswith(b":") for line in rest)


# --- What a client may send ---------------------------------------------------------

FIRST = {
    "deep": {"text": "[" * 4000}, "deep objects": {"text": '{"token":' * 400}, "binary": {"bytes": b"\x00\xff" * 100},
    "nothing": {"text": ""}, "number": {"text": "1"}, "null": {"text": "null"}, "list": {"text": '["token"]'},
    "nan": {"text": '{"token": NaN}'}, "many": {"text": '{"token": ["a"]}'},
    "object": {"text": '{"token": {"token": 1}}'},
    "surrogate": {"text": '{"token": "\\ud800"}'}, "nul": {"text": '{"token": "\\u0000"}'},
    "long": {"text": "x" * 4096},
    "bearer": {"text": '{"token": "Bearer x"}'}, "other's word": {"text": '{"authorization": "x"}'},
    "sql": {"text": '{"token": "koe_\' OR 1=1 --"}'}, "jwt": {"text": '{"token": "eyJhbGciOiJub25lIn0.e30."}'},
}  # fmt: skip
TOO_LONG: dict[str, dict[str, Any]] = {
    "long text": {"text": "x" * 4097}, "longer": {"text": "x" * 1_000_000}, "long bytes": {"bytes": b"x" * 70_000},
}  # fmt: skip


async def test_what_is_no_token_is_nobody_and_what_is_too_long_ends_it(make_task: Any) -> None:
    table = Table()
    path = f"/api/v1/tasks/ws/task/{make_task(Status.PENDING).pk}"
    for name, first in FIRST.items():
        table.cell(name, await said(socket(path, origin=None), first), 4401)
    for name, first in TOO_LONG.items():
        table.cell(name, await said(socket(path, origin=None), first), 1009)
    table.check(at_least=20)
