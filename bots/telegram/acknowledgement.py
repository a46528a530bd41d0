"""The message that tells somebody how theirs is getting on: which row says it, and when it may be edited.

At most MAX_EDITS edits a run, the last kept for the end; never two within a second in a chat; what it says
already is not said again. Each edit is claimed in the row before it goes out, so two processes never say two
things at once. Synchronous.

Called by desk.py and watch.py (the bot) and sender.py (the deliveries).
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from enum import Enum

from django.db.models import F

from bots.telegram import pace
from bots.telegram.models import OPEN, Message
from jobs.runtime import clock
from jobs.runtime.gate import writing

MAX_EDITS = 4
# Kept for the end, and for an end that is said again because an edit came late.
KEPT_FOR_THE_END = 2
EDIT_PAUSE = timedelta(seconds=pace.EDIT_SECONDS)


def digest(text: str, buttons: Iterable[tuple[str, str]] = ()) -> str:
    return hashlib.blake2b(repr((text, list(buttons))).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def sent(message_pk: int, ack_message_id: int, text: str) -> None:
    """The acknowledgement went out."""
    with writing():
        Message.objects.filter(pk=message_pk, ack_message_id=None).update(
            ack_message_id=ack_message_id, ack_digest=digest(text)
        )


class Verdict(Enum):
    NOW = "now"  # the edit is the caller's to make
    NEVER = "never"  # it is not to be made


def claim(
    message: Message, text: str, *, buttons: Iterable[tuple[str, str]] = (), last: bool = False
) -> Verdict | float:
    """
    Return whether an edit is the caller's to make, or the seconds to wait at most before asking again.

    Whoever is told NOW calls `made()` when Telegram has answered, or has not.

    last: it tells the end; others are only made while the message is open. One that was claimed already is
    claimed again, since whoever did so may have died: Telegram knows what it says.
    """
    wanted = digest(text, buttons)
    row = Message.objects.filter(pk=message.pk, run=message.run).first()
    if row is None or row.ack_message_id is None:
        return Verdict.NEVER
    again = row.ack_digest == wanted
    most = MAX_EDITS if last else MAX_EDITS - KEPT_FOR_THE_END
    if not again and row.ack_edits >= most:
        return Verdict.NEVER
    if not last and (again or row.status not in OPEN):
        return Verdict.NEVER
    now = clock.now()
    if row.ack_edited_at is not None and (left := row.ack_edited_at + EDIT_PAUSE - now) > timedelta():
        return left.total_seconds()
    if wait := pace.take(message.chat_id):
        return wait
    with writing():
        claimed = Message.objects.filter(
            pk=row.pk, run=row.run, ack_edits=row.ack_edits, ack_digest=row.ack_digest, status=row.status
        ).update(ack_edits=row.ack_edits + (0 if again else 1), ack_digest=wanted, ack_edited_at=now)
    if claimed:
        return Verdict.NOW
    # Another process was first: look again in a moment.
    pace.made(message.chat_id)
    return 0.2


def made(message: Message) -> None:
    """A claimed edit has been answered; the next in the chat follows in a second."""
    pace.made(message.chat_id)
    with writing():
        Message.objects.filter(pk=message.pk).update(ack_edited_at=clock.now())


def unsay(message_pk: int) -> None:
    """A claimed edit was not made: it does not count, and the next may say anything."""
    with writing():
        Message.objects.filter(pk=message_pk, ack_edits__gt=0).update(ack_edits=F("ack_edits") - 1, ack_digest="")
