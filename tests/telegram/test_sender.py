"""Answers go out in order, once; and every refusal of Telegram's has its own consequence."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from bots.telegram import acknowledgement, ending, intake, line, pace, sender
from bots.telegram.models import Chat, Kind, Message, Part, Preference, Role, Status
from jobs.delivery import errors as delivery_errors
from jobs.delivery.models import Delivery
from jobs.runtime import clock
from jobs.runtime.models import Artifact, Task
from jobs.runtime.models import Status as TaskStatus
from tests.telegram_service.client import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def hana(telegram) -> User:
    return telegram.add_user("花子")


@pytest.fixture
def message(take, telegram, hana) -> Message:
    """A message of hana's, as the stand-in and the house know it, acknowledged."""
    return acknowledged(take, telegram, hana, "おはよう")


def acknowledged(take, telegram, user: User, text: str, **given) -> Message:
    sent = telegram.say(user, text or "voice")
    message = take(text, user=user.id, message_id=sent.id, **given)
    # Any message of the bot's will do; the stand-in gives it the next number.
    line.run(lambda bot: bot.send_message(user.id, "got it"))
    acknowledgement.sent(message.pk, telegram.answers(user)[-1].id, "got it")
    Message.objects.filter(pk=message.pk).update(ack_edited_at=None)
    message.refresh_from_db()
    return message


def heard_part(message: Message) -> Part:
    """The part of a recording that is being heard."""
    now = clock.now()
    task = Task.objects.create(
        function="transcription", owner=message.account.user, source="telegram", order_key="x", queue="bulk",
        inputs={}, created_at=now, updated_at=now,
    )  # fmt: skip
    return Part.objects.create(message=message, run=message.run, role=Role.HEAR, number=0, task=task)


def delivery(message: Message, **target) -> Delivery:
    return Delivery(id=uuid4(), kind="telegram", target={"message": message.pk, "run": message.run, **target})


def let_edits_follow(message: Message) -> None:
    """The second between two edits has passed, and what Telegram asked to wait."""
    for name in (pace._edits(message.chat_id), pace._wait(message.chat_id)):
        pace._set(name, 0.001)
    Message.objects.update(ack_edited_at=None)


def last_word(message: Message) -> Delivery:
    """The delivery of the acknowledgement's end, which the end has ordered."""
    return Delivery.objects.get(key=f"telegram:end:{message.pk}:{message.run}")


def test_a_voice_note_goes_out_as_an_answer_and_the_acknowledgement_says_so(telegram, hana, message, ended):
    ended(message.parts.get(), data=b"OggS-sound")

    sender.send(delivery(message))
    message.refresh_from_db()
    sender.send(last_word(message))

    ack, voice = telegram.answers(hana)
    assert (voice.kind, voice.reply_to, voice.seconds) == ("voice", message.message_id, 2)
    assert telegram.data(voice) == b"OggS-sound"
    assert "✅" in ack.text
    assert "Mei" in ack.text
    assert message.status == Status.DONE


def test_a_delivery_that_comes_again_sends_nothing_again(telegram, hana, message, ended):
    ended(message.parts.get())
    sender.send(delivery(message))

    assert sender.send(delivery(message)) == {"answer": "sent 0"}
    assert len(telegram.answers(hana, kind="voice")) == 1


def test_pieces_wait_for_the_ones_before_them(telegram, hana, take, ended):
    message = acknowledged(take, telegram, hana, "これは長い文です。" * 60)
    first, second = message.parts.order_by("number")
    ended(second, data=b"second")

    assert sender.send(delivery(message)) == {"answer": "sent 0"}
    ended(first, data=b"first")
    sender.send(delivery(message))

    assert [telegram.data(one) for one in telegram.answers(hana, kind="voice")] == [b"first", b"second"]


def test_a_killed_sender_is_followed_by_one_that_goes_on_where_it_stopped(telegram, hana, take, ended):
    message = acknowledged(take, telegram, hana, "これは長い文です。" * 60)
    for part in message.parts.all():
        ended(part)
    step = ending.next_step(message)
    sender._send(message, step)
    ending.sent(message, step)

    sender.send(delivery(message))

    assert len(telegram.answers(hana, kind="voice")) == 2


def test_an_answer_that_is_ready_but_had_to_wait_goes_before_a_later_one(telegram, hana, message, take, ended):
    later = acknowledged(take, telegram, hana, "二つ目")
    ended(message.parts.get(), data=b"first")
    ended(later.parts.get(), data=b"second")

    sender.send(delivery(later))

    assert [telegram.data(one) for one in telegram.answers(hana, kind="voice")] == [b"first", b"second"]


def test_more_than_a_megabyte_arrives_whole_as_a_file(telegram, hana, message, ended):
    ended(message.parts.get(), data=b"OggS" * 300_000)

    sender.send(delivery(message))

    (file,) = telegram.answers(hana, kind="document")
    assert len(telegram.data(file)) == 1_200_000
    assert [one["method"] for one in telegram.calls("sendVoice", "sendDocument", chat=hana)] == ["sendDocument"]


def test_words_take_the_place_of_the_acknowledgement(telegram, hana, take, ended):
    message = acknowledged(take, telegram, hana, "", kind=Kind.VOICE, file_id="f")
    ended(heard_part(message), text="会議は三時です")

    sender.send(delivery(message))
    message.refresh_from_db()
    let_edits_follow(message)
    sender.send(last_word(message))

    (ack,) = telegram.answers(hana)
    assert "会議は三時です" in ack.text
    assert len(ack.edits) == 1
    assert (message.text, message.status) == ("会議は三時です", Status.DONE)


def test_words_that_are_too_many_for_one_message_come_in_several(telegram, hana, take, ended):
    message = acknowledged(take, telegram, hana, "", kind=Kind.VOICE, file_id="f")
    text = "これは長い話です。" * 1000
    ended(heard_part(message), text=text)

    sender.send(delivery(message))

    texts = [one.text for one in telegram.answers(hana)]
    assert len(texts) == 3
    assert "".join(texts).removeprefix("📝 ") == text


def test_silence_is_told_as_such(telegram, hana, take, ended):
    message = acknowledged(take, telegram, hana, "", kind=Kind.VOICE, file_id="f")
    ended(heard_part(message), text="")

    sender.send(delivery(message))

    assert "🔇" in telegram.answers(hana)[0].text


def test_words_are_said_again_for_who_likes_that(telegram, hana, take, ended):
    message = acknowledged(take, telegram, hana, "", kind=Kind.VOICE, file_id="f")
    Preference.objects.create(account=message.account, speaks_back=True)
    ended(heard_part(message), text="会議は三時です")

    sender.send(delivery(message))

    part = message.parts.get(role=Role.SAY)
    assert part.task.inputs["text"] == "会議は三時です"
    assert Message.objects.get().status in ("pending", "processing")
    ended(part)
    sender.send(delivery(message))
    assert Message.objects.get().status == Status.DONE
    assert len(telegram.answers(hana, kind="voice")) == 1


def test_a_failed_task_is_told_with_a_button_to_try_again(telegram, hana, message, ended):
    ended(message.parts.get(), status=TaskStatus.FAILURE, code="engine_unavailable")

    sender.send(delivery(message))
    message.refresh_from_db()
    sender.send(last_word(message))

    (ack,) = telegram.answers(hana)
    assert "⚠️" in ack.text
    assert [data for _words, data in ack.buttons] == [f"again:{message.pk}"]


def test_a_failure_is_told_even_when_there_was_no_acknowledgement(telegram, hana, take, ended):
    sent = telegram.say(hana, "おはよう")
    message = take("おはよう", user=hana.id, message_id=sent.id)
    ended(message.parts.get(), status=TaskStatus.FAILURE, code="x")

    sender.send(delivery(message))
    sender.send(last_word(message))

    (told,) = telegram.answers(hana)
    assert told.reply_to == sent.id
    assert told.buttons


def test_a_sound_that_was_erased_meanwhile_is_made_once_more(telegram, hana, message, ended):
    part = message.parts.get()
    ended(part)
    Artifact.objects.all().delete()

    assert sender.send(delivery(message)) == {"answer": "sent 0"}

    again = message.parts.get()
    assert again.task_id != part.task_id
    assert again.task.inputs["text"] == "おはよう"
    ended(again, data=b"again")
    sender.send(delivery(message))
    assert [telegram.data(one) for one in telegram.answers(hana, kind="voice")] == [b"again"]


def test_the_message_that_is_answered_may_be_gone(telegram, hana, message, ended):
    telegram.call("delete", chat=hana, message=message.message_id)
    telegram.call("delete", chat=hana, message=message.ack_message_id)
    ended(message.parts.get())

    sender.send(delivery(message))
    assert sender.send(last_word(message)) == {"answer": "the acknowledgement is gone"}

    (voice,) = telegram.answers(hana)
    assert voice.reply_to is None


def test_flood_control_is_waited_out_and_the_file_kept(telegram, hana, message, ended):
    ended(message.parts.get())
    before = Task.objects.get().content_until
    telegram.fail("sendVoice", chat=hana, retry_after=7)

    with pytest.raises(delivery_errors.RetryLater) as told:
        sender.send(delivery(message))

    assert told.value.wait_seconds == 7
    assert told.value.whole_receiver
    assert Task.objects.get().content_until > before
    assert pace.take(message.chat_id) > 5
    sender.send(delivery(message))
    assert len(telegram.answers(hana, kind="voice")) == 1


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 502}, {"status": 409}, {"kind": "drop"}], ids=["500", "502", "409", "cut"]
)
def test_a_telegram_that_fails_is_tried_again_later(telegram, hana, message, ended, fault):
    ended(message.parts.get())
    telegram.fail("sendVoice", chat=hana, **fault)

    with pytest.raises(delivery_errors.Failed) as told:
        sender.send(delivery(message))

    assert telegram.token not in str(told.value)
    sender.send(delivery(message))
    assert len(telegram.answers(hana, kind="voice")) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"status": 413}, "file_too_large"), ({"status": 400, "description": "Bad Request: wrong file"}, "refused")],
)
def test_what_telegram_will_never_take_ends_the_message(telegram, hana, message, ended, fault, code):
    ended(message.parts.get())
    telegram.fail("sendVoice", chat=hana, **fault)

    with pytest.raises(delivery_errors.Refused):
        sender.send(delivery(message))

    message.refresh_from_db()
    assert (message.status, message.error_code) == (Status.ERROR, code)


def test_who_blocked_the_bot_hears_nothing_and_waits_for_nothing(telegram, hana, message, take, ended):
    waiting = acknowledged(take, telegram, hana, "二つ目")
    ended(message.parts.get())
    telegram.block(hana)

    with pytest.raises(delivery_errors.Gone):
        sender.send(delivery(message))

    assert set(Message.objects.values_list("status", "error_code")) == {(Status.ERROR, "blocked")}
    assert waiting.parts.get().task.status == TaskStatus.CANCELLED
    assert Chat.objects.get(pk=hana.id).blocked_at is not None


def test_an_end_that_was_overtaken_by_an_edit_is_said_again(telegram, hana, message, ended):
    ended(message.parts.get())
    sender.send(delivery(message))
    message.refresh_from_db()
    sender.send(last_word(message))
    place = message.ack_message_id
    # The bot's edit was slow on its way, and arrives now.
    line.run(lambda bot: bot.edit_message_text("working", hana.id, place))
    ending.speak_last(message)
    let_edits_follow(message)

    sender.send(Delivery.objects.get(key=f"telegram:late:{message.pk}:0"))

    assert "✅" in telegram.answers(hana)[0].text


def test_a_delivery_of_an_earlier_try_does_nothing(telegram, hana, message, ended):
    ended(message.parts.get())
    old = delivery(message)
    Message.objects.update(status=Status.ERROR)
    intake.again(message.pk, user_id=hana.id)

    assert "nothing to do" in sender.send(old)["answer"]
    assert telegram.answers(hana, kind="voice") == []


@pytest.mark.parametrize(("held", "least", "most"), [(0, 0.0, 1.0), (90, 85.0, 90.0)], ids=["edited", "flooded"])
def test_an_end_that_may_not_be_said_yet_is_put_off_without_waiting(telegram, hana, message, ended, held, least, most):
    ended(message.parts.get())
    sender.send(delivery(message))
    message.refresh_from_db()
    assert pace.take(message.chat_id) == 0, "another's edit is under way"
    if held:
        pace.hold(message.chat_id, held)

    with pytest.raises(delivery_errors.RetryLater) as told:
        sender.send(last_word(message))

    assert least <= told.value.wait_seconds <= most
    let_edits_follow(message)
    sender.send(last_word(message))
    assert "✅" in telegram.answers(hana)[0].text


def test_an_end_that_may_be_said_in_a_moment_is_waited_for(telegram, hana, message, ended, monkeypatch):
    ended(message.parts.get())
    sender.send(delivery(message))
    message.refresh_from_db()
    pace.made(message.chat_id)
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        let_edits_follow(message)

    monkeypatch.setattr(sender, "time", SimpleNamespace(sleep=sleep))
    sender.send(last_word(message))

    assert len(waited) == 1
    assert 0 < waited[0] <= pace.EDIT_SECONDS
    assert "✅" in telegram.answers(hana)[0].text


@pytest.mark.parametrize("fault", [{"status": 500}, {"retry_after": 3}], ids=["500", "flood"])
def test_words_in_several_messages_go_on_where_they_broke_off(telegram, hana, take, ended, fault):
    message = acknowledged(take, telegram, hana, "", kind=Kind.VOICE, file_id="f")
    ended(heard_part(message), text="ながいはなしです。" * 1200)
    second = sender.wire.send_text
    texts = []

    async def counted(bot, chat_id, text, **given):
        texts.append(text)
        if len(texts) == 2:
            telegram.fail("sendMessage", chat=hana, **fault)
        return await second(bot, chat_id, text, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender.wire, "send_text", counted)
        with pytest.raises(delivery_errors.Failed):
            sender.send(delivery(message))
    let_edits_follow(message)
    sender.send(delivery(message))

    every = [one.text for one in telegram.answers(hana)]
    assert len(every) == 3
    assert "".join(every).count("ながいはなしです。") == 1200
