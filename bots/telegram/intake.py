"""From what Telegram told to rows: first the updates as they are, then the messages in them, each exactly once.

Synchronous, for bots/database.in_thread. A message that was taken already is not taken again, by
whatever update it comes and by however many processes.

Called by poll.py, webhook.py and desk.py.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from bots.telegram import orders
from bots.telegram.models import OPEN, Chat, Kind, Message, Preference, Status, Update
from bots.telegram.naming import named
from bots.telegram.orders import CannotOrder
from jobs.access.accounts import first_contact
from jobs.access.models import ChatAccount, Platform
from jobs.runtime import clock
from jobs.runtime.gate import writing

logger = logging.getLogger(__name__)

# An update on which the bot died so often is left alone.
MAX_TRIES = 3
# The oldest of more are dealt with first.
OPEN_AT_ONCE = 200

TOO_MANY = "too_many_messages"
# Somebody who floods is told so once in this time.
TOLD_FOR = timedelta(minutes=1)


@dataclass(frozen=True)
class Incoming:
    """
    What somebody sent. language: ja or en, to answer in; file_bytes: None when Telegram does not say.

    author: the name to be said before the text, where one is said at all.
    """

    chat_id: int
    message_id: int
    user_id: int
    kind: Kind
    language: str
    text: str = ""
    file_id: str = ""
    file_bytes: int | None = None
    author: str = ""


def store(updates: Sequence[tuple[int, Mapping[str, Any]]]) -> list[int]:
    """Keep updates, id and payload as Telegram sent them; return the ids that are new."""
    with writing(), transaction.atomic():
        ids = [update_id for update_id, _payload in updates]
        known = set(Update.objects.filter(pk__in=ids).values_list("pk", flat=True))
        now = clock.now()
        new = [(key, payload) for key, payload in updates if key not in known]
        rows = [Update(update_id=key, payload=_storable(payload), received_at=now) for key, payload in new]
        # Another process may be storing the same ones.
        Update.objects.bulk_create(rows, ignore_conflicts=True)
    return [row.update_id for row in rows]


def _storable(value: Any) -> Any:
    """Return JSON without what PostgreSQL cannot hold: one such text would keep all that comes behind it out."""
    if isinstance(value, str):
        # U+0000, and halves of a pair of surrogates.
        return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_storable(key): _storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(each) for each in value]
    return value


def open_updates(*, without: Sequence[int] = ()) -> list[int]:
    """Return the ids of what is not dealt with, oldest first."""
    found = Update.objects.filter(done_at=None).exclude(pk__in=without).order_by("update_id")
    return list(found.values_list("pk", flat=True)[:OPEN_AT_ONCE])


def begin(update_id: int) -> dict[str, Any] | None:
    """Return the payload of an update that is now to be dealt with; None when there is nothing to do."""
    with writing(), transaction.atomic():
        waiting = Update.objects.filter(pk=update_id, done_at=None)
        if not waiting.update(tries=F("tries") + 1):
            return None
        tries, payload = waiting.values_list("tries", "payload").get()
        if tries > MAX_TRIES:
            logger.error("an update is given up: the bot died on it", extra={"update": update_id})
            _finish(update_id)
            return None
    return dict(payload)


def finish(update_id: int) -> None:
    """An update is dealt with; its words go."""
    with writing():
        _finish(update_id)


def _finish(update_id: int) -> None:
    Update.objects.filter(pk=update_id).update(done_at=clock.now(), payload={})


def accept(incoming: Incoming, *, update_id: int | None = None) -> Message | None:
    """
    Store a message with its tasks, and finish its update with them; None when it was stored before.

    What cannot be worked on (too many at once, too large, nothing to read) is stored as an error with its code.
    """
    with writing(), transaction.atomic():
        message = _store(incoming)
        if update_id is not None:
            _finish(update_id)
    return message


def _store(incoming: Incoming) -> Message | None:
    if Message.objects.filter(chat_id=incoming.chat_id, message_id=incoming.message_id).exists():
        return None
    account = first_contact(Platform.TELEGRAM, str(incoming.user_id))
    code = _refusal(incoming, account)
    text = incoming.text
    if incoming.author and text:
        text = named(text, chat_id=incoming.chat_id, user_id=incoming.user_id, author=incoming.author)
    now = clock.now()
    message = Message.objects.create(
        chat_id=incoming.chat_id,
        message_id=incoming.message_id,
        user_id=incoming.user_id,
        account=account,
        kind=incoming.kind,
        text=text,
        file_id=incoming.file_id,
        language=incoming.language,
        status=Status.ERROR if code else Status.PENDING,
        error_code=code,
        created_at=now,
        updated_at=now,
    )
    Chat.objects.filter(pk=incoming.chat_id).exclude(blocked_at=None).update(blocked_at=None)
    if not code and incoming.kind == Kind.TEXT:
        try:
            with transaction.atomic():
                orders.say(message)
        except CannotOrder as error:
            message.status, message.error_code = Status.ERROR, error.code
            message.save(update_fields=["status", "error_code"])
    return message


def _refusal(incoming: Incoming, account: ChatAccount) -> str:
    if incoming.file_bytes is not None and incoming.file_bytes > settings.TELEGRAM_MAX_FILE_BYTES:
        return "file_too_large"
    if Message.objects.filter(account=account, status__in=OPEN).count() >= settings.TELEGRAM_USER_MESSAGES:
        return TOO_MANY
    return ""


def again(message_pk: int, *, user_id: int) -> Message | None:
    """Try a message that failed once more, as its sender asks; None when it is not theirs or not failed."""
    with writing(), transaction.atomic():
        failed = Message.objects.filter(pk=message_pk, user_id=user_id, status=Status.ERROR)
        changed = failed.update(
            status=Status.PENDING,
            error_code="",
            run=F("run") + 1,
            ack_edits=0,
            updated_at=clock.now(),
        )
        if not changed:
            return None
        message = Message.objects.select_related("account__user").get(pk=message_pk)
        order_again(message)
    return message


def order_again(message: Message) -> None:
    """Make the tasks of a new run: of what was not sent yet. A recording is fetched again by whoever sees none."""
    if not message.text:
        return
    said = message.parts.filter(role="say", sent_at__isnull=False).values_list("number", flat=True)
    every = message.parts.filter(role="say").values_list("number", flat=True)
    left = sorted(set(every) - set(said))
    try:
        with transaction.atomic():
            orders.say(message, only=left or None)
    except CannotOrder as error:
        message.status, message.error_code = Status.ERROR, error.code
        message.save(update_fields=["status", "error_code"])


def language_of(user_id: int, language_code: str | None) -> str:
    """Return the language to answer somebody in: their wish, or what Telegram says; ja or en."""
    wish = Preference.objects.filter(account__platform=Platform.TELEGRAM, account__external_id=str(user_id)).first()
    if wish is not None and wish.language:
        return wish.language
    return "ja" if (language_code or "").lower().startswith("ja") else "en"
