"""SQLite's log is moved into its file when it has grown, or late."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection

from jobs.runtime import write_ahead_log
from jobs.runtime.write_ahead_log import WriteAheadLog, holds
from tests.home_files import files_with

pytestmark = pytest.mark.django_db(transaction=True)

# Whether another process finds the byte of the index locked by which each connection says that it is there. Who finds
# it free cuts the index short, under the feet of those who use it.
# Source: SQLite's os_unix.c, UNIX_SHM_DMS.
IN_USE_BYTE = 128
TRY = f"""
import fcntl, sys
with open(sys.argv[1] + "-shm", "r+b") as index:
    try:
        fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, {IN_USE_BYTE})
    except OSError:
        print("in use")
"""


def _checkpoint() -> tuple[int, int]:
    """Return how many frames the log holds, and how many of them are in the file."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        _busy, held, moved = cursor.fetchone()
    return held, moved


def _begun() -> bytes:
    """Return what the log was begun under: its header's salts, which are others each time."""
    with Path(f"{connection.settings_dict['NAME']}-wal").open("rb") as file:
        return file.read(write_ahead_log.HEADER_BYTES)[write_ahead_log.SALTS]


def test_a_log_that_has_grown_is_moved_and_begun_anew_by_who_moved_it(monkeypatch: pytest.MonkeyPatch) -> None:
    log = WriteAheadLog()
    if connection.vendor != "sqlite":
        assert not log.look()
        return
    User.objects.create(username="first")
    held, _moved = _checkpoint()
    assert holds(held)
    assert not holds(held + 1)
    User.objects.create(username="second")  # begins the log anew
    begun = next(frames for frames in range(1, held + 1) if not holds(frames + 1))
    monkeypatch.setattr(write_ahead_log, "GROWN_FRAMES", begun + 1)
    assert not log.look()

    User.objects.create(username="third")

    before = _begun()
    assert log.look()

    anew = _begun()
    assert anew != before
    User.objects.create(username="fourth")
    assert _begun() == anew, "somebody else made the commit that waits for the disk"


def test_a_small_one_is_moved_late(monkeypatch: pytest.MonkeyPatch) -> None:
    log = WriteAheadLog()
    User.objects.create(username="first")
    assert not log.look()

    monkeypatch.setattr(write_ahead_log, "AT_LATEST_SECONDS", 0.0)

    assert log.look() == (connection.vendor == "sqlite")


@pytest.mark.parametrize("look", [lambda: WriteAheadLog().look(), lambda: files_with(b"first", settings.HOME)])
def test_looking_takes_no_lock_of_sqlites_away(look: Callable[[], object]) -> None:
    if connection.vendor != "sqlite":
        return
    User.objects.create(username="first")

    look()

    command = [sys.executable, "-c", TRY, str(connection.settings_dict["NAME"])]
    tried = subprocess.run(command, check=True, timeout=30, capture_output=True, text=True)
    assert tried.stdout == "in use\n"
    assert User.objects.count() == 1
