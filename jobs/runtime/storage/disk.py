"""Files in a folder. A new one is written beside them under a name of its own, and appears by a hard link.

The link is the exclusive act: of twenty writers of one name each gets another number. It is made after the bytes
are on the disk, so neither a crash nor a power cut leaves half a file under a name that anybody knows. The folder
and `.writing` in it must be of one file system, and one that has hard links (`manage.py doctor` writes a file).

Set by the settings for STORAGE_URL=file://...
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from jobs.runtime.storage.names import as_file, checked, first_free

WRITING = ".writing"
# A writer that has not ended after this has died: the longest upload is over in an hour.
UNFINISHED_SECONDS = 86_400
# A folder that the clean-up takes away between two steps is made again; more than once is no accident.
TRIES = 3


@deconstructible(path="jobs.runtime.storage.disk.DiskStorage")
class DiskStorage(FileSystemStorage):
    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Return the name it got. Raises OSError: ENOSPC and the like, with nothing left behind."""
        return first_free(name, content, self._create, max_length)

    def replace(self, name: str, content: Any) -> str:
        """Store under this very name, whatever it held before; a reader sees the one or the other."""
        with self._written(as_file(content)) as written:
            self._appear(written, checked(name), os.replace)
        return name

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders, files = super().listdir(path)
        return [folder for folder in folders if folder != WRITING], files

    def erase_unfinished(self, now: datetime, limit: int) -> int:
        """Erase what writers that died left behind; return how many of it."""
        before = now.timestamp() - UNFINISHED_SECONDS
        left = [path for path in (Path(self.location) / WRITING).glob("*") if _written_at(path) < before][:limit]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _create(self, name: str, content: "File[Any]") -> bool:
        if self.exists(name):
            # Spares the writing. It decides nothing: the link does.
            return False
        try:
            with self._written(content) as written:
                self._appear(written, name, os.link)
        except FileExistsError:
            return False
        return True

    @contextmanager
    def _written(self, content: "File[Any]") -> Iterator[Path]:
        """Yield the path of the content on the disk, under a name of no meaning; it is gone afterwards."""
        path = Path(self.location) / WRITING / secrets.token_hex(16)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk.encode() if isinstance(chunk, str) else chunk)
                file.flush()
                if self.file_permissions_mode is not None:
                    os.fchmod(file.fileno(), self.file_permissions_mode)
                # Before it has a name, or after a power cut the name would stand for nothing.
                os.fdatasync(file.fileno())
            yield path
        finally:
            # `replace` has moved it.
            path.unlink(missing_ok=True)

    def _appear(self, written: Path, name: str, act: Callable[[Path, Path], None]) -> None:
        """Give the written file its name, by `os.link` or `os.replace`."""
        path = Path(self.path(name))
        for tries_left in reversed(range(TRIES)):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                act(written, path)
            except FileNotFoundError:
                if not tries_left:
                    raise
            else:
                return


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        # Its writer has ended meanwhile.
        return float("inf")
