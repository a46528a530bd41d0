"""An acknowledgement is edited seldom, never twice within a second in a chat, and at most four times."""

from datetime import timedelta

import pytest

from bots.telegram import acknowledgement, pace
from bots.telegram.acknowledgement import MAX_EDITS, Verdict
from bots.telegram.models import Message, Status
from jobs.runtime import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def message(take):
    message = take()
    acknowledgement.sent(message.pk, 70, "got it")
    let_time_pass(message)
    message.refresh_from_db()
    return message


def let_time_pass(message: Message) -> None:
    """Forget when the chat was edited, in the row and in Redis."""
    Message.objects.filter(chat_id=message.chat_id).update(ack_edited_at=clock.now() - timedelta(seconds=2))
    pace._set(pace._edits(message.chat_id), 0.001)
    while pace.client().exists(pace._edits(message.chat_id)):
        continue


def test_what_it_says_already_is_not_said_again(message):
    assert acknowledgement.claim(message, "got it") is Verdict.NEVER
    assert acknowledgement.claim(message, "working") is Verdict.NOW


def test_two_edits_of_one_chat_are_a_second_apart_also_of_two_messages(message, take):
    other = take()
    acknowledgement.sent(other.pk, 71, "got it")
    let_time_pass(message)
    assert acknowledgement.claim(message, "working") is Verdict.NOW
    acknowledgement.made(message)

    wait = acknowledgement.claim(other, "working")

    assert 0 < wait <= pace.EDIT_SECONDS
    let_time_pass(message)
    assert acknowledgement.claim(other, "working") is Verdict.NOW


def test_an_edit_under_way_holds_the_chat_until_it_is_answered(message):
    acknowledgement.claim(message, "working")

    assert pace.EDIT_SECONDS < pace.take(message.chat_id) <= pace.UNDER_WAY_SECONDS
    acknowledgement.made(message)
    assert 0 < pace.take(message.chat_id) <= pace.EDIT_SECONDS


def test_the_last_edits_are_kept_for_the_end(message):
    made = []
    for number in range(MAX_EDITS + 2):
        made.append(acknowledgement.claim(message, f"{number}") is Verdict.NOW)
        let_time_pass(message)
    Message.objects.update(status=Status.DONE)

    assert made.count(True) == MAX_EDITS - acknowledgement.KEPT_FOR_THE_END
    assert acknowledgement.claim(message, "more") is Verdict.NEVER
    assert acknowledgement.claim(message, "done", last=True) is Verdict.NOW
    let_time_pass(message)
    # Its process died before Telegram answered: the same once more, without counting.
    assert acknowledgement.claim(message, "done", last=True) is Verdict.NOW
    assert Message.objects.get().ack_edits == 3


def test_nothing_but_the_end_is_said_once_a_message_has_ended(message):
    Message.objects.update(status=Status.DONE)

    assert acknowledgement.claim(message, "working") is Verdict.NEVER


def test_a_message_without_an_acknowledgement_has_none_to_edit(take):
    assert acknowledgement.claim(take(), "working", last=True) is Verdict.NEVER


def test_an_edit_that_was_not_made_does_not_count(message):
    acknowledgement.claim(message, "working")
    acknowledgement.unsay(message.pk)
    let_time_pass(message)

    assert Message.objects.get().ack_edits == 0
    assert acknowledgement.claim(message, "working") is Verdict.NOW


def test_a_chat_that_telegram_holds_is_not_edited(message):
    pace.hold(message.chat_id, 30)

    assert acknowledgement.claim(message, "working") > 25


def test_without_redis_the_rows_keep_the_pace(message, settings):
    settings.REDIS_URL = "unix:///nowhere.sock"

    assert acknowledgement.claim(message, "working") is Verdict.NOW
    acknowledgement.made(message)
    assert 0 < acknowledgement.claim(message, "other") <= 1
