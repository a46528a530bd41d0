"""Take over a queue of files, as an older bot kept it: one JSON file a message, `msg_{chat}_{message}.json`.

What waited there (`pending`, `processing`) becomes a message with its tasks, what had ended (`done`, `error`)
history. A file that was taken moves to `imported/`; one that cannot be used stays, and is reported. Each is a
transaction of its own under the key `import:{chat_id}:{message_id}`, so it can be repeated at any time, also
after it died half-way.

Called by `manage.py import_file_queue`.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, ValidationInfo, field_validator

from bots.telegram import orders
from bots.telegram.models import Kind, Message, Status
from bots.telegram.orders import CannotOrder
from jobs.access.accounts import first_contact
from jobs.access.models import Platform
from jobs.runtime import clock
from jobs.runtime.gate import writing
from jobs.runtime.models import Task

logger = logging.getLogger(__name__)

PATTERN = "msg_*_*.json"
TAKEN = "imported"
# A message has 4,096 characters; what is larger by far is no message.
MAX_FILE_BYTES = 100_000
_MAX_ID = 2**63 - 1


def _moment(value: object) -> object:
    """Read a moment without a zone as the house's own: the old bot wrote local time."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.get_default_timezone())
    return value


Id = Annotated[int, Field(ge=-_MAX_ID, le=_MAX_ID)]


class Entry(BaseModel, frozen=True):
    """One file, as the old bot wrote it."""

    message_id: Annotated[int, Field(ge=1, le=_MAX_ID)]
    user_id: Annotated[int, Field(ge=1, le=_MAX_ID)]
    chat_id: Id
    text: str | None = None
    status: Literal["pending", "processing", "done", "error"]
    is_text: bool
    created_at: Annotated[datetime, BeforeValidator(_moment)]
    updated_at: Annotated[datetime, BeforeValidator(_moment)]
    ack_message_id: Annotated[int, Field(ge=1, le=_MAX_ID)] | None = None

    @field_validator("created_at", "updated_at")
    @classmethod
    def _not_of_the_future(cls, value: datetime, info: ValidationInfo) -> datetime:
        if not datetime(2013, 1, 1, tzinfo=UTC) < value < clock.now().replace(year=clock.now().year + 1):
            raise ValueError("no moment that a message can be of")
        return value


class Unusable(Exception):
    """A file that stays where it is. reason: what is wrong with it, without anybody's words."""

    retryable = False

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass
class Report:
    """What became of the files. bad: name and reason."""

    queued: int = 0
    history: int = 0
    known: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)


def take_over(folder: Path) -> Report:
    """Take over every file of a folder. Raises NotADirectoryError."""
    if not folder.is_dir():
        raise NotADirectoryError(folder)
    report = Report()
    for place in _files(folder):
        try:
            _one(place, report)
        except Unusable as error:
            report.bad.append((place.name, error.reason))
    logger.info(
        "a file queue was taken over",
        extra={"queued": report.queued, "history": report.history, "known": report.known, "bad": len(report.bad)},
    )
    return report


def _files(folder: Path) -> Iterator[Path]:
    # Oldest first, as they would have been worked on: by message id, a number.
    def order(place: Path) -> tuple[int, str]:
        number = place.stem.rpartition("_")[2]
        return (int(number) if number.isdecimal() and len(number) < 20 else 0, place.name)

    yield from sorted(folder.glob(PATTERN), key=order)


def _one(place: Path, report: Report) -> None:
    entry = _read(place)
    if not entry.is_text and not (entry.text or "").strip() and entry.status in ("pending", "processing"):
        raise Unusable("a voice message without its words: the recording is not in the file")
    try:
        with writing(), transaction.atomic():
            is_new = _store(entry)
    except CannotOrder as error:
        raise Unusable(f"it cannot be read aloud ({error.code})") from error
    # After the commit: a file that moved too early would be lost with the transaction.
    _move(place)
    if not is_new:
        report.known += 1
    elif entry.status in ("pending", "processing"):
        report.queued += 1
    else:
        report.history += 1


def _read(place: Path) -> Entry:
    try:
        if place.is_symlink() or not place.is_file():
            raise Unusable("no plain file")
        if place.stat().st_size > MAX_FILE_BYTES:
            raise Unusable(f"larger than {MAX_FILE_BYTES} bytes")
        return Entry.model_validate(json.loads(place.read_bytes()))
    except OSError as error:
        raise Unusable(f"not readable ({type(error).__name__})") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise Unusable(f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['type']}") from None
    except (ValueError, RecursionError) as error:
        raise Unusable("no JSON") from error


def _store(entry: Entry) -> bool:
    """Store a message, with its tasks when it was open; False when it was stored before."""
    key = f"import:{entry.chat_id}:{entry.message_id}"
    known = Message.objects.filter(chat_id=entry.chat_id, message_id=entry.message_id)
    if known.exists() or Task.objects.filter(idempotency_key=key).exists():
        return False
    is_open = entry.status in ("pending", "processing")
    message = Message.objects.create(
        chat_id=entry.chat_id,
        message_id=entry.message_id,
        user_id=entry.user_id,
        account=first_contact(Platform.TELEGRAM, str(entry.user_id)),
        # A voice whose words are known is only to be said again.
        kind=Kind.TEXT if entry.is_text or is_open else Kind.VOICE,
        text=(entry.text or "").replace("\x00", ""),
        language=settings.LANGUAGE_CODE,
        status=Status.PENDING if is_open else Status(entry.status),
        error_code="" if entry.status != "error" else "failed",
        ack_message_id=entry.ack_message_id,
        created_at=entry.created_at,
        # It waits from now on; what has ended keeps its day.
        updated_at=clock.now() if is_open else entry.updated_at,
    )
    if is_open:
        orders.say(message, key=key)
    return True


def _move(place: Path) -> None:
    try:
        taken = place.parent / TAKEN
        taken.mkdir(exist_ok=True)
        place.replace(taken / place.name)
    except OSError as error:
        raise Unusable(f"taken over, but it cannot be moved ({type(error).__name__})") from error
