"""What hibari must go on doing, and must not do, in our workers; and English, listened to with figures."""

import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.errors import EngineError
from jobs.engines.speech.hibari import HEART, MAX_GROUP_PHONEMES, count_moras, cut_phonemes
from jobs.engines.speech.level import level_dbfs
from jobs.engines.speech.openjtalk import MEI
from jobs.engines.speech.port import SAMPLE_RATE_HZ
from jobs.engines.speech.rate import RateHalver, double_rate
from jobs.engines.speech.reading.english_text import normalise_english
from tests.engines.hearing import pitch_hz
from tests.engines.test_front_end import run
from tests.engines.test_reading import table
from tests.waits import in_a_fork

ENGLISH = (
    "The meeting tomorrow starts at three in the afternoon.",
    "I think that is a truly wonderful idea.",
    "We walked to the station and took a train to the office.",
)
JAPANESE = (
    "明日の会議は、午後三時から始まりますよ。",
    "それは本当に素晴らしいアイデアだと思います。",
    "駅まで歩いて電車に乗って会社に着きました。",
)


def read(engine, voice: str, text: str, **options: float) -> np.ndarray:
    return np.concatenate(list(engine.synthesize(engine.plan(text, voice=voice), **options)))


@pytest.mark.parametrize(
    ("typed", "said"),
    table("""
    See https://example.com/a?b=1 for the docs (v2) 😂 -> See link for the docs, v2, laughing
    Mail me at foo@example.com! -> Mail me at mail address!
    Use snake_case, "quotes" and [brackets]. -> Use snake case, quotes and, brackets.
    I’m at the café -> I'm at the cafe
    Ｆｕｌｌ ｗｉｄｔｈ！ -> Full width!
    $9.99 for 5km at 25.5°C & 60% -> $9.99 for 5km at 25.5°C & 60%
    2026-11-22 at 10:30 and 1/2 -> 2026-11-22 at 10:30 and 1/2
    and/or -> and or
    Noooooooo!!!!!!! -> Nooo!
    (^o^) I am happy -> I am happy
    東京 is big -> is big
    """),
)
def test_text_is_written_out_as_english_readers_say_it(typed, said):
    assert normalise_english(typed) == said


def test_loading_opens_no_onnx_session_and_prints_nothing():
    finished = run(
        "import sys\n"
        "class Trap:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        assert name.split('.')[0] != 'onnxruntime', 'imported'\n"
        "sys.meta_path.insert(0, Trap())\n"
        "import threading\n"
        "from jobs.engines.speech.bilingual import Bilingual\n"
        "engine = Bilingual()\n"
        "engine.load()\n"
        "engine.plan('今日は I have a meeting today. です。', voice='mei_normal')\n"
        "assert threading.active_count() == 1"
    )

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_the_package_is_read_only_when_asked_for():
    finished = run("import sys, jobs.engines.speech.bilingual; print('hibari' in sys.modules)")

    assert finished.stdout.strip() == "False"


def test_everything_works_without_a_network():
    finished = run(
        "import socket\n"
        "def refuse(*_, **__): raise AssertionError('the network was asked')\n"
        "socket.socket.connect = refuse\n"
        "from jobs.engines.speech.hibari import HEART, Hibari\n"
        "engine = Hibari()\n"
        "print(sum(map(len, engine.synthesize(engine.plan('A zorblax frobnicates.', voice=HEART.name)))))",
        HOME="/nowhere",
        HIBARI_HOME="/nowhere",
    )

    assert finished.returncode == 0, finished.stderr
    assert int(finished.stdout) > SAMPLE_RATE_HZ / 2


def test_forked_workers_speak_what_their_parent_loaded_and_exit():
    """Like a cluster: loaded before the fork, opened after it, ended by the interpreter and not by os._exit."""
    finished = run(
        "import os, sys, zlib\n"
        "from jobs.engines.speech.hibari import HEART, Hibari\n"
        "engine = Hibari(); engine.load()\n"
        "def speak():\n"
        "    script = engine.plan('A zorblax says hello to you.', voice=HEART.name)\n"
        "    return zlib.crc32(b''.join(part.tobytes() for part in engine.synthesize(script)))\n"
        "children = []\n"
        "for _ in range(2):\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        # One write: an unbuffered print() of two children could mix the line and its end.
        "        os.write(1, b'%d\\n' % speak()); sys.exit(0)\n"
        "    children.append(pid)\n"
        "codes = [os.waitpid(pid, 0)[1] for pid in children]\n"
        "print(speak(), codes)"
    )

    *children, parent = finished.stdout.split("\n")[:3]
    assert finished.returncode == 0, finished.stderr
    assert children == [parent.split()[0]] * 2
    assert parent.endswith("[0, 0]")


def test_a_child_of_a_process_that_has_spoken_opens_its_own_sessions(hibari):
    expected = read(hibari, HEART.name, ENGLISH[0]).tobytes()

    exits = [
        in_a_fork(lambda: read(hibari, HEART.name, ENGLISH[0]).tobytes() == expected, what="read a sentence")[1]
        for _ in range(3)
    ]

    assert exits == [0] * 3


def test_both_voices_are_equally_loud(openjtalk, hibari):
    english = level_dbfs(np.concatenate([read(hibari, HEART.name, text) for text in ENGLISH]))
    japanese = level_dbfs(np.concatenate([read(openjtalk, MEI.name, text) for text in JAPANESE]))

    assert english == pytest.approx(japanese, abs=2)


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_spoken_at_an_english_pace_and_is_no_silence(hibari, text):
    samples = read(hibari, HEART.name, text)

    words_a_minute = 60 * len(text.split()) * SAMPLE_RATE_HZ / len(samples)
    assert 110 < words_a_minute < 250
    frames = samples[: len(samples) // 480 * 480].reshape(-1, 480).astype(float)
    heard = np.sqrt(np.square(frames).mean(axis=1)) > 300  # -41 dBFS
    assert heard.mean() > 0.6
    pitch = pitch_hz(samples, SAMPLE_RATE_HZ)
    assert 150 < np.nanmedian(pitch) < 260  # a woman's voice
    assert np.isfinite(pitch).mean() > 0.3


def test_parts_begin_and_end_in_silence(hibari):
    for part in hibari.synthesize(hibari.plan(" ".join(ENGLISH), voice=HEART.name)):
        assert np.abs(part[:24].astype(int)).max() < 100
        assert not part[-24:].any()


def test_the_first_sentence_of_a_long_text_is_short(hibari):
    text = "This is first. And " + "then it went on and on, as nobody had a mind to stop it, " * 20

    script = hibari.plan(text, voice=HEART.name)

    assert script.groups[0].mora_count < 10
    assert max(len(group.labels[0]) for group in script.groups) <= MAX_GROUP_PHONEMES


@pytest.mark.parametrize("word", ["a" * 3_000, "xyz" * 900, "9" * 5_000, "1," * 2_000, "((((" * 2_000, "'a" * 4_000])
def test_no_text_makes_a_group_without_end(hibari, word):
    try:
        script = hibari.plan(word, voice=HEART.name, max_moras=1_000_000)
    except EngineError:
        return

    assert max(len(group.labels[0]) for group in script.groups) <= MAX_GROUP_PHONEMES


def test_phonemes_are_cut_after_clauses_and_between_words():
    sentence = " ".join(["wˈʌn tˈu,"] * 30)

    pieces = list(cut_phonemes(sentence))

    assert " ".join(pieces) == sentence
    assert all(piece.endswith(",") for piece in pieces)
    assert list(cut_phonemes("a" * 250)) == ["a" * 110, "a" * 110, "a" * 30]
    assert count_moras("ˈ, .") == 0


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), max_size=60) | st.text("aI'.,$1/-%°( ", max_size=60))
def test_any_text_is_read_or_refused_by_name(hibari, text):
    try:
        script = hibari.plan(text, voice=HEART.name)
    except EngineError:
        return

    assert script.mora_count > 0
    assert re.fullmatch("[A-Za-z0-9 .,!?;:'/%$€£¥&@#+=°-]+", script.text)


def test_twice_the_rate_and_half_of_it_is_the_same_sound():
    time_seconds = np.arange(4_800) / 24_000
    tone = 0.5 * np.sin(2 * np.pi * 3_000 * time_seconds) * np.hanning(4_800)

    doubled = double_rate(tone)
    halver = RateHalver()
    pcm = np.rint(doubled * 32_767).astype(np.int16)
    back = np.concatenate([halver.feed(pcm), halver.finish()])

    assert len(doubled) == 2 * len(tone)
    assert np.abs(back / 32_767 - tone).max() < 0.001
    spectrum = np.abs(np.fft.rfft(doubled))
    assert spectrum[len(spectrum) // 2 :].max() < spectrum.max() / 1_000  # 60 dB: nothing folds up


def test_a_sentence_is_made_far_faster_than_it_is_said(hibari):
    script = hibari.plan(ENGLISH[0], voice=HEART.name)
    list(hibari.synthesize(script))

    started = time.process_time()
    samples = sum(map(len, hibari.synthesize(script)))

    assert time.process_time() - started < samples / SAMPLE_RATE_HZ / 4
