"""The sockets as a client sees them: who gets in, what is said, how it ends."""

import asyncio
import uuid

import pytest
from channels.db import DatabaseSyncToAsync
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Permission, User
from django.test import Client

from jobs.access import links, tokens
from jobs.live import consumers
from jobs.live.routing import websocket_application
from jobs.runtime.models import Status
from jobs.runtime.signals import task_changed
from tests.live.test_watch import move

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = (b"origin", b"http://localhost")


def socket(path: str, *, user: User | None = None, origin: tuple[bytes, bytes] | None = PAGE) -> WebsocketCommunicator:
    headers = [(b"host", b"localhost"), *([origin] if origin else [])]
    if user is not None:
        browser = Client()
        browser.force_login(user)
        headers.append((b"cookie", f"sessionid={browser.cookies['sessionid'].value}".encode()))
    return WebsocketCommunicator(websocket_application, path, headers=headers)


def of(task) -> str:
    return f"/api/v1/tasks/ws/task/{task.pk}"


async def opened(connection: WebsocketCommunicator) -> WebsocketCommunicator:
    accepted, _subprotocol = await connection.connect(timeout=60)
    assert accepted
    return connection


async def close_code(connection: WebsocketCommunicator) -> int:
    message = await connection.receive_output(timeout=60)
    assert message["type"] == "websocket.close", message
    await connection.disconnect()
    return message["code"]


async def test_an_owner_hears_the_snapshot_each_change_and_a_normal_end(make_task, owner):
    task = make_task(Status.PENDING)

    connection = await opened(socket(of(task), user=owner))
    first = await connection.receive_json_from(timeout=60)
    move(task, Status.PROCESSING, attempt=1)
    second = await connection.receive_json_from(timeout=60)
    move(task, Status.SUCCESS, progress=100)
    third = await connection.receive_json_from(timeout=60)

    assert [said["status"] for said in (first, second, third)] == ["pending", "processing", "success"]
    assert await close_code(connection) == 1000


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
async def test_unknown_and_foreign_tasks_are_not_found_alike(make_task, stranger, whose):
    task = make_task(Status.PENDING)
    path = of(task) if whose == "somebody else's" else f"/api/v1/tasks/ws/task/{uuid.uuid4()}"

    assert await close_code(await opened(socket(path, user=stranger))) == 4404


async def test_a_locked_out_user_is_nobody(make_task, owner):
    path = socket(of(make_task()), user=owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)

    connection = await opened(path)
    await connection.send_json_to({})

    assert await close_code(connection) == 4401


async def test_staff_hear_every_task(make_task, staff):
    connection = await opened(socket(of(make_task(Status.CANCELLED)), user=staff))

    assert (await connection.receive_json_from(timeout=60))["status"] == "cancelled"
    assert await close_code(connection) == 1000


async def test_a_signed_link_opens_its_own_task_only(make_task):
    task, other = make_task(Status.CANCELLED), make_task(Status.CANCELLED)
    link = links.page_link(task.pk)

    right = await opened(socket(f"{of(task)}?link={link}"))
    wrong = await opened(socket(f"{of(other)}?link={link}"))

    assert (await right.receive_json_from(timeout=60))["status"] == "cancelled"
    assert await close_code(right) == 1000
    assert await close_code(wrong) == 4404


async def test_a_program_sends_its_token_first(make_task, owner):
    _token, secret = tokens.issue(owner, name="watcher")

    # No Origin: a program, not a browser.
    connection = await opened(socket(of(make_task(Status.CANCELLED)), origin=None))
    await connection.send_json_to({"token": secret})

    assert (await connection.receive_json_from(timeout=60))["status"] == "cancelled"
    assert await close_code(connection) == 1000


async def test_who_comes_for_an_end_is_told_in_one_step_and_listens_for_nothing(make_task, owner, monkeypatch):
    _token, secret = tokens.issue(owner, name="watcher")
    path, joined, steps = of(make_task(Status.SUCCESS)), [], []
    step = DatabaseSyncToAsync.thread_handler
    monkeypatch.setattr(get_channel_layer(), "group_add", lambda *told: joined.append(told))

    connection = await opened(socket(path, origin=None))
    # Each step opens a connection to the database.
    monkeypatch.setattr(DatabaseSyncToAsync, "thread_handler", lambda *told: steps.append(told) or step(*told))
    await connection.send_json_to({"token": secret})

    assert (await connection.receive_json_from(timeout=60))["status"] == "success"
    assert await close_code(connection) == 1000
    assert (len(steps), joined) == (1, [])


async def test_a_token_shows_no_foreign_task(make_task, stranger):
    _token, secret = tokens.issue(stranger, name="watcher")

    connection = await opened(socket(of(make_task()), origin=None))
    await connection.send_json_to({"token": secret})

    assert await close_code(connection) == 4404


@pytest.mark.parametrize(
    "first", ["", "hello", "[]", "7", '"token"', "{}", '{"token": 5}', '{"token": "koe_no"}', "[" * 4000]
)
async def test_anything_but_a_good_token_is_turned_away(make_task, first):
    connection = await opened(socket(of(make_task()), origin=None))
    await connection.send_input({"type": "websocket.receive", "text": first})

    assert await close_code(connection) == 4401


async def test_a_token_without_the_scope_is_turned_away(make_task, owner):
    _token, secret = tokens.issue(owner, name="speaker", scopes=["invoke"])

    connection = await opened(socket(of(make_task()), origin=None))
    await connection.send_json_to({"token": secret})

    assert await close_code(connection) == 4401


async def test_who_says_nothing_in_time_is_turned_away(make_task, monkeypatch):
    monkeypatch.setattr(consumers, "TOKEN_SECONDS", 0.01)

    assert await close_code(await opened(socket(of(make_task())))) == 4401


async def test_a_cookie_counts_only_from_a_page_of_ours(make_task, owner):
    foreign = socket(of(make_task()), user=owner, origin=(b"origin", b"http://evil.test"))
    accepted, code = await foreign.connect(timeout=60)
    assert not accepted
    assert code == 1000 or code == 403

    # Without Origin the cookie is left out: whoever sends it must say who they are.
    connection = await opened(socket(of(make_task()), user=owner, origin=None))
    await connection.send_json_to({})
    assert await close_code(connection) == 4401


async def test_what_a_client_chatters_is_ignored(make_task, owner):
    task = make_task(Status.PENDING)

    connection = await opened(socket(of(task), user=owner))
    await connection.receive_json_from(timeout=60)
    await connection.send_to(text_data="ping")
    await connection.send_to(bytes_data=b"\x00\xff")
    move(task, Status.CANCELLED)

    assert (await connection.receive_json_from(timeout=60))["status"] == "cancelled"
    assert await close_code(connection) == 1000


async def test_a_message_too_long_closes_the_socket(make_task, owner):
    connection = await opened(socket(of(make_task()), user=owner))
    await connection.receive_json_from(timeout=60)

    await connection.send_to(text_data="x" * 5000)

    assert await close_code(connection) == 1009


async def test_a_flood_closes_the_socket(make_task, owner, monkeypatch):
    monkeypatch.setattr(consumers, "MAX_MESSAGES", 3)
    connection = await opened(socket(of(make_task()), user=owner))
    await connection.receive_json_from(timeout=60)

    for _ in range(4):
        await connection.send_to(text_data="x")

    assert await close_code(connection) == 1008


@pytest.mark.parametrize("path", ["/", "/ws/none", "/api/v1/tasks/ws/task/no-uuid", "/api/v1/tasks/ws/task/"])
async def test_any_other_address_is_closed_as_not_found(path):
    assert await close_code(await opened(socket(path))) == 4404


async def test_a_client_that_leaves_takes_its_work_along(make_task, owner):
    connection = await opened(socket(of(make_task(Status.PROCESSING)), user=owner))
    await connection.receive_json_from(timeout=60)

    await connection.disconnect()

    assert connection.future.done()


async def test_a_client_that_is_gone_when_it_is_spoken_to_is_no_error_of_ours(make_task, owner, caplog):
    connection = socket(of(make_task(Status.PROCESSING)), user=owner)
    said = []

    async def send(message):
        said.append(message["type"])
        if message["type"] == "websocket.send":
            raise RuntimeError("the server's own word for a closed line")

    calls = iter([{"type": "websocket.connect"}])

    async def receive():
        if call := next(calls, None):
            return call
        while "websocket.send" not in said:
            await asyncio.sleep(0)
        return {"type": "websocket.disconnect", "code": 1006}

    await websocket_application(connection.scope, receive, send)

    assert said == ["websocket.accept", "websocket.send"]
    assert caplog.records == []


async def hears(connection: WebsocketCommunicator, task, status: str) -> None:
    """Tell of the task; an open socket hears it."""
    task_changed.send(type(task), task=task, position=None)
    said = await connection.receive_json_from(timeout=60)
    assert (said["task_id"], said["status"]) == (str(task.pk), status)


async def test_staff_with_the_permission_follow_every_task(make_task, stranger):
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_task", content_type__app_label="jobs"))

    connection = await opened(socket("/ws/tasks", user=stranger))

    await hears(connection, make_task(Status.PENDING), "pending")
    # Who may only look reads no words that may be somebody's.
    failed = make_task(Status.FAILURE)
    failed.error_type, failed.error_message = "data_validation_error", "what somebody sent"
    task_changed.send(type(failed), task=failed, position=None)
    said = await connection.receive_json_from(timeout=60)
    assert said["error"] == {"type": "data_validation_error", "message": ""}
    await connection.disconnect()


@pytest.mark.parametrize("kind", ["nobody", "a user", "staff without the permission"])
async def test_the_staff_socket_is_for_staff(stranger, kind):
    stranger.is_staff = kind == "staff without the permission"
    stranger.save()

    connection = await opened(socket("/ws/tasks", user=None if kind == "nobody" else stranger))

    assert await close_code(connection) == 4401


async def test_a_person_follows_their_own_tasks_only(make_task, owner, stranger):
    own, foreign = make_task(Status.PENDING), make_task(Status.PENDING, owner=stranger)

    connection = await opened(socket("/ws/mine", user=owner))
    task_changed.send(type(foreign), task=foreign, position=None)

    await hears(connection, own, "pending")
    await connection.disconnect()
    assert await close_code(await opened(socket("/ws/mine"))) == 4401
