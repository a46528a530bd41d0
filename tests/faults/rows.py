"""What is stored, read past the house: straight from the database, and from the folder of the files.

Called by bed.py, many times a second while a test waits; so it starts no process and writes nothing.
"""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

Row = tuple[Any, ...]
FINAL = frozenset({"success", "failure", "cancelled"})


def read(home: Path, database_url: str, sql: str) -> list[Row]:
    """Return what the query finds. Raises psycopg.Error or sqlite3.Error while the database is away."""
    if database_url:
        with psycopg.connect(database_url, connect_timeout=20) as wire:
            return wire.execute(sql.encode()).fetchall()
    database = sqlite3.connect(f"file:{home / 'koebako.sqlite3'}?mode=ro", uri=True, timeout=20)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def status_of(home: Path, database_url: str, tasks: Iterable[str]) -> dict[str, str]:
    """Return the state of each of these tasks; "missing" for one without a row."""
    states = {_id(key): status for key, status in read(home, database_url, "SELECT id, status FROM jobs_task")}
    return {task: states.get(_id(task), "missing") for task in tasks}


def have_ended(home: Path, database_url: str, tasks: Iterable[str]) -> bool:
    """Return whether none of these is open: cheap while few are. One without a row counts as ended."""
    ends = ", ".join(f"'{end}'" for end in sorted(FINAL))
    unended = read(home, database_url, f"SELECT id FROM jobs_task WHERE status NOT IN ({ends})")
    return {_id(key) for (key,) in unended}.isdisjoint(map(_id, tasks))


def history(home: Path, database_url: str) -> dict[str, dict[str, Any]]:
    """
    Return every task by its id: state, attempts, result and files.

    attempts: [[number, outcome], ...]; files: names its rows hold; stored: names in its folder.
    """
    columns = ("id", "function", "status", "attempt", "deaths", "error_code")
    # The tasks first: what ends meanwhile has more than its row says, never less.
    tasks = [dict(zip(columns, row, strict=True)) for row in _table(home, database_url, "jobs_task", *columns)]
    attempts: dict[str, list[list[Any]]] = {}
    for key, number, outcome in sorted(_table(home, database_url, "jobs_attempt", "task_id", "number", "outcome")):
        attempts.setdefault(_id(key), []).append([number, outcome])
    outputs = {_id(key): output for key, output in _table(home, database_url, "jobs_result", "task_id", "output")}
    files: dict[str, list[str]] = {}
    for key, file in _table(home, database_url, "jobs_artifact", "task_id", "file"):
        files.setdefault(_id(key), []).append(file)
    found = {}
    for row in tasks:
        key = _id(row["id"])
        output = outputs.get(key)
        found[key] = row | {
            "id": key,
            "attempts": attempts.get(key, []),
            "result": json.loads(output) if isinstance(output, str) else output,
            "files": files.get(key, []),
            "stored": _stored(home / "media", UUID(key)),
        }
    return found


def _table(home: Path, database_url: str, table: str, *columns: str) -> list[Row]:
    return read(home, database_url, f"SELECT {', '.join(columns)} FROM {table}")


def _stored(media: Path, task: UUID) -> list[str]:
    # As jobs/runtime/models/artifact.py names them, and the storage of the tests keeps them.
    folder = media / "artifacts" / task.hex[-2:] / task.hex
    return [str(place.relative_to(media)) for place in folder.glob("*")]


def _id(key: UUID | str) -> str:
    """SQLite stores 32 digits, PostgreSQL knows UUIDs, the API writes dashes."""
    return str(key if isinstance(key, UUID) else UUID(key))
