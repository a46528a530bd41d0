"""The Telegram bot in a real house, beside a stand-in for Telegram that speaks its real protocol."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import av
import numpy as np
import psutil
import pytest

from jobs.engines.speech.encoding import open_encoder
from jobs.engines.speech.openjtalk import OpenJTalk
from tests.faults import rows
from tests.flows.house import ROOT, Stack, eventually, kill_all
from tests.telegram_service.client import Telegram, User
from tests.telegram_service.service import TelegramService


@pytest.fixture(scope="module")
def telegram() -> Iterator[Telegram]:
    with TelegramService() as service:
        yield service


@pytest.fixture(scope="module")
def house(telegram: Telegram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("home"), **telegram.environment())
    stack.start(bots=True)
    telegram.wait_polled()
    yield stack
    stack.stop()
    assert stack.processes() == [], "processes left behind"


@pytest.fixture
def hana(telegram: Telegram, house: Stack) -> Iterator[User]:
    yield telegram.add_user("花子")
    telegram.mend()


def decoded(data: bytes) -> tuple[np.ndarray, int]:
    with av.open(io.BytesIO(data)) as file:
        frames = [frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)]
        rate = file.streams.audio[0].rate
    return np.concatenate(frames).astype(np.float64), rate


def pitch(samples: np.ndarray, rate: int) -> float:
    """Return the fundamental frequency in Hz, of the loudest half second, by autocorrelation."""
    width = rate // 2
    start = max(
        range(0, max(len(samples) - width, 1), width // 4), key=lambda at: np.sum(samples[at : at + width] ** 2)
    )
    piece = samples[start : start + width]
    piece = piece - piece.mean()
    spectrum = np.fft.rfft(piece, 2 * width)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: rate // 60]
    low = rate // 600
    return rate / (low + int(np.argmax(correlation[low:])))


def said(house: Stack, user: User) -> list[dict]:
    """Return the rows of what a user sent, oldest first."""
    names = ("message", "status", "error", "run", "edits", "ack")
    columns = "message_id, status, error_code, run, ack_edits, ack_message_id"
    sql = f"SELECT {columns} FROM telegram_message WHERE user_id = {user.id} ORDER BY id"
    return [dict(zip(names, row, strict=True)) for row in rows.read(house.home, house.database_url, sql)]


def test_a_text_is_answered_by_a_voice_note(telegram: Telegram, house: Stack, hana: User):
    sent = telegram.say(hana, "おはようございます。今日はよい天気ですね。")

    voice = telegram.wait_answer(hana, to=sent, kind="voice")
    ack = telegram.wait_answer(hana, to=sent, has="✅")

    samples, rate = decoded(telegram.data(voice))
    seconds = len(samples) / rate
    assert 2.5 < seconds < 6
    assert abs(seconds - voice.seconds) < 1
    # mei_normal as she is; a wrong rate or key would leave that.
    assert 200 < pitch(samples, rate) < 450
    assert ack.edits
    assert [one["status"] for one in said(house, hana)] == ["done"]


@pytest.fixture(scope="module")
def spoken() -> bytes:
    """A sentence in the house's own voice, as a voice note."""
    engine, encoder = OpenJTalk(), open_encoder("opus", credit="")
    script = engine.plan("明日の会議は、午後三時からです。", voice="mei_normal", max_moras=200)
    sound = engine.synthesize(script, speed=1.0, pitch_semitones=0, volume_db=0)
    pieces = b"".join(encoder.feed(samples) for samples in sound) + encoder.finish()
    return encoder.finalise(pieces)


def test_a_voice_note_is_answered_with_its_words(telegram: Telegram, house: Stack, hana: User, spoken: bytes):
    sent = telegram.send_voice(hana, spoken)

    heard = telegram.wait_answer(hana, to=sent, has="📝")

    assert "会議" in heard.text
    assert "3" in heard.text or "三" in heard.text
    eventually(lambda: [one["status"] for one in said(house, hana)] == ["done"], what="it is done")
    assert len(telegram.answers(hana)) == 1


def test_what_was_said_is_read_aloud_again_by_who_wants_that(
    telegram: Telegram, house: Stack, hana: User, spoken: bytes
):
    settings = telegram.wait_answer(hana, to=telegram.say(hana, "/settings"))
    telegram.press(hana, settings, "back:1")
    telegram.wait_answer(hana, has=telegram.messages(hana)[1].text)
    eventually(lambda: any(data == "back:0" for _words, data in telegram.messages(hana)[1].buttons), what="it is set")

    sent = telegram.send_voice(hana, spoken)
    telegram.wait_answer(hana, to=sent, has="📝")
    voice = telegram.wait_answer(hana, to=sent, kind="voice")

    samples, rate = decoded(telegram.data(voice))
    assert 2 < len(samples) / rate < 6


def test_what_is_no_sound_is_told_so_and_offers_no_second_try(telegram: Telegram, hana: User):
    sent = telegram.send_voice(hana, b"<html>no sound</html>" * 50)

    told = telegram.wait_answer(hana, to=sent, has="⚠️")

    assert told.buttons == []


def test_bot_and_workers_are_killed_in_the_middle_and_every_message_is_answered(telegram: Telegram, house: Stack):
    people = [telegram.add_user(f"p{number}") for number in range(4)]
    sent = [
        (user, telegram.say(user, f"{number}番目の言葉です。" * (1 + 6 * (number % 2))))
        for number in range(3)
        for user in people
    ]
    eventually(lambda: any(said(house, user) for user in people), what="the first is stored")
    bot = psutil.Process(house.pids()["telegram"][0])
    bot.kill()
    kill_all(house.workers())
    psutil.Process(house.pids()["rqworker"][0]).kill()
    late = [(user, telegram.say(user, "おはよう")) for user in people]

    for user, one in sent + late:
        telegram.wait_answer(user, to=one, kind="voice")
    # The acknowledgements say so too, whoever sent them and whoever lives now.
    eventually(lambda: all(are_finished(telegram, house, user) for user in people), what="no acknowledgement promises")

    for user in people:
        assert {one["status"] for one in said(house, user)} == {"done"}
        assert all(one["edits"] <= 4 for one in said(house, user))
        at = sorted(at for message in telegram.answers(user) for at, _text in message.edits)
        assert all(later - earlier > 0.9 for earlier, later in pairwise(at))


def are_finished(telegram: Telegram, house: Stack, user: User) -> bool:
    """True once every acknowledgement that the house knows of tells the end.

    Of one whose bot was killed between Telegram's answer and the row nobody knows; its message is answered anyway.
    """
    known = {one["ack"] for one in said(house, user) if one["ack"]}
    texts = [one.text for one in telegram.answers(user) if one.id in known]
    return all("✅" in text for text in texts)


def test_a_failure_offers_a_second_try_that_succeeds(telegram: Telegram, house: Stack, hana: User):
    telegram.fail("sendVoice", 400, chat=hana, description="Bad Request: wrong file")
    sent = telegram.say(hana, "もう一度お願いします。")
    failed = telegram.wait_answer(hana, to=sent, has="⚠️")
    assert [data.partition(":")[0] for _words, data in failed.buttons] == ["again"]

    query = telegram.press(hana, failed, "again")

    telegram.wait_answer(hana, to=sent, kind="voice")
    telegram.wait_answer(hana, to=sent, has="✅")
    assert telegram.answered(query)
    assert [one["run"] for one in said(house, hana)] == [1]


def test_flood_control_is_obeyed_and_nothing_is_lost(telegram: Telegram, house: Stack, hana: User):
    telegram.flood(burst=3, per_second=2)

    sent = [telegram.say(hana, f"{number}です。") for number in range(4)]
    voices = [telegram.wait_answer(hana, to=one, kind="voice") for one in sent]

    assert sorted(one.reply_to for one in voices) == [one.id for one in sent]
    assert len(telegram.answers(hana, kind="voice")) == 4
    state = telegram.state()
    # Told to wait a few times, not hammering on.
    assert 0 < state["flooded"] < 15
    eventually(lambda: {one["status"] for one in said(house, hana)} == {"done"}, what="all are done")


def test_who_blocked_the_bot_is_left_in_peace(telegram: Telegram, house: Stack, hana: User):
    telegram.block(hana)

    telegram.say(hana, "聞こえますか。")

    eventually(lambda: [one["error"] for one in said(house, hana)] == ["blocked"], what="it ends")
    assert len(telegram.calls("sendMessage", "sendVoice", chat=hana)) <= 2


def test_a_long_text_comes_in_several_voice_notes_in_order(telegram: Telegram, house: Stack, hana: User):
    sentences = [
        f"これは{number}番目の文で、長い文章がどのように分けられるかを確かめるためのものです。" for number in range(14)
    ]

    sent = telegram.say(hana, "".join(sentences))
    ack = telegram.wait_answer(hana, to=sent, has="✅")

    voices = telegram.answers(hana, to=sent, kind="voice")
    assert len(voices) == 2
    assert ack.id < voices[0].id < voices[1].id
    whole = sum(len(samples) / rate for samples, rate in (decoded(telegram.data(one)) for one in voices))
    # Six moras a second, and the text has some forty a sentence.
    assert 60 < whole < 150


def test_an_update_that_comes_twice_is_answered_once(telegram: Telegram, house: Stack, hana: User):
    sent = telegram.say(hana, "一度だけ。")
    telegram.wait_answer(hana, to=sent, has="✅")

    telegram.repeat(sent)
    after = telegram.say(hana, "次です。")
    telegram.wait_answer(hana, to=after, has="✅")

    assert len(telegram.answers(hana, kind="voice")) == 2
    assert len(said(house, hana)) == 2


def test_an_old_file_queue_is_taken_over_and_answered(telegram: Telegram, house: Stack, hana: User, tmp_path):
    old = telegram.say(hana, "/help")
    telegram.wait_answer(hana, to=old)
    values = {
        "message_id": 900, "user_id": hana.id, "chat_id": hana.id, "text": "古いメッセージです。",
        "status": "processing", "is_text": True,
        "created_at": "2026-11-20T10:00:00", "updated_at": "2026-11-20T10:00:01",
    }  # fmt: skip
    (tmp_path / f"msg_{hana.id}_900.json").write_text(json.dumps(values))
    (tmp_path / f"msg_{hana.id}_901.json").write_text("{")

    done = house.manage("import_file_queue", str(tmp_path))

    assert "1 open" in done.stdout
    assert f"msg_{hana.id}_901.json" in done.stderr
    telegram.wait_answer(hana, kind="voice")
    assert [place.name for place in (tmp_path / "imported").iterdir()] == [f"msg_{hana.id}_900.json"]
    assert "0 open" in house.manage("import_file_queue", str(tmp_path)).stdout


def test_a_group_is_answered_when_it_speaks_to_the_bot(telegram: Telegram, house: Stack, hana: User):
    boss = telegram.add_user("boss")
    group = telegram.add_group("みんな", hana, administrators=(boss,))

    telegram.say(hana, "今日は寒いですね。", to=group)
    asked = telegram.say(hana, "@koebako_bot これを読んで。", to=group)
    voice = telegram.wait_answer(group, to=asked, kind="voice")
    answered = telegram.say(hana, "ありがとう。", to=group, replies_to=voice)
    telegram.wait_answer(group, to=answered, kind="voice")

    assert len(telegram.answers(group, kind="voice")) == 2
    settings = telegram.wait_answer(group, to=telegram.say(boss, "/settings", to=group))
    telegram.press(hana, settings, "all:1")
    telegram.press(boss, settings, "all:1")
    eventually(lambda: any(data == "all:0" for _w, data in telegram.messages(group)[-1].buttons), what="it is set")
    telegram.wait_answer(group, to=telegram.say(hana, "今度はこれも。", to=group), kind="voice")


def test_a_second_bot_on_the_same_token_stands_by_and_follows_the_first(telegram: Telegram, house: Stack, hana: User):
    second = subprocess.Popen(
        [sys.executable, "manage.py", "runbot", "telegram"],
        cwd=ROOT, env=house.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert second.stderr is not None
        assert any("standing by" in line for line in second.stderr)
        sent = telegram.say(hana, "一つ目です。")
        telegram.wait_answer(hana, to=sent, has="✅")
        assert len(telegram.answers(hana, to=sent)) == 2, "an acknowledgement and a voice note, of one bot alone"

        # Stopped and not killed, or the house would start it again: its key runs out, and the other one goes on.
        first = psutil.Process(house.pids()["telegram"][0])
        first.suspend()
        later = telegram.say(hana, "二つ目です。")
        telegram.wait_answer(hana, to=later, has="✅")
        first.resume()

        assert second.poll() is None
        assert len(telegram.answers(hana, to=later)) == 2
    finally:
        second.terminate()
        second.communicate(timeout=60)
