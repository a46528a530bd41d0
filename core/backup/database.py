"""A consistent copy of the house's database while it works, and putting one back.

SQLite: its own backup API, one step: writers go on, and the copy is of one moment. PostgreSQL: `pg_dump` in its custom
format of the snapshot that the rows are counted in. What is put back appears in one act: a rename, or one transaction.

Passwords go to PostgreSQL's programs in their environment, which only this user sees; never on a command line.
Called by making.py and restoring.py.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction

from core.backup.archive import DATABASES
from core.backup.errors import BackupError, BadArchive, CannotBackUp, CannotRestore

ALIAS = "backup"
# A database of 100 GB; one that takes longer wants PostgreSQL's own continuous archiving.
PROGRAM_SECONDS = 21_600
# Others that hold a lock are told of in this time, instead of being waited for.
LOCK_SECONDS = 30
SQLITE_BUSY_SECONDS = 5
# Made by `migrate` in every empty house.
NOT_DATA = {
    "django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions",
}  # fmt: skip


@contextmanager
def snapshot(folder: Path) -> Iterator[tuple[str, Path]]:
    """
    Yield an alias to read one moment of the database by, and the file with all of it, made in `folder`.

    Raises CannotBackUp.
    """
    if connection.vendor not in DATABASES:
        raise CannotBackUp(f"{connection.vendor} is neither SQLite nor PostgreSQL")
    place = folder / DATABASES[connection.vendor]
    with _copy_sqlite(place) if connection.vendor == "sqlite" else _dump_postgresql(place):
        yield ALIAS, place


@contextmanager
def _copy_sqlite(place: Path) -> Iterator[None]:
    place.touch(mode=0o600)
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=SQLITE_BUSY_SECONDS)) as source,
        closing(sqlite3.connect(place)) as copy,
    ):
        try:
            source.backup(copy, pages=-1)
            # One file without a log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise CannotBackUp(f"the database could not be copied: {error}") from error
    with _also(NAME=str(place), OPTIONS={}):
        yield


@contextmanager
def _dump_postgresql(place: Path) -> Iterator[None]:
    import psycopg

    program = _program("pg_dump", CannotBackUp)
    level = {"isolation_level": psycopg.IsolationLevel.REPEATABLE_READ}
    options = {**connection.settings_dict["OPTIONS"], **level}
    with _also(OPTIONS=options), transaction.atomic(using=ALIAS):
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            [moment] = cursor.fetchone()
        words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}"]
        place.touch(mode=0o600)
        _run([program, *words, f"--lock-wait-timeout={LOCK_SECONDS}s", f"--file={place}"], CannotBackUp)
        yield


@contextmanager
def _also(**changed: Any) -> Iterator[None]:
    """Have the alias for a while: the house's database with other settings."""
    connections.settings[ALIAS] = {**connections.settings[DEFAULT_DB_ALIAS], **connection.settings_dict, **changed}
    try:
        connections[ALIAS].connect()
        yield
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]


def rows_of_tables(using: str) -> dict[str, int]:
    """Return how many rows each table has."""
    with connections[using].cursor() as cursor:
        found = {}
        for name in sorted(connections[using].introspection.table_names(cursor)):
            cursor.execute(f"SELECT COUNT(*) FROM {connections[using].ops.quote_name(name)}")  # noqa: S608 - its own
            found[name] = int(cursor.fetchone()[0])
        return found


def server() -> str:
    if connection.vendor == "sqlite":
        return sqlite3.sqlite_version
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


# Putting back


def occupied() -> dict[str, int]:
    """Return the tables of this house's database that hold data, with their rows. Raises CannotRestore."""
    try:
        return {name: rows for name, rows in rows_of_tables(DEFAULT_DB_ALIAS).items() if rows and name not in NOT_DATA}
    except DatabaseError as error:
        if connection.vendor == "sqlite" and Path(connection.settings_dict["NAME"]).exists():
            return {"a database that cannot be read": 0}
        raise CannotRestore(f"the database did not answer: {str(error).strip().splitlines()[0]}") from error


def refuse_company(expected_tables: Sequence[str]) -> None:
    """Raise CannotRestore while others use the database, or when it holds tables that are not of the house."""
    if connection.vendor == "sqlite":
        return  # looked at in the moment of the exchange
    with connection.cursor() as cursor:
        strange = set(connection.introspection.table_names(cursor)) - set(expected_tables)
        if strange:
            names = ", ".join(sorted(strange)[:5])
            raise CannotRestore(f"the database has tables that the archive has not ({names}): restore into a new one")
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        [others] = cursor.fetchone()
    if others:
        raise CannotRestore(f"{others} connections use the database: stop web, workers and bots first")


def put_back(copy: Path) -> None:
    """Make `copy` the house's database, in one act. Raises CannotRestore, BadArchive; then nothing was changed."""
    if connection.vendor == "sqlite":
        _replace_sqlite(copy)
    else:
        program = _program("pg_restore", CannotRestore)
        connections.close_all()
        name = connection.get_connection_params()["dbname"]
        words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--clean", "--if-exists"]
        _run([program, *words, f"--dbname={name}", str(copy)], CannotRestore)


def _replace_sqlite(copy: Path) -> None:
    try:
        with closing(sqlite3.connect(copy)) as looked_at:
            found = looked_at.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise BadArchive(f"the database in the archive cannot be read: {error}") from error
    if found != "ok":
        raise BadArchive(f"the database in the archive is damaged: {found}")
    connections.close_all()
    place = Path(connection.settings_dict["NAME"])
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        _have_alone(place)
    draft = place.with_name(f".{place.name}.restoring")
    shutil.copyfile(copy, draft)
    draft.chmod(0o600)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(place)
    # Of the file that was there before: they would be taken for the new one's.
    for left in ("-wal", "-shm"):
        place.with_name(place.name + left).unlink(missing_ok=True)


def _have_alone(place: Path, *, busy_seconds: float = SQLITE_BUSY_SECONDS) -> None:
    """Bring the log into the file, which SQLite refuses while anybody else has it open."""
    try:
        with closing(sqlite3.connect(place, timeout=busy_seconds)) as old:
            old.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise CannotRestore("others use the database: stop `up`, web, workers and bots first") from error
    except sqlite3.DatabaseError:
        return  # it cannot be read any more, which is why it is replaced


# PostgreSQL's programs


def _program(name: str, refusal: type[BackupError]) -> str:
    found = shutil.which(name)
    if found is None:
        raise refusal(f"{name} is not installed (Debian: apt-get install postgresql-client), of the server's version")
    return found


def _run(words: Sequence[str], refusal: type[BackupError]) -> None:
    """Run a program of PostgreSQL's on the house's database."""
    import psycopg

    known = connection.get_connection_params()
    ours = {
        option.envvar.decode(): str(known[option.keyword.decode()])
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar and known.get(option.keyword.decode()) is not None
    }
    ours["PGOPTIONS"] = f"{ours.get('PGOPTIONS', '')} -c lock_timeout={LOCK_SECONDS}s".strip()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    name = Path(words[0]).name
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours
            words, env={**kept, **ours}, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise refusal(f"{name} was not done after {PROGRAM_SECONDS} s") from None
    if done.returncode:
        # The first line says what; the next ones may hold rows.
        said = (done.stderr.strip().splitlines() or ["no word"])[0]
        raise refusal(f"{name} failed: {said[:300]}")
