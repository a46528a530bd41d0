"""Sockets and event streams have places: so many of a person, and of an address."""

import secrets

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections

from jobs.access import open_lines
from jobs.live import consumers
from jobs.runtime.models import Status
from tests.live.test_sockets import close_code, opened, socket

pytestmark = pytest.mark.django_db

TASKS = "/api/v1/tasks"


def guess():
    return f"koe_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", ["USER_OPEN_LINES", "ADDRESS_OPEN_LINES"])
async def test_one_more_socket_than_allowed_is_closed_and_one_that_ends_makes_room(make_task, owner, settings, limit):
    setattr(settings, limit, 2)
    path = f"/api/v1/tasks/ws/task/{make_task(status=Status.PENDING).pk}"
    lines = [await opened(socket(path, user=owner)) for _ in range(2)]
    for line in lines:
        await line.receive_json_from(timeout=60)

    assert await close_code(await opened(socket(path, user=owner))) == consumers.TOO_FAST == 4429

    await lines[0].disconnect()
    again = await opened(socket(path, user=owner))
    assert (await again.receive_json_from(timeout=60))["status"] == "pending"
    await again.disconnect()
    await lines[1].disconnect()
    assert open_lines.held("unknown") == 0


@pytest.mark.django_db(transaction=True)
async def test_a_socket_that_waits_for_nothing_is_told_as_well(owner, valkey, settings):
    settings.USER_OPEN_LINES = 0

    assert await close_code(await opened(socket("/ws/mine", user=owner))) == 4429


@pytest.mark.django_db(transaction=True)
async def test_tokens_guessed_at_a_socket_count(make_task, settings):
    settings.THROTTLE_ADDRESS_FAILED_TOKENS_PER_MINUTE = 2
    path = f"/api/v1/tasks/ws/task/{make_task(status=Status.PENDING).pk}"
    codes = []
    for _ in range(3):
        line = await opened(socket(path, origin=None))
        await line.send_json_to({"token": guess()})
        codes.append(await close_code(line))

    assert codes == [4401, 4401, 4429]


def let_go(answer):
    # As Django's own client does it, or the test's connection would be closed with it.
    request_finished.disconnect(close_old_connections)
    answer.close()
    request_finished.connect(close_old_connections)


def test_event_streams_have_places_too_and_give_them_back(make_task, as_owner, settings):
    settings.USER_OPEN_LINES = 2
    path = f"{TASKS}/{make_task(status=Status.PENDING).pk}/events"
    first, second = as_owner.get(path), as_owner.get(path)
    assert (first.status_code, second.status_code) == (200, 200)

    refused = as_owner.get(path)

    assert refused.status_code == 429
    assert refused["Retry-After"] == "10"
    # Nobody came to read it.
    let_go(first)
    third = as_owner.get(path)
    assert third.status_code == 200
    let_go(second)
    let_go(third)
    assert open_lines.held("127.0.0.1") == 0
