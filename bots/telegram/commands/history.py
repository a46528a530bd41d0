"""/status and /history: how somebody's messages are getting on, and what became of the earlier ones.

Everybody sees their own only, and in a group only those of the group: others read along.
"""

import telegram
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.database import in_thread
from bots.telegram import words
from bots.telegram.commands.asked import Answer, Asked
from bots.telegram.models import OPEN, Kind, Message, Part, Status
from jobs.access.models import Platform
from jobs.runtime import queue

SHOWN = 10
EXCERPT_CHARACTERS = 40
SIGNS = {Status.PENDING: "⏳", Status.PROCESSING: "🔧", Status.DONE: "✅", Status.ERROR: "⚠️"}


async def status(asked: Asked) -> Answer:
    return await in_thread(_status, asked)


async def history(asked: Asked) -> Answer:
    return await in_thread(_history, asked)


def _own(asked: Asked) -> QuerySet[Message]:
    rows = Message.objects.filter(account__platform=Platform.TELEGRAM, account__external_id=asked.user_id)
    chat = asked.message.chat
    return rows if chat.type == telegram.constants.ChatType.PRIVATE else rows.filter(chat_id=chat.id)


def _status(asked: Asked) -> Answer:
    replied = asked.message.reply_to_message
    with words.speaking(asked.language):
        if replied is not None:
            about = _own(asked).filter(chat_id=asked.message.chat.id)
            row = (
                about.filter(message_id=replied.message_id).first()
                or about.filter(ack_message_id=replied.message_id).first()
            )
            return Answer(_line(row) if row else _("I know nothing of this message of yours."))
        waiting = list(_own(asked).filter(status__in=OPEN).order_by("pk")[:SHOWN])
        if not waiting:
            return Answer("✅ " + _("Nothing of yours is waiting."))
        count = len(waiting)
        head = ngettext("%(count)d message is open:", "%(count)d messages are open:", count) % {"count": count}
        return Answer("\n".join([head, *map(_line, waiting)]))


def _history(asked: Asked) -> Answer:
    with words.speaking(asked.language):
        rows = list(_own(asked).order_by("-pk")[:SHOWN])
        return Answer("\n".join(map(_line, rows)) if rows else _("You have sent nothing lately."))


def _line(row: Message) -> str:
    """Return a message in one line: its state, when it came, how it begins, and its place or its error."""
    sent_at = timezone.localtime(row.created_at).strftime("%m/%d %H:%M")
    begins = " ".join(row.text.split())
    if len(begins) > EXCERPT_CHARACTERS:
        begins = begins[: EXCERPT_CHARACTERS - 1] + "…"
    what = begins or str(Kind(row.kind).label)
    more = ""
    if row.status == Status.PENDING and (place := _place(row)):
        more = " " + _("(%(count)d before it)") % {"count": place}
    elif row.status == Status.ERROR:
        more = " – " + words.failed(row.error_code).removeprefix("⚠️ ")
    return f"{SIGNS[Status(row.status)]} {sent_at} {what}{more}"


def _place(row: Message) -> int | None:
    part = Part.objects.filter(message=row, run=row.run).select_related("task").order_by("number").first()
    return queue.position_or_none(part.task) if part is not None and part.task is not None else None
