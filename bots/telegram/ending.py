"""What is left to be sent of a message, what has been, and how it ends. Synchronous; every step is in the rows.

A message ends once: done, or failed with a code. The transaction that ends it orders the delivery of the
acknowledgement's last word.

Called by sender.py; desk.py and watch.py call `end()` and `speak_last()`.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from bots.telegram import acknowledgement, orders, split, words
from bots.telegram.acknowledgement import Verdict
from bots.telegram.delivery import KIND
from bots.telegram.models import OPEN, Chat, Kind, Message, Part, Preference, Role, Status
from bots.telegram.orders import CannotOrder
from jobs.delivery import outbox
from jobs.runtime import clock
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import TooLate
from jobs.runtime.gate import writing
from jobs.runtime.models import Artifact, Result, Task
from jobs.runtime.models import Status as TaskStatus
from jobs.runtime.models.task import OPEN as OPEN_TASKS

logger = logging.getLogger(__name__)

# Sounds of chats are erased some minutes after they were made; those that could not be sent are kept for longer.
FILES_KEPT_FOR = timedelta(hours=1)
# A failure may be quicker than the acknowledgement that is to tell it.
ACK_ON_ITS_WAY = timedelta(seconds=1.5)


@dataclass(frozen=True)
class Voice:
    """A voice note to be sent: Ogg/Opus."""

    part: Part
    data: bytes
    seconds: float
    credit: str


@dataclass(frozen=True)
class Words:
    """What was heard, to be sent in these messages."""

    part: Part
    text: str
    messages: list[str]


Step = Voice | Words


def open_until(message: Message) -> list[Message]:
    """Return the open messages of a chat up to this one: an answer that had to wait goes before later ones."""
    rows = Message.objects.filter(chat_id=message.chat_id, status__in=OPEN, pk__lte=message.pk)
    return list(rows.select_related("account__user").order_by("pk"))


def next_step(message: Message) -> Step | None:
    """Return what is to be sent next; None when nothing is ready, or all is over (the message then has its end)."""
    state = Message.objects.filter(pk=message.pk, run=message.run).values_list("status", flat=True).first()
    if state not in OPEN:
        return None
    parts = list(message.parts.filter(run=message.run).select_related("task").order_by("role", "number"))
    codes: list[str] = []
    for part in parts:
        if part.sent_at is not None:
            continue
        part.message = message
        if part.task is not None and not part.task.is_final():
            return None
        if part.task is None or part.task.status != TaskStatus.SUCCESS:
            codes.append(_code(part.task))
        elif part.role == Role.HEAR:
            return _words(part, part.task)
        elif (voice := _voice(part, part.task)) is not None:
            return voice
        else:
            return None
    end(message, code=codes[0] if codes else "")
    return None


def _code(task: Task | None) -> str:
    if task is None:
        return "not_delivered"
    if task.status == TaskStatus.CANCELLED:
        return "cancelled"
    return task.error_code or task.error_type or "failed"


def _words(part: Part, task: Task) -> Words | None:
    output = Result.objects.filter(task=task).values_list("output", flat=True).first()
    if not isinstance(output, dict) or "text" not in output:
        # Erased before it could be sent; the sender of the recording may ask for it again.
        end(part.message, code="not_delivered")
        return None
    text = str(output["text"]).strip()
    with words.speaking(part.message.language):
        return Words(part, text, split.messages(words.heard(text)))


def _voice(part: Part, task: Task) -> Voice | None:
    """Return the sound of a part; None when it had to be ordered once more."""
    output = Result.objects.filter(task=task).values_list("output", flat=True).first()
    artifact = Artifact.objects.filter(task=task).first()
    if artifact is not None and isinstance(output, dict):
        with suppress(FileNotFoundError), artifact.file.open("rb") as file:
            return Voice(part, file.read(), float(output.get("duration_seconds", 0)), str(output.get("credit", "")))
    try:
        with writing(), transaction.atomic():
            orders.say_once_more(part)
    except CannotOrder as error:
        end(part.message, code=error.code)
    return None


def sent(message: Message, step: Step) -> None:
    """Mark a step as sent; words may go on to be said, when their sender likes that."""
    with writing(), transaction.atomic():
        if not Part.objects.filter(pk=step.part.pk, sent_at=None).update(sent_at=clock.now()):
            return
        if isinstance(step, Words):
            message.text = step.text
            Message.objects.filter(pk=message.pk).update(text=step.text, updated_at=clock.now())
            if step.text and Preference.objects.filter(account=message.account_id, speaks_back=True).exists():
                with suppress(CannotOrder), transaction.atomic():
                    orders.say(message)


def end(message: Message, *, code: str = "") -> bool:
    """End a message, done or failed, and have its acknowledgement say so; False when it has ended already."""
    status = Status.ERROR if code else Status.DONE
    with writing(), transaction.atomic():
        changed = Message.objects.filter(pk=message.pk, run=message.run, status__in=OPEN).update(
            status=status, error_code=code[:64], updated_at=clock.now()
        )
        if changed:
            _order_last_word(message, key="end")
    return bool(changed)


def speak_last(message: Message) -> None:
    """Have the end said once more: an edit that was on its way when it came may have been written over it."""
    with writing(), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(ack_digest="")
        _order_last_word(message, key="late")


def _order_last_word(message: Message, *, key: str) -> None:
    outbox.deliver(
        KIND,
        task=None,
        owner=message.account.user,
        target={"message": message.pk, "run": message.run, "ack": key},
        payload={},
        key=f"telegram:{key}:{message.pk}:{message.run}",
        receiver=message.receiver,
        not_before=_when(message),
    )


def _when(message: Message) -> datetime | None:
    """Return when the acknowledgement may be edited; one that is just going out is waited for."""
    row = Message.objects.filter(pk=message.pk).values_list("ack_message_id", "ack_edited_at").first()
    if row is None or row[0] is None:
        return clock.now() + ACK_ON_ITS_WAY
    return None if row[1] is None else row[1] + acknowledgement.EDIT_PAUSE


def last_word(message: Message) -> tuple[str, list[tuple[str, str]]]:
    """Return what the acknowledgement says at the end, and the buttons under it."""
    with words.speaking(message.language):
        if message.kind != Kind.TEXT and (message.text or message.status == Status.DONE):
            return split.messages(words.heard(message.text))[0], []
        if message.status == Status.DONE:
            return words.done(_credit(message)), []
        return words.failed(message.error_code), words.buttons(message.pk, message.error_code)


def _credit(message: Message) -> str:
    tasks = message.parts.filter(run=message.run, role=Role.SAY).values_list("task", flat=True)
    for output in Result.objects.filter(task__in=[task for task in tasks if task]).values_list("output", flat=True):
        if isinstance(output, dict) and output.get("credit"):
            return str(output["credit"])
    return ""


def must_be_told(message: Message) -> bool:
    """True when somebody who got no acknowledgement would otherwise never hear of the end."""
    return message.status == Status.ERROR


def claim_last(message: Message, text: str, buttons: list[tuple[str, str]] | None = None) -> Verdict | float:
    return acknowledgement.claim(message, text, buttons=buttons or (), last=True)


def keep_files(message: Message) -> None:
    """What could not be sent yet in this chat is not erased yet."""
    waiting = Part.objects.filter(message__chat_id=message.chat_id, message__status__in=OPEN, sent_at=None)
    tasks = list(waiting.values_list("task", flat=True))
    until = clock.now() + FILES_KEPT_FOR
    with writing():
        Task.objects.filter(pk__in=[task for task in tasks if task], content_until__lt=until).update(
            content_until=until
        )


def block(message: Message) -> None:
    """Nothing may be written in this chat: end what is open there, without a word."""
    now = clock.now()
    with writing(), transaction.atomic():
        Chat.objects.update_or_create(pk=message.chat_id, defaults={"blocked_at": now})
        waiting = Message.objects.filter(chat_id=message.chat_id, status__in=OPEN)
        tasks = [task for task in waiting.values_list("parts__task", flat=True) if task]
        waiting.update(status=Status.ERROR, error_code="blocked", updated_at=now)
    for task in Task.objects.filter(pk__in=tasks, status__in=OPEN_TASKS):
        with suppress(TooLate):
            cancel(task)
