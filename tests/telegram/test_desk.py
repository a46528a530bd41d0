"""What people send is dealt with once, acknowledged at once, and every command answered, by the real library."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
import telegram as telegram_types

from bots.guilds.models import Nickname, VoicePreference
from bots.telegram import desk as desks
from bots.telegram import intake, wire
from bots.telegram.desk import Desk
from bots.telegram.models import Chat, Kind, Message, Preference, Status, Update
from bots.telegram.naming import AGAIN_AFTER
from bots.telegram.poll import Poll
from bots.telegram.watch import UNTOLD_FOR, WORK_AFTER, Watch
from jobs.runtime import clock
from jobs.runtime.models import Task, Upload
from tests.telegram_service.client import Telegram, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def hana(telegram: Telegram) -> User:
    return telegram.add_user("花子")


@pytest.fixture
def deal(telegram: Telegram, monkeypatch) -> Callable[..., None]:
    """Let the bot take what there is, deal with it to its end, and stop. looks: of its watch at acknowledgements."""
    monkeypatch.setattr(desks, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(wire, "POLL_SECONDS", 0)

    async def once(looks: int) -> None:
        async with AsyncExitStack() as stack:
            bot = await stack.enter_async_context(wire.connected())
            await bot.initialize()
            desk = Desk(bot, await bot.get_me())
            poll = Poll(bot, desk.arrived)
            await poll._once()
            # Confirmed by the next question.
            await poll._once()
            for update_id in await desks.in_thread(intake.open_updates):
                await desk._deal(update_id)
            for _ in range(looks):
                await Watch(bot, desk)._look()
            await desk.drain(20)

    return lambda looks=0: asyncio.run(once(looks))


def test_a_text_is_acknowledged_at_once_as_an_answer_to_it(telegram, hana, deal):
    sent = telegram.say(hana, "おはよう")

    deal()

    (ack,) = telegram.answers(hana)
    assert ack.reply_to == sent.id
    assert ack.text.startswith("🎧")
    row = Message.objects.get()
    assert (row.ack_message_id, row.language, row.status) == (ack.id, "ja", Status.PENDING)
    assert telegram.state()["waiting"] == 0


def test_an_update_that_comes_again_changes_nothing(telegram, hana, deal):
    sent = telegram.say(hana, "おはよう")
    deal()
    telegram.repeat(sent)

    deal()

    assert Task.objects.count() == 1
    assert len(telegram.answers(hana)) == 1


def test_a_bot_killed_after_storing_is_followed_by_one_that_goes_on(telegram, hana, deal):
    telegram.say(hana, "おはよう")

    async def stored_only() -> None:
        async with wire.connected() as bot:
            poll = Poll(bot, lambda _ids: None)
            await poll._once()
            await poll._once()

    asyncio.run(stored_only())
    assert (Update.objects.count(), Message.objects.count(), telegram.state()["waiting"]) == (1, 0, 0)

    deal()

    assert Message.objects.count() == 1
    assert len(telegram.answers(hana)) == 1


def test_a_message_that_nobody_acknowledged_is_acknowledged_later(telegram, hana, deal, take):
    sent = telegram.say(hana, "おはよう")
    take(user=hana.id, message_id=sent.id)
    Message.objects.update(created_at=clock.now() - 2 * UNTOLD_FOR)

    deal(looks=1)

    assert [one.reply_to for one in telegram.answers(hana)] == [sent.id]


def test_an_acknowledgement_follows_the_work(telegram, hana, deal):
    telegram.say(hana, "おはよう")
    deal()
    now = clock.now()
    Task.objects.update(status="processing", leased_until=now, started_at=now)
    Message.objects.update(updated_at=now - WORK_AFTER)

    deal(looks=3)

    (ack,) = telegram.answers(hana)
    assert "🔧" in ack.text
    assert len(ack.edits) == 1
    assert Message.objects.get().status == Status.PROCESSING


def test_a_lost_answer_to_the_acknowledgement_is_asked_for_again(telegram, hana, deal):
    telegram.fail("sendMessage", 502, chat=hana)
    telegram.say(hana, "おはよう")

    deal()

    assert len(telegram.answers(hana)) == 1
    assert Message.objects.get().ack_message_id


def test_who_floods_is_told_so_once(telegram, hana, deal, settings):
    settings.TELEGRAM_USER_MESSAGES = 1
    for number in range(4):
        telegram.say(hana, f"{number}")

    deal()

    assert [one.text[0] for one in telegram.answers(hana)] == ["🎧", "⚠"]
    assert Task.objects.count() == 1


def test_who_blocked_the_bot_costs_no_work(telegram, hana, deal):
    telegram.block(hana)
    telegram.say(hana, "おはよう")

    deal()

    assert Message.objects.get().error_code == "blocked"
    assert Task.objects.get().status == "cancelled"
    assert Chat.objects.get().blocked_at


def test_an_update_that_cannot_be_read_is_given_up_and_the_next_is_dealt_with(telegram, hana, deal):
    intake.store([(1, {"update_id": 1, "message": {"message_id": "x"}})])
    telegram.say(hana, "おはよう")

    for _ in range(intake.MAX_TRIES + 1):
        deal()

    assert Update.objects.get(pk=1).done_at is not None
    assert Message.objects.count() == 1


def test_a_recording_is_fetched_checked_and_heard(telegram, hana, deal):
    telegram.send_voice(hana, sound())

    deal()

    row = Message.objects.get()
    task = row.parts.get().task
    assert (row.kind, task.function) == (Kind.VOICE, "transcription")
    assert task.inputs["recording"] == str(Upload.objects.get().pk)
    assert Upload.objects.get().owner == row.account.user


@pytest.mark.parametrize(
    ("data", "code"), [(b"no sound" * 99, "not_audio"), (b"", "empty_file")], ids=["text", "empty"]
)
def test_what_cannot_be_heard_ends_with_the_reason(telegram, hana, deal, data, code):
    telegram.send_voice(hana, data)

    deal()

    row = Message.objects.get()
    assert (row.status, row.error_code) == (Status.ERROR, code)
    assert Upload.objects.count() == 0


def test_a_file_that_telegram_does_not_hand_out_ends_with_the_reason(telegram, hana, deal, settings):
    settings.TELEGRAM_MAX_FILE_BYTES = 30_000_000
    telegram.send_voice(hana, b"x" * 20_000_001)

    deal()

    assert Message.objects.get().error_code == "file_too_large"


def test_a_download_that_breaks_is_begun_again(telegram, hana, deal):
    telegram.fail("file", kind="drop")
    telegram.send_voice(hana, sound())
    deal()
    assert not Message.objects.get().parts.exists()

    deal(looks=1)

    assert Message.objects.get().parts.get().task.function == "transcription"


def sound() -> bytes:
    """Half a second of a tone as Ogg/Opus."""
    import numpy as np

    from jobs.engines.speech.encoding import open_encoder

    encoder = open_encoder("opus", credit="")
    tone = (8000 * np.sin(np.arange(24_000) * 2 * np.pi * 440 / 48_000)).astype(np.int16)
    return encoder.finalise(encoder.feed(tone) + encoder.finish())


# --- Commands -------------------------------------------------------------------------


def answer(telegram, user, deal, text, **given):
    sent = telegram.say(user, text, **given)
    deal()
    return next(one for one in telegram.answers(given.get("to", user)) if one.reply_to == sent.id)


@pytest.mark.parametrize(
    "command", ["/start", "/help", "/voice", "/nickname", "/language", "/settings", "/status", "/history", "/nonsense"]
)
def test_every_command_is_answered(telegram, hana, deal, command):
    assert answer(telegram, hana, deal, command).text
    assert Message.objects.count() == 0


def test_a_voice_is_chosen_by_words_and_by_button(telegram, hana, deal):
    answer(telegram, hana, deal, "/voice hibari_heart 1.2 -3")
    chosen = VoicePreference.objects.get()
    assert (chosen.voice, chosen.speed, chosen.pitch) == ("hibari_heart", 1.2, -3)

    shown = answer(telegram, hana, deal, "/voice")
    query = telegram.press(hana, shown, "voice:mei_normal")
    deal()

    chosen.refresh_from_db()
    assert (chosen.voice, chosen.speed) == ("mei_normal", 1.2)
    assert telegram.answered(query)
    answer(telegram, hana, deal, "/voice reset")
    assert VoicePreference.objects.count() == 0


def test_a_first_choice_leaves_the_rest_as_it_was(telegram, hana, deal):
    answer(telegram, hana, deal, "/voice speed=0.8")

    chosen = VoicePreference.objects.get()
    assert (chosen.voice, chosen.speed, chosen.pitch) == ("mei_normal", 0.8, 0.0)


@pytest.mark.parametrize("wish", ["nobody", "mei_normal 9", "pitch=x", "mei_normal nan", "1 2 3 a b"])
def test_a_voice_that_cannot_be_is_refused_in_words(telegram, hana, deal, wish):
    assert answer(telegram, hana, deal, f"/voice {wish}").text.startswith("⚠️")
    assert VoicePreference.objects.count() == 0


def test_a_nickname_is_set_and_taken_back(telegram, hana, deal):
    assert "はなちゃん" in answer(telegram, hana, deal, "/nickname はなちゃん").text
    assert Nickname.objects.get().reading == "はなちゃん"

    answer(telegram, hana, deal, "/nickname reset")

    assert Nickname.objects.count() == 0


def test_the_language_is_that_of_the_client_until_another_is_wished(telegram, hana, deal):
    answer(telegram, hana, deal, "/language en")
    telegram.say(hana, "おはよう")
    deal()

    assert Preference.objects.get().language == "en"
    assert Message.objects.get().language == "en"
    assert "Got it" in telegram.answers(hana)[-1].text


def test_the_status_of_a_message_can_be_asked_for_by_answering_it(telegram, hana, deal):
    sent = telegram.say(hana, "おはようございます")
    deal()

    by_message = answer(telegram, hana, deal, "/status", replies_to=sent)
    by_ack = answer(telegram, hana, deal, "/status", replies_to=telegram.answers(hana)[0])

    assert "おはようございます" in by_message.text
    assert by_message.text == by_ack.text
    assert by_message.text.startswith("⏳")


def test_nobody_sees_what_others_wrote(telegram, hana, deal):
    taro = telegram.add_user("太郎")
    group = telegram.add_group("みんな", hana, taro)
    telegram.say(hana, "ひみつ")
    asked = telegram.say(hana, "@koebako_bot みんなの前で", to=group)
    deal()

    told = [answer(telegram, taro, deal, command).text for command in ("/status", "/history")]
    told.append(answer(telegram, taro, deal, "/status", to=group, replies_to=asked).text)
    told.append(answer(telegram, hana, deal, "/history", to=group).text)

    assert "ひみつ" not in "".join(told)
    assert "みんなの前で" in told[-1]
    assert "みんなの前で" not in "".join(told[:-1])


def test_the_second_try_is_for_the_sender(telegram, hana, deal):
    group = telegram.add_group("みんな", hana, taro := telegram.add_user("太郎"))
    telegram.say(hana, "@koebako_bot !!!", to=group)
    deal()
    row = Message.objects.get()
    Message.objects.update(error_code="refused", text="おはよう")
    telegram.call("mend")
    from bots.telegram import line, words

    buttons = words.buttons(row.pk, "refused")
    line.run(lambda bot: wire.edit_text(bot, group.id, telegram.answers(group)[0].id, "⚠️", buttons=buttons))

    telegram.press(taro, telegram.answers(group)[0], "again")
    deal()
    assert Message.objects.get().run == 0
    telegram.press(hana, telegram.answers(group)[0], "again")
    deal()

    assert (Message.objects.get().run, Message.objects.get().status) == (1, Status.PENDING)


# --- Groups ---------------------------------------------------------------------------


def test_in_a_group_only_what_is_for_the_bot_is_answered(telegram, hana, deal):
    group = telegram.add_group("みんな", hana)
    telegram.say(hana, "おはよう", to=group)
    telegram.say(hana, "/voice@another_bot", to=group)
    telegram.say(hana, "/nonsense", to=group)
    deal()
    assert telegram.answers(group) == []

    telegram.say(hana, "@Koebako_Bot おはよう", to=group)
    deal()
    telegram.say(hana, "続きです", to=group, replies_to=telegram.answers(group)[0])
    deal()

    assert list(Message.objects.order_by("pk").values_list("text", flat=True)) == ["おはよう", "続きです"]


def test_a_group_that_wants_everything_answered_gets_it(telegram, hana, deal):
    group = telegram.add_group("みんな", hana, administrators=(boss := telegram.add_user("boss"),))
    shown = answer(telegram, boss, deal, "/settings@koebako_bot", to=group)
    telegram.press(hana, shown, "all:1")
    deal()
    assert not Chat.objects.filter(answers_all=True).exists()

    telegram.press(boss, shown, "all:1")
    deal()
    telegram.say(hana, "おはよう", to=group)
    deal()

    assert Chat.objects.get(pk=group.id).answers_all
    assert Message.objects.get().text == "花子、おはよう"


def test_where_everything_is_read_the_name_is_said_when_the_speaker_changes(telegram, hana, deal):
    taro = telegram.add_user("太郎")
    group = telegram.add_group("みんな", hana, taro)
    Chat.objects.create(pk=group.id, answers_all=True)
    telegram.say(taro, "/nickname たろちゃん")
    deal()

    for user, text in ((hana, "おはよう"), (hana, "元気？"), (taro, "うん"), (hana, "よかった")):
        telegram.say(user, text, to=group)
        deal()
    Message.objects.update(created_at=clock.now() - AGAIN_AFTER)
    telegram.say(hana, "またね", to=group)
    telegram.say(hana, "こんにちは")
    deal()

    said = list(Message.objects.order_by("pk").values_list("text", flat=True))
    assert said[:5] == ["花子、おはよう", "元気？", "たろちゃん、うん", "花子、よかった", "花子、またね"]
    assert said[5:] == ["こんにちは"], "in a private chat nobody is named"


def test_updates_of_a_chat_are_dealt_with_one_after_the_other_however_many_wait(telegram, hana):
    chat = telegram_types.Chat(hana.id, "private")
    at_once, most = 0, 0
    order = []

    async def deal(desk, number):
        nonlocal at_once, most
        async with desk._alone(chat):
            at_once += 1
            most = max(most, at_once)
            order.append(number)
            await asyncio.sleep(0)
            at_once -= 1

    async def many():
        async with wire.connected() as bot:
            desk = Desk(bot, telegram_types.User(1, "bot", is_bot=True))
            works = [asyncio.ensure_future(deal(desk, number)) for number in range(3)]
            await works[0]
            works += [asyncio.ensure_future(deal(desk, number)) for number in range(3, 6)]
            await asyncio.gather(*works)
            assert desk._chats == {}

    asyncio.run(many())

    assert (most, order) == (1, [0, 1, 2, 3, 4, 5])
