"""Where an announcement's sound lies for whoever plays it: `{user_id}/weather/{date}.ogg`, and what is newest.

`latest.json` is written last, and both are put in place as a whole: a reader sees the announcement before or this
one, never half of one. A second attempt puts the same day's sound in the first one's place.

Called by the weather function; cleanup.py takes away what is old.
"""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from jobs.runtime import storage

LATEST = "latest.json"


def folder_of(user_id: int) -> str:
    return f"{user_id}/weather"


def name_of(user_id: int, day: date) -> str:
    return f"{folder_of(user_id)}/{day.isoformat()}.ogg"


def put(user_id: int, day: date, sound: bytes, facts: dict[str, Any]) -> None:
    """Store a sound and say that it is the newest; facts: JSON-ready, what `latest.json` tells beside date and file."""
    name = name_of(user_id, day)
    storage.replace(name, ContentFile(sound))
    newest = latest(user_id)
    if newest is not None and str(newest.get("date", "")) > day.isoformat():
        return
    told = {"date": day.isoformat(), "file": name.rpartition("/")[2], **facts}
    storage.replace(f"{folder_of(user_id)}/{LATEST}", ContentFile(json.dumps(told, ensure_ascii=False).encode()))


def latest(user_id: int) -> dict[str, Any] | None:
    """Return what `latest.json` says; None when there is none, or nothing of ours in it."""
    try:
        with default_storage.open(f"{folder_of(user_id)}/{LATEST}") as file:
            told = json.loads(file.read())
    except (FileNotFoundError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def remove(user_id: int, day: date) -> None:
    """Take a day's sound away, and `latest.json` when it speaks of this day or an earlier one."""
    newest = latest(user_id)
    if newest is not None and str(newest.get("date", "")) <= day.isoformat():
        # First: it must not name a file that is gone.
        default_storage.delete(f"{folder_of(user_id)}/{LATEST}")
    default_storage.delete(name_of(user_id, day))


def names(using: str) -> Iterator[str]:
    """Yield what the rows of the database `using` name, for who copies all stored files."""
    from jobs.announcements.models import Announcement

    rows = Announcement.objects.using(using).exclude(file="")
    yield from rows.values_list("file", flat=True).iterator()
    for user_id in rows.order_by("user_id").values_list("user_id", flat=True).distinct().iterator():
        yield f"{folder_of(user_id)}/{LATEST}"
