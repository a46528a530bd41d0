"""Carry an answer out: voice notes in their order, words in as many messages as they need, the acknowledgement's end.

Runs in a thread of `manage.py rqworker`, one delivery of a chat at a time (Rate.at_once). Each part is marked as it
is sent, so a delivery that is tried again goes on where it stopped; only a process that dies between Telegram's answer
and that mark sends one part twice, since Telegram has no key for it.

Called by delivery.py; a delivery's target: {"message": row, "run": number}, with "ack" for the acknowledgement's end.
"""

import asyncio
import logging
import time
from functools import partial
from typing import Any

import telegram

from bots.telegram import acknowledgement, ending, line, pace, said, wire
from bots.telegram.acknowledgement import Verdict
from bots.telegram.errors import Blocked, Flooded, Rejected, TooLarge, Unknown, Unreachable, Vanished
from bots.telegram.models import Message
from jobs.delivery import errors as delivery_errors
from jobs.delivery.models import Delivery

logger = logging.getLogger(__name__)


def send(delivery: Delivery) -> dict[str, Any]:
    """Return what was done. Raises RetryLater, Failed, Gone or Refused of jobs/delivery."""
    wanted = Message.objects.filter(pk=delivery.target.get("message"), run=delivery.target.get("run"))
    message = wanted.select_related("account__user").first()
    if message is None:
        return {"answer": "nothing to do: erased, or tried again"}
    try:
        if delivery.target.get("ack"):
            return _last_word(message)
        return {"answer": f"sent {_answer(message)}"}
    except Flooded as error:
        pace.hold(message.chat_id, error.wait_seconds)
        ending.keep_files(message)
        raise delivery_errors.RetryLater(
            error.wait_seconds, "Telegram asks to wait", whole_receiver=True, status=429
        ) from error
    except Unreachable as error:
        ending.keep_files(message)
        raise delivery_errors.Failed(str(error)) from error
    except Unknown as error:
        raise delivery_errors.Failed(str(error), status=401) from error
    except Blocked as error:
        # Quietly: whoever blocked the bot wants to hear nothing.
        ending.block(message)
        raise delivery_errors.Gone(str(error), status=403) from error
    except (TooLarge, Rejected) as error:
        raise delivery_errors.Refused(str(error)) from error


def _answer(message: Message) -> int:
    """Send what is ready of a message, after what is ready of earlier ones in its chat; return how much that was."""
    sent = 0
    for row in ending.open_until(message):
        while (step := ending.next_step(row)) is not None:
            try:
                _send(row, step)
            except (TooLarge, Rejected) as error:
                ending.end(row, code="file_too_large" if isinstance(error, TooLarge) else "refused")
                if row.pk == message.pk:
                    raise
                break
            ending.sent(row, step)
            sent += 1
    return sent


def _send(message: Message, step: ending.Step) -> None:
    if isinstance(step, ending.Words):
        _send_words(message, step)
        return
    line.run(
        lambda bot: wire.send_voice(
            bot, message.chat_id, step.data, seconds=step.seconds, caption=step.credit, reply_to=message.message_id
        )
    )


def _send_words(message: Message, step: ending.Words) -> None:
    """Put what was heard in the acknowledgement's place, and what does not fit there below it."""
    first, *rest = step.messages
    before = said.count(step.part.pk)
    if before:
        line.run(partial(_send_rest, message, step, before))
        return
    place = message.ack_message_id
    if place is not None and _claim(message, first, []) is Verdict.NEVER:
        place = None

    async def send(bot: telegram.Bot) -> None:
        if place is None or not await _edited(bot, message, place, first):
            await wire.send_text(bot, message.chat_id, first, reply_to=message.message_id)
        if rest:
            await asyncio.to_thread(said.note, step.part.pk, 1)
            await _send_rest(message, step, 1, bot)

    try:
        line.run(send)
    except (Flooded, Unreachable):
        if place is not None:
            acknowledgement.unsay(message.pk)
        raise
    finally:
        if place is not None:
            acknowledgement.made(message)


async def _send_rest(message: Message, step: ending.Words, sent: int, bot: telegram.Bot) -> None:
    """Send what is behind the first `sent` messages."""
    for number, text in enumerate(step.messages[sent:], start=sent + 1):
        await wire.send_text(bot, message.chat_id, text)
        await asyncio.to_thread(said.note, step.part.pk, number)


async def _edited(bot: telegram.Bot, message: Message, place: int, text: str) -> bool:
    try:
        await wire.edit_text(bot, message.chat_id, place, text)
    except Vanished:
        return False
    return True


def _last_word(message: Message) -> dict[str, Any]:
    """Have the acknowledgement say how it ended."""
    text, buttons = ending.last_word(message)
    place = message.ack_message_id
    if place is None:
        if not ending.must_be_told(message):
            return {"answer": "nothing to say"}
        line.run(lambda bot: wire.send_text(bot, message.chat_id, text, reply_to=message.message_id, buttons=buttons))
        return {"answer": "told how it ended"}
    if _claim(message, text, buttons) is Verdict.NEVER:
        return {"answer": "said already"}
    try:
        line.run(lambda bot: wire.edit_text(bot, message.chat_id, place, text, buttons=buttons))
    except Vanished:
        return {"answer": "the acknowledgement is gone"}
    except (Flooded, Unreachable):
        acknowledgement.unsay(message.pk)
        raise
    finally:
        acknowledgement.made(message)
    return {"answer": "said how it ended"}


def _claim(message: Message, text: str, buttons: list[tuple[str, str]]) -> Verdict:
    """Return whether the last edit may be made. Raises RetryLater while the chat may not be edited for long."""
    verdict = ending.claim_last(message, text, buttons)
    if isinstance(verdict, float) and verdict <= pace.EDIT_SECONDS:
        # An edit has just been made. Another attempt of the delivery would come a second or two later than that.
        time.sleep(verdict)
        verdict = ending.claim_last(message, text, buttons)
    if isinstance(verdict, float):
        # Another one's edit is mostly over sooner than it may be; only Telegram asks for more.
        wait = verdict if verdict > pace.UNDER_WAY_SECONDS else min(verdict, pace.EDIT_SECONDS)
        raise delivery_errors.RetryLater(wait, "the chat may not be written in yet")
    return verdict
