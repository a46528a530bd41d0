"""Make this house the one in an archive: everything is checked first, then database, key and files are replaced.

Until the database is put back nothing has changed. After that the same command with `--yes` can be given again, as
often as need be. Called by the `restore` command.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from core.backup import database, files
from core.backup.archive import DATABASES, SECRET, Archive
from core.backup.errors import CannotRestore
from core.backup.making import key_is_generated, key_marks
from core.up import preflight
from jobs.runtime import stats
from jobs.runtime.connection import client
from jobs.runtime.errors import QueueUnreachable

# Of `migrate`, which may build an index over millions of rows, and of `reconcile`.
COMMAND_SECONDS = 3600
# What must stay free after everything was unpacked.
SPARE_BYTES = 50_000_000


@dataclass(frozen=True)
class Restored:
    """missing: files of a bucket that are not there as they were; sent: tasks put into the queue, None: it is away."""

    made_at: str
    rows: int
    files: int
    missing: int
    sent: int | None


def restore(path: Path, *, replace: bool, say: Callable[[str], None]) -> Restored:
    """
    Raises CannotRestore, BadArchive.

    replace: also when this house holds data, which is lost then. say: told what is done, a sentence each.
    """
    try:
        with path.open("rb") as file:
            archive = Archive(file)
            _refuse_what_does_not_fit(archive)
            archive.verify()
            say(f"every digest is right; made {archive.manifest['made_at']} by version {archive.manifest['koebako']}")
            with _house_alone():
                return _replace(archive, replace=replace, say=say)
    except OSError as error:
        raise CannotRestore(f"{error.strerror or error}: {error.filename or path}") from error


def _refuse_what_does_not_fit(archive: Archive) -> None:
    told = archive.manifest
    engine = told["database"]["engine"]
    if engine != connection.vendor:
        raise CannotRestore(f"the archive holds a {engine} database, and this house uses {connection.vendor}")
    if DATABASES[engine] not in archive.single:
        raise CannotRestore("the archive holds no database")
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    ours = {app for app, _name in known}
    strange = [
        f"{app}.{name}"
        for app, names in told["migrations"].items()
        for name in names
        if (app, name) not in known and not (app in ours and _was_replaced(app, name, known))
    ]
    if strange:
        raise CannotRestore(f"the archive is of a newer version: this one does not know {', '.join(strange[:3])}")
    if (told["files"]["where"] == "archive") != files.is_folder():
        raise CannotRestore(f"the archive's files are of a {told['files']['where']}; set STORAGE_URL as it was")
    marks = key_marks()
    opening = {marks["secret_key"], *marks["fallbacks"]}
    if not _brings_key(archive) and told["keys"]["secret_key"] not in opening:
        raise CannotRestore(
            "SECRET_KEY is not the one this backup was made with: signing secrets and recordings would stay closed; "
            "set SECRET_KEY as it was, or put the old secret_key into the home"
        )
    # A backup of a version that knew no fallbacks names none.
    if lost := set(told["keys"].get("fallbacks", [])) - opening - {told["keys"]["secret_key"]}:
        raise CannotRestore(f"SECRET_KEY_FALLBACKS lacks {len(lost)} of the keys this backup was made with: add them")
    if lost := set(told["keys"]["recordings"]) - set(marks["recordings"]):
        raise CannotRestore(f"RECORDINGS_KEY lacks {len(lost)} of the keys this backup was made with: add them")


def _brings_key(archive: Archive) -> bool:
    """Return whether this house will work with the key in the archive; one that the operator gave stays."""
    return SECRET in archive.single and key_is_generated()


def _is_older(told: dict[str, Any]) -> bool:
    applied = {(app, name) for app, names in told["migrations"].items() for name in names}
    return not applied >= set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _was_replaced(app: str, name: str, known: dict[tuple[str, str], Any]) -> bool:
    return any((app, name) in migration.replaces for migration in known.values())


class _house_alone:  # noqa: N801 - used as a function
    """Hold the lock of `up`, and refuse while workers live. Raises CannotRestore."""

    def __enter__(self) -> None:
        try:
            self._lock = preflight.take_lock(settings.HOME)
        except preflight.CannotStart as refusal:
            raise CannotRestore(str(refusal)) from None
        if living := _living_workers():
            os.close(self._lock)
            raise CannotRestore(f"{living} workers are alive: stop web, workers and bots first")

    def __exit__(self, *_error: object) -> None:
        os.close(self._lock)


def _living_workers() -> int:
    try:
        return len(stats.live_workers())
    except (QueueUnreachable, redis.RedisError, OSError):
        return 0


def _replace(archive: Archive, *, replace: bool, say: Callable[[str], None]) -> Restored:
    told = archive.manifest
    occupied = database.occupied()
    if occupied and not replace:
        most = sorted(occupied, key=lambda name: -occupied[name])[:3]
        raise CannotRestore(
            f"this house holds data ({', '.join(f'{name}: {occupied[name]} rows' for name in most)}): "
            "give --yes to replace it; back it up first"
        )
    database.refuse_company(list(told["rows"]))
    settings.HOME.mkdir(parents=True, exist_ok=True)
    _refuse_without_room(archive)
    with tempfile.TemporaryDirectory(prefix=".restore.", dir=settings.HOME) as folder:
        copy, old_names = Path(folder) / DATABASES[connection.vendor], Path(folder) / "old_names"
        _unpack(archive, copy)
        _write_names(old_names, of_occupied=bool(occupied))
        database.put_back(copy)
        say(f"the database is back: {sum(told['rows'].values())} rows in {len(told['rows'])} tables")
        _put_secret(archive)
        if files.is_folder():
            files.delete_named(old_names)
    count, missing = _put_files(archive)
    say(f"{count} files are back" if files.is_folder() else f"{count} files are in the bucket, {missing} are missing")
    if _is_older(told):
        _manage("migrate", "--noinput", "--verbosity=0")
    return Restored(told["made_at"], sum(told["rows"].values()), count, missing, _reconcile())


def _refuse_without_room(archive: Archive) -> None:
    here = sum(member.size for member in archive.single.values()) * 2 + SPARE_BYTES
    stored = archive.manifest["files"]["bytes"] if files.is_folder() else 0
    for folder, needed in ((settings.HOME, here), (files.root() if stored else settings.HOME, stored)):
        place = folder
        while not place.exists():
            place = place.parent
        state = os.statvfs(place)
        if (free := state.f_bavail * state.f_frsize) < needed:
            raise CannotRestore(f"{free // 1_000_000} MB are free in {folder}; {needed // 1_000_000} are needed")


def _unpack(archive: Archive, copy: Path) -> None:
    with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for piece in archive.pieces(archive.single[copy.name]):
            file.write(piece)


def _write_names(listing: Path, *, of_occupied: bool) -> None:
    """Write down which files the rows name that are about to go."""
    with listing.open("w", encoding="utf-8") as file:
        if of_occupied and files.is_folder():
            try:
                file.writelines(f"{name}\n" for name in files.names_in_rows(DEFAULT_DB_ALIAS))
            except DatabaseError:
                return  # rows that cannot be read, or of an older form, name nothing


def _put_secret(archive: Archive) -> None:
    if not _brings_key(archive):
        return
    place = settings.HOME / "secret_key"
    draft = place.with_name(".secret_key.restoring")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(archive.bytes_of(SECRET))
        os.fsync(file.fileno())
    draft.replace(place)


def _put_files(archive: Archive) -> tuple[int, int]:
    count = missing = 0
    if not files.is_folder():
        for line in archive.listed():
            if files.size_in_bucket(line["name"]) == line["bytes"]:
                count += 1
            else:
                missing += 1
        return count, missing
    for member, line in archive.media():
        files.put(line["name"], archive.pieces(member))
        count += 1
    files.settle()
    return count, missing


def _reconcile() -> int | None:
    """Fill Redis from the rows; None when it is away, and the workers do it when they start."""
    try:
        client().ping()
    except (QueueUnreachable, redis.RedisError, OSError):
        return None
    return int(json.loads(_manage("reconcile", "--json"))["repaired"]["sent"])


def _manage(*words: str) -> str:
    """Run a command of this house with the key that it has now. Raises CannotRestore."""
    # Django's own settings were read with the key that was there before.
    kept = {**os.environ, "KOEBAKO_HOME": str(settings.HOME), "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours
            [sys.executable, str(settings.BASE_DIR / "manage.py"), *words],
            env=kept, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CannotRestore(f"`{words[0]}` was not done after {COMMAND_SECONDS} s; give it by hand") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise CannotRestore(f"everything is back, but `manage.py {words[0]}` failed: {said[:300]}")
    return done.stdout
