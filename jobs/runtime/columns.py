"""How the raw SQL of commit.py writes and reads a column: as Django's own does, on either database.

A moment and an id are texts on SQLite; PostgreSQL takes both as they are.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper as Database
from django.utils.dateparse import parse_datetime


def storing(database: Database) -> Callable[[datetime | None], Any]:
    """Return what makes a moment fit for a column; asked for once a statement."""
    return _sqlite_moment if database.vendor == "sqlite" else lambda moment: moment


# One moment stands in several columns of several statements.
@lru_cache(maxsize=32)
def _sqlite_moment(moment: datetime | None) -> str | None:
    """Return a moment as Django stores it in SQLite: in UTC, without its zone."""
    return None if moment is None else str(moment.astimezone(UTC).replace(tzinfo=None))


def key_of(database: Database, task_id: UUID) -> Any:
    return task_id if database.features.has_native_uuid_field else task_id.hex


def read_id(value: UUID | str) -> UUID:
    return UUID(hex=value) if isinstance(value, str) else value


def read_moment(value: datetime | str) -> datetime:
    moment = parse_datetime(value) if isinstance(value, str) else value
    assert moment is not None  # noqa: S101 - written by Django, never empty
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
