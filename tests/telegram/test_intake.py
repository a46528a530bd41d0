"""Updates become rows once, messages become tasks once, and what cannot be worked on says why."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from bots.guilds import edit
from bots.telegram import cleanup, intake
from bots.telegram.intake import Incoming
from bots.telegram.models import Kind, Message, Part, Preference, Status, Update
from jobs.access.accounts import first_contact, forget
from jobs.access.models import ChatAccount, Platform
from jobs.delivery.models import Wish
from jobs.runtime import clock
from jobs.runtime.models import Source, Task

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def test_an_update_is_kept_once_and_its_words_go_with_the_work():
    assert intake.store([(5, {"message": {"text": "秘密"}}), (6, {})]) == [5, 6]
    assert intake.store([(5, {"message": {"text": "other"}}), (7, {})]) == [7]
    assert intake.open_updates() == [5, 6, 7]

    assert intake.begin(5) == {"message": {"text": "秘密"}}
    intake.finish(5)

    assert intake.open_updates(without=[6]) == [7]
    assert intake.begin(5) is None
    assert Update.objects.get(pk=5).payload == {}


def test_an_update_on_which_the_bot_dies_is_given_up_at_last():
    intake.store([(5, {"update": 1})])

    tries = [intake.begin(5) for _ in range(intake.MAX_TRIES + 1)]

    assert tries == [{"update": 1}] * intake.MAX_TRIES + [None]
    assert intake.open_updates() == []


def test_a_text_is_stored_with_its_task_and_the_wish_to_have_it_delivered(take):
    intake.store([(5, {"message": {}})])

    message = intake.accept(
        Incoming(chat_id=-7, message_id=3, user_id=11, kind=Kind.TEXT, language="ja", text="おはよう"), update_id=5
    )

    part = Part.objects.select_related("task").get(message=message)
    assert part.task.function == "speech"
    assert part.task.source == Source.TELEGRAM
    assert part.task.order_key == "telegram:-7"
    assert part.task.inputs["text"] == "おはよう"
    assert part.task.inputs["pitch"] == 0.0
    assert part.task.owner == ChatAccount.objects.get(platform=Platform.TELEGRAM, external_id="11").user
    wish = Wish.objects.get(task=part.task)
    assert (wish.kind, wish.target) == ("telegram", {"message": message.pk, "run": 0})
    assert intake.open_updates() == []


def test_the_same_message_by_another_update_is_not_taken_again(take):
    first = take(message_id=3)

    again = intake.accept(Incoming(chat_id=11, message_id=3, user_id=11, kind=Kind.TEXT, language="ja", text="x"))

    assert again is None
    assert Message.objects.get() == first
    assert Task.objects.count() == 1


def test_a_text_is_read_with_the_voice_of_its_sender(take):
    edit.set_voice(Platform.TELEGRAM, "11", voice="hibari_heart", speed=1.5, pitch=2.0)

    message = take()

    inputs = message.parts.get().task.inputs
    assert (inputs["voice"], inputs["speed"], inputs["pitch"]) == ("hibari_heart", 1.5, 2.0)


def test_a_long_text_is_said_in_several_tasks_that_share_their_place_in_the_queue(take):
    message = take("これは長い文です。" * 100)

    parts = list(message.parts.order_by("number"))
    assert [part.number for part in parts] == list(range(len(parts)))
    assert len(parts) == 3
    assert "".join(part.task.inputs["text"] for part in parts) == message.text
    assert {part.task.order_key for part in parts} == {"telegram:11"}


def test_what_has_more_moras_than_a_task_may_read_is_cut_once_more(take, settings):
    settings.SPEECH_MAX_MORAS = 100

    message = take("東京特許許可局長今日急遽休暇許可却下。" * 8)

    texts = list(message.parts.order_by("number").values_list("task__inputs__text", flat=True))
    assert len(texts) > 2
    assert "".join(texts) == message.text


@pytest.mark.parametrize("text", ["!!!", "・・・", "\u200b"])
def test_a_text_with_nothing_to_read_ends_with_the_reason(take, text):
    message = take(text)

    message.refresh_from_db()
    assert (message.status, message.error_code) == (Status.ERROR, "empty_speech")
    assert Task.objects.count() == 0


def test_one_person_has_a_bounded_number_of_messages_open_and_others_are_not_harmed(take, settings):
    settings.TELEGRAM_USER_MESSAGES = 2

    found = [take().error_code for _ in range(3)] + [take(user=12).error_code]

    assert found == ["", "", intake.TOO_MANY, ""]


def test_a_file_too_large_is_not_even_fetched(take, settings):
    message = take("", kind=Kind.VOICE, file_id="f", file_bytes=settings.TELEGRAM_MAX_FILE_BYTES + 1)

    assert message.error_code == "file_too_large"


def test_a_failure_is_tried_again_by_its_sender_alone_and_once(take):
    message = take()
    Message.objects.update(status=Status.ERROR, error_code="refused", ack_edits=3)

    assert intake.again(message.pk, user_id=12) is None
    again = intake.again(message.pk, user_id=11)

    assert again is not None
    assert (again.run, again.status, again.ack_edits) == (1, Status.PENDING, 0)
    assert intake.again(message.pk, user_id=11) is None
    assert message.parts.filter(run=1).count() == 1


def test_a_second_try_of_a_long_text_says_only_what_was_not_heard(take):
    message = take("これは長い文です。" * 100)
    message.parts.filter(number__in=[0, 2]).update(sent_at=clock.now())
    Message.objects.update(status=Status.ERROR, error_code="refused")

    intake.again(message.pk, user_id=11)

    assert list(message.parts.filter(run=1).values_list("number", flat=True)) == [1]
    first, second = message.parts.filter(number=1).order_by("run")
    assert first.task.inputs["text"] == second.task.inputs["text"]


@pytest.mark.parametrize(
    ("code", "wish", "language"),
    [("ja", "", "ja"), ("ja-JP", "", "ja"), ("de", "", "en"), (None, "", "en"), ("ja", "en", "en"), ("fr", "ja", "ja")],
)
def test_everybody_is_answered_in_their_language(code, wish, language):
    Preference.objects.create(account=first_contact(Platform.TELEGRAM, "11"), language=wish)

    assert intake.language_of(11, code) == language


def test_what_is_forgotten_leaves_no_message_behind(take):
    take()
    account = ChatAccount.objects.get(external_id="11")

    forget(account, keep=False)

    assert Message.objects.count() == 0
    assert User.objects.get().username.startswith("forgotten-")


def test_the_cleanup_deletes_what_ended_long_ago_and_nothing_that_is_open(take):
    old, is_open, young = take(), take(), take()
    long_ago = clock.now() - cleanup.MESSAGES_KEPT_FOR - timedelta(minutes=1)
    Message.objects.filter(pk__in=[old.pk, is_open.pk]).update(updated_at=long_ago)
    Message.objects.filter(pk__in=[old.pk, young.pk]).update(status=Status.DONE)
    Update.objects.create(update_id=1, received_at=long_ago, done_at=long_ago)
    Update.objects.create(update_id=2, received_at=long_ago)

    assert cleanup.delete_messages(clock.now(), 10) == 1
    assert cleanup.delete_updates(clock.now(), 10) == 1

    assert set(Message.objects.values_list("pk", flat=True)) == {is_open.pk, young.pk}
    assert Update.objects.get().pk == 2


def test_what_a_database_cannot_hold_is_left_out_and_the_rest_kept():
    text = "a\x00b\ud83d c\U0001f600"

    assert intake.store([(7, {"update_id": 7, "message": {"text": text, "entities": [{"n\x00": 1}]}})]) == [7]

    assert intake.begin(7) == {"update_id": 7, "message": {"text": "ab\ufffd c\U0001f600", "entities": [{"n": 1}]}}
