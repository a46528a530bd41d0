"""Where files lie: a folder (disk.py) or a bucket (bucket.py), as STORAGE_URL says; read as Django's default_storage.

    name = default_storage.save("artifacts/ab/1-speech.ogg", ContentFile(data))   # the name it got: perhaps ..._2.ogg
    replace("42/weather/latest.json", ContentFile(data))                          # old or new, at every moment

A file is there as a whole or not at all, on both. A taken name is decided by the one act that creates the file,
never by looking first. What a file is called goes into its row, so both may give another name than was asked for.

Whatever keeps the bucket from answering is a StorageUnreachable, a ConnectionError; a full disk is an OSError.
A task that meets either is tried again (retry.py).
"""

from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage

from jobs.runtime.storage.names import StorageUnreachable

__all__ = ["StorageUnreachable", "delete_folder", "erase_unfinished", "replace"]


def replace(name: str, content: "File[Any]") -> str:
    """Store the content under this very name; readers see the old file or the new one. Returns the name."""
    replaced: str = default_storage.replace(name, content)  # type: ignore[attr-defined]
    return replaced


def delete_folder(folder: str) -> None:
    """Delete all files of a folder, and the folder; it must hold no other. One that is not there is well so."""
    try:
        _folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    # On a disk the empty folder would stay; object stores have none.
    default_storage.delete(folder)


def erase_unfinished(now: datetime, limit: int) -> int:
    """A cleaner (retention.py): erase what writers that died left behind. A bucket keeps nothing of the kind."""
    erase = getattr(default_storage, "erase_unfinished", None)
    return int(erase(now, limit)) if erase else 0
