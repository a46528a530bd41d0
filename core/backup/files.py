"""The stored files that rows name, held still while a backup copies them.

A folder is held by hard links, made twice: of what the house's rows name before the database is copied, then of what
the copy's rows name. So a file that is deleted in between, as when a recording is encrypted again, is still there
under the name that the copy knows. Files never change under their name (storage/disk.py), so a link is a copy.

A bucket keeps its own versions; of it, names and sizes are written down.

Called by making.py and restoring.py.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from django.apps import apps
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import models

from core.backup.archive import MEDIA, Writer, line_of
from core.backup.errors import CannotBackUp, CannotRestore
from jobs.runtime.storage.named import registered

# In the storage's folder, because a link cannot leave its file system.
HELD = ".backup"
ROWS_AT_ONCE = 2000
# A bucket answers in some 20 ms; so many ask side by side.
ASKERS = 16


def names_in_rows(using: str) -> Iterator[str]:
    """Yield the name of every file that a row of the database `using` names; some perhaps twice."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                rows = model._base_manager.using(using).exclude(**{field.name: ""})
                yield from rows.values_list(field.attname, flat=True).iterator(chunk_size=ROWS_AT_ONCE)
    for names in registered():
        yield from names(using)


def is_folder() -> bool:
    return isinstance(default_storage, FileSystemStorage)


def root() -> Path:
    return Path(default_storage.location)  # type: ignore[attr-defined]


class Held:
    """Two folders of links, one before and one after the copy of the database."""

    def __init__(self, folder: Path) -> None:
        self._early, self._kept = str(folder / "early"), str(folder / "kept")
        self.missing = 0

    def hold_early(self, names: Iterator[str]) -> None:
        for name in names:
            _link([_stored(name)], f"{self._early}/{name}")

    def hold(self, names: Iterator[str]) -> None:
        for name in names:
            if not _link([f"{self._early}/{name}", _stored(name)], f"{self._kept}/{name}"):
                self.missing += 1

    def each(self) -> Iterator[tuple[str, Path]]:
        """Yield name and path of each held file."""
        for folder, _folders, found in os.walk(self._kept):
            for each in found:
                path = os.path.join(folder, each)  # noqa: PTH118 - a million of them
                yield path.removeprefix(f"{self._kept}/"), Path(path)


@contextmanager
def holding() -> Iterator[Held]:
    """Raises CannotBackUp while another backup of this storage runs."""
    top = root() / HELD
    top.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(top / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotBackUp("another backup of this house runs; wait for its end") from None
        for left in top.iterdir():
            if left.is_dir():
                # Of a backup that was killed: the lock is ours.
                shutil.rmtree(left)
        folder = top / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        try:
            yield Held(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _stored(name: str) -> str:
    """Return where a stored file lies. Raises SuspiciousFileOperation when a row names one outside of the storage."""
    return str(default_storage.path(name))


def _link(sources: list[str], target: str) -> bool:
    """Give `target` the content of the first source that is there; False when none is."""
    # Strings and one call each: there may be a million files.
    for source in sources:
        try:
            return _link_one(source, target)
        except FileNotFoundError:
            try:
                os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
                return _link_one(source, target)
            except FileNotFoundError:
                continue
    return False


def _link_one(source: str, target: str) -> bool:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except FileExistsError:
        return True  # two rows name it
    except OSError:
        # Somebody else's file, which this user may read and not link, or a file system without links.
        shutil.copyfile(source, target)
    return True


def write_folder(writer: Writer, held: Held, listing: BinaryIO) -> tuple[int, int]:
    """Write the held files and their lines; return how many files, and their bytes."""
    count = total = 0
    for name, path in held.each():
        size = path.stat().st_size
        listing.write(line_of(name, size, writer.add_path(MEDIA + name, path)))
        count, total = count + 1, total + size
    return count, total


def list_bucket(names: Iterator[str], listing: BinaryIO) -> tuple[int, int, int]:
    """Write a line for each file of the bucket; return how many, their bytes, and how many are missing."""
    count = total = missing = 0
    with ThreadPoolExecutor(ASKERS) as askers:
        while some := list(islice(names, ROWS_AT_ONCE)):
            for name, size in zip(some, askers.map(size_in_bucket, some), strict=True):
                if size is None:
                    missing += 1
                    continue
                listing.write(line_of(name, size, ""))
                count, total = count + 1, total + size
    return count, total, missing


def size_in_bucket(name: str) -> int | None:
    try:
        return default_storage.size(name)
    except FileNotFoundError:
        return None


def put(name: str, pieces: Iterator[bytes]) -> None:
    """Store a file under this very name. It is on the disk after `settle()`, once for all of them."""
    path = root() / name
    _refuse_detour(path.parent, root())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            for piece in pieces:
                file.write(piece)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@lru_cache(maxsize=1024)
def _refuse_detour(folder: Path, top: Path) -> None:
    """Raise CannotRestore when a link of somebody's leads `folder` out of the storage."""
    if not folder.resolve().is_relative_to(top.resolve()):
        raise CannotRestore(f"{folder} leads out of the storage")


def settle() -> None:
    os.sync()


def delete_named(listing: Path) -> int:
    """Delete the files that the lines of `listing` name; return how many there were."""
    count = 0
    with listing.open(encoding="utf-8") as names:
        for line in names:
            path = Path(_stored(line.rstrip("\n")))
            if path.is_file():
                path.unlink()
                count += 1
    return count
