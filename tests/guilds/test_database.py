"""A bot's process keeps its connection to the database."""

import asyncio

import pytest
from django.db import connection, connections

from bots.database import in_thread, keep_connections

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept():
    settings = connections.settings["default"]
    before = dict(settings)
    keep_connections()
    yield
    settings.clear()
    settings.update(before)


def _connection():
    connection.ensure_connection()
    return connection.connection


async def _two_calls(between=lambda: None):
    try:
        first = await in_thread(_connection)
        await in_thread(between)
        return first, await in_thread(_connection)
    finally:
        await in_thread(connections.close_all)


def test_a_connection_serves_one_call_after_the_other(kept):
    first, second = asyncio.run(_two_calls())

    assert first is second


def test_one_that_broke_is_not_kept(kept, monkeypatch):
    def break_it():
        connection.errors_occurred = True
        monkeypatch.setattr(connections["default"], "is_usable", lambda: False)

    first, second = asyncio.run(_two_calls(break_it))

    assert first is not second
