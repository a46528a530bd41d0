"""One writer at a time on SQLite, and for no longer than its commit."""

import fcntl

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction

from jobs.runtime.gate import writing

pytestmark = pytest.mark.django_db(transaction=True)


def _is_free() -> bool:
    """Return whether another writer would get the right now; on PostgreSQL nobody waits for it."""
    if connection.vendor != "sqlite":
        return True
    with (settings.HOME / "run" / "writer.lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_what_waits_for_the_commit_finds_the_right_to_write_given_back() -> None:
    within, after = [], []

    with writing(), transaction.atomic():
        User.objects.create(username="hana")
        transaction.on_commit(lambda: after.append(_is_free()))
        within.append(_is_free())

    assert (within, after) == ([connection.vendor != "sqlite"], [True])
    assert _is_free()


def test_the_right_is_given_back_without_a_commit_too() -> None:
    called: list[str] = []

    def write_and_fail() -> None:
        with writing(), transaction.atomic():
            transaction.on_commit(lambda: called.append("never"))
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        write_and_fail()
    with writing():
        assert connection.vendor != "sqlite" or not _is_free()

    assert _is_free()
    assert (called, connection.run_on_commit) == ([], [])
