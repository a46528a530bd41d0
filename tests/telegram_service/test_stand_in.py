"""The stand-in answers the real library as Telegram would."""

import asyncio
from collections.abc import Iterator

import pytest
import telegram as library
from telegram import error as errors

from tests.telegram_service.client import Telegram, User
from tests.telegram_service.service import TelegramService


@pytest.fixture(scope="module")
def service() -> Iterator[Telegram]:
    with TelegramService() as telegram:
        yield telegram


@pytest.fixture
def telegram(service: Telegram) -> Iterator[Telegram]:
    yield service
    service.mend()
    service.forget()


@pytest.fixture
def hana(telegram: Telegram) -> User:
    return telegram.add_user("花子")


def made(telegram: Telegram) -> library.Bot:
    given = telegram.environment()
    return library.Bot(
        given["TELEGRAM_TOKEN"], base_url=given["TELEGRAM_API_BASE"], base_file_url=given["TELEGRAM_FILE_BASE"]
    )


@pytest.fixture
async def bot(telegram: Telegram):
    async with made(telegram) as bot:
        yield bot


async def test_updates_wait_until_the_next_question_confirms_them(telegram, hana, bot):
    telegram.say(hana, "一つ目")
    telegram.say(hana, "二つ目")

    first = await bot.get_updates(timeout=0)
    again = await bot.get_updates(timeout=0)
    rest = await bot.get_updates(offset=first[0].update_id + 1, timeout=0)
    none = await bot.get_updates(offset=rest[-1].update_id + 1, timeout=0)

    assert [update.message.text for update in first] == ["一つ目", "二つ目"]
    assert [update.update_id for update in again] == [update.update_id for update in first]
    assert [update.message.text for update in rest] == ["二つ目"]
    assert none == ()


async def test_of_two_that_poll_the_first_is_sent_away(telegram, hana, bot):
    before = telegram.state()["polls"]
    async with made(telegram) as other:
        first = asyncio.create_task(bot.get_updates(timeout=10))
        while telegram.state()["polls"] == before:
            await asyncio.sleep(0)

        second = asyncio.create_task(other.get_updates(timeout=10))

        with pytest.raises(errors.Conflict):
            await first
        telegram.say(hana, "おはよう")
        assert [update.message.text for update in await second] == ["おはよう"]


async def test_texts_are_limited_and_edits_must_change_something(telegram, hana, bot):
    sent = await bot.send_message(hana.id, "a" * 4096)

    for text in ("a" * 4097, " "):
        with pytest.raises(errors.BadRequest):
            await bot.send_message(hana.id, text)
    with pytest.raises(errors.BadRequest, match="not modified"):
        await bot.edit_message_text("a" * 4096, hana.id, sent.message_id)
    with pytest.raises(errors.BadRequest, match="not found"):
        await bot.edit_message_text("b", hana.id, 999)
    await bot.edit_message_text("b", hana.id, sent.message_id)
    assert [text for _at, text in telegram.answers(hana)[0].edits] == ["b"]


async def test_files_go_and_come_byte_by_byte(telegram, hana, bot):
    small = await bot.send_voice(hana.id, b"OggS" * 10, duration=3)
    large = await bot.send_voice(hana.id, b"OggS" * 300_000)

    assert small.voice.file_size == 40
    assert large.voice is None
    assert large.document.file_size == 1_200_000
    file = await bot.get_file(small.voice.file_id)
    assert bytes(await file.download_as_bytearray()) == b"OggS" * 10
    assert telegram.data(telegram.answers(hana)[1]) == b"OggS" * 300_000
    with pytest.raises(errors.BadRequest):
        await bot.get_file("nothing")


async def test_flood_control_says_how_long_to_wait(telegram, hana, bot, monkeypatch):
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    telegram.flood(burst=2)

    await bot.send_message(hana.id, "1")
    await bot.send_message(hana.id, "2")
    with pytest.raises(errors.RetryAfter) as told:
        await bot.send_message(hana.id, "3")

    assert told.value.retry_after.total_seconds() == 1
    assert telegram.state()["flooded"] == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, errors.BadRequest), (401, errors.InvalidToken), (403, errors.Forbidden), (413, errors.NetworkError),
     (500, errors.NetworkError), (502, errors.NetworkError)],
)  # fmt: skip
async def test_faults_come_as_the_library_knows_them(telegram, hana, bot, status, error):
    telegram.fail("sendMessage", status, chat=hana)

    with pytest.raises(error):
        await bot.send_message(hana.id, "x")
    await bot.send_message(hana.id, "y")

    assert [one.text for one in telegram.answers(hana)] == ["y"]


async def test_a_lost_answer_was_done_and_a_dropped_call_was_not(telegram, hana, bot):
    telegram.fail("sendMessage", kind="lose", chat=hana)
    telegram.fail("sendMessage", kind="drop", chat=hana)

    for text in ("lost", "dropped"):
        with pytest.raises(errors.NetworkError):
            await bot.send_message(hana.id, text)

    assert [one.text for one in telegram.answers(hana)] == ["lost"]


async def test_who_has_blocked_the_bot_gets_nothing(telegram, hana, bot):
    telegram.block(hana)

    with pytest.raises(errors.Forbidden):
        await bot.send_message(hana.id, "x")


async def test_a_press_of_a_button_is_brought_and_answered(telegram, hana, bot):
    keyboard = library.InlineKeyboardMarkup([[library.InlineKeyboardButton("again", callback_data="again:5")]])
    await bot.send_message(hana.id, "failed", reply_markup=keyboard)

    query = telegram.press(hana, telegram.answers(hana)[0], "again")
    updates = await bot.get_updates(timeout=0)
    await bot.answer_callback_query(updates[-1].callback_query.id)

    assert updates[-1].callback_query.data == "again:5"
    assert telegram.answered(query)
    await bot.get_updates(offset=updates[-1].update_id + 1, timeout=0)
