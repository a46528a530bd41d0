"""Put a backup together while the house runs: a draft beside the file, which gets its name when it is whole.

Called by the `backup` command.
"""

import hashlib
import hmac
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import django
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.recorder import MigrationRecorder

from core.backup import database, files
from core.backup.archive import FILES, FORMAT, SECRET, Writer
from core.backup.errors import CannotBackUp
from core.health import unapplied_migrations


@dataclass(frozen=True)
class Made:
    """sha256: of the whole file; with_key: whether it opens what it holds; missing: files that rows name in vain."""

    path: Path
    bytes: int
    sha256: str
    tables: int
    rows: int
    files: int
    missing: int
    with_key: bool
    in_bucket: bool


def back_up(target: Path, *, with_secrets: bool) -> Made:
    """
    Write a backup to `target`, a new file ending in .tar, or under a name of its time into it when it is a folder.

    Raises CannotBackUp; then no file is left. A folder is not made: where a disk should be mounted and is not, it
    would lie on the wrong one.
    """
    path = target / f"koebako-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    if path.exists():
        raise CannotBackUp(f"{path} exists; a backup is never written over another")
    if path.suffix != ".tar":
        raise CannotBackUp(f"there is no folder {path}: make it first, or name a new file that ends in .tar")
    if not path.parent.is_dir():
        raise CannotBackUp(f"the folder {path.parent} does not exist")
    if missing := unapplied_migrations():
        raise CannotBackUp(
            f"the database lacks {len(missing)} migrations of this code: back up with the code that runs the house"
        )
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            draft = Path(folder) / "archive"
            with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
                told = _write(file, Path(folder), with_secrets=with_secrets)
                file.flush()
                os.fsync(file.fileno())
                digest = _digest(file)
            # Fails when somebody else was first.
            os.link(draft, path)
    except FileExistsError:
        raise CannotBackUp(f"{path} exists; a backup is never written over another") from None
    except OSError as error:
        raise CannotBackUp(f"{path} could not be written: {error.strerror or error}") from error
    return Made(
        path=path,
        bytes=path.stat().st_size,
        sha256=digest,
        tables=len(told["rows"]),
        rows=sum(told["rows"].values()),
        files=told["files"]["count"],
        missing=told["files"]["missing"],
        with_key=told["key"] == "archive",
        in_bucket=told["files"]["where"] == "bucket",
    )


def _write(file: BinaryIO, folder: Path, *, with_secrets: bool) -> dict[str, Any]:
    """Write the archive; return its manifest."""
    with _files_held() as held:
        if held is not None:
            held.hold_early(files.names_in_rows(DEFAULT_DB_ALIAS))
        with database.snapshot(folder) as (alias, copy):
            _refuse_without_room(folder, copy)
            writer = Writer(file)
            writer.add_path(copy.name, copy)
            manifest = _manifest(alias)
            if held is not None:
                held.hold(files.names_in_rows(alias))
            with (folder / FILES).open("w+b") as listing:
                if held is None:
                    count, total, missing = files.list_bucket(files.names_in_rows(alias), listing)
                else:
                    (count, total), missing = files.write_folder(writer, held, listing), held.missing
            copy.unlink()
    manifest["files"] = {
        "where": "bucket" if held is None else "archive", "count": count, "bytes": total, "missing": missing
    }  # fmt: skip
    manifest["key"] = _write_key(writer, with_secrets=with_secrets)
    writer.add_path(FILES, folder / FILES)
    writer.finish(manifest)
    return manifest


@contextmanager
def _files_held() -> Iterator[files.Held | None]:
    if files.is_folder():
        with files.holding() as held:
            yield held
    else:
        yield None


def _refuse_without_room(folder: Path, copy: Path) -> None:
    needed, free = copy.stat().st_size, shutil.disk_usage(folder).free
    if free < needed:
        raise CannotBackUp(f"{free // 1_000_000} MB are free in {folder.parent}, and {needed // 1_000_000} are needed")


def _manifest(alias: str) -> dict[str, Any]:
    from jobs.api.house import VERSION

    applied: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connections[alias]).applied_migrations()):
        applied.setdefault(app, []).append(name)
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "koebako": VERSION,
        "django": django.get_version(),
        "python": platform.python_version(),
        "database": {"engine": connection.vendor, "server": database.server()},
        "migrations": applied,
        "rows": database.rows_of_tables(alias),
        "keys": key_marks(),
    }


def key_marks() -> dict[str, Any]:
    """Return what tells the house's keys apart and nothing about them."""
    return {
        "secret_key": _mark(settings.SECRET_KEY),
        "fallbacks": [_mark(key) for key in settings.SECRET_KEY_FALLBACKS],
        "recordings": [_mark(key) for key in settings.RECORDINGS_KEYS],
    }


def _mark(key: str) -> str:
    return hmac.new(key.encode(), b"koebako.backup.mark", hashlib.sha256).hexdigest()[:16]


def key_is_generated() -> bool:
    """Return whether SECRET_KEY is the one in the home, and not one that the operator gave."""
    try:
        return (settings.HOME / "secret_key").read_text().strip() == settings.SECRET_KEY
    except OSError:
        return False


def _write_key(writer: Writer, *, with_secrets: bool) -> str:
    """Write the generated key; return where the key is: archive, home or environment."""
    if not key_is_generated():
        return "environment"
    if not with_secrets:
        return "home"
    writer.add_bytes(SECRET, settings.SECRET_KEY.encode())
    return "archive"


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # a real file
