"""What every speech engine promises its callers, heard on each provider."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from jobs.engines.errors import EngineError, InputRejected
from jobs.engines.speech.level import level_dbfs
from jobs.engines.speech.port import SAMPLE_RATE_HZ, BreathGroup, SpeechEngine
from tests.engines.conftest import THREE_BREATHS
from tests.engines.hearing import pitch_hz


@pytest.fixture(params=["openjtalk"])
def speech(request) -> SpeechEngine:
    return request.getfixturevalue(request.param)


@pytest.fixture
def voice(speech) -> str:
    return speech.voices()[0].name


@pytest.fixture
def read(speech, voice):
    def read(text: str = THREE_BREATHS, **settings: float) -> np.ndarray:
        return np.concatenate(list(speech.synthesize(speech.plan(text, voice=voice), **settings)))

    return read


def test_a_voice_says_whom_to_credit(speech):
    for voice in speech.voices():
        assert voice.credit
        assert voice.license


def test_the_version_names_the_engine_and_its_package(speech):
    assert any(character.isdigit() for character in speech.version)
    assert " " in speech.version


def test_loading_twice_changes_nothing(speech, read):
    before = read("はい。")

    speech.load()

    assert np.array_equal(before, read("はい。"))


def test_a_text_is_read_in_one_part_for_each_breath(speech, voice):
    script = speech.plan(THREE_BREATHS, voice=voice)

    parts = list(speech.synthesize(script))

    assert len(script.groups) == len(parts) == 3
    assert all(part.dtype == np.int16 and part.ndim == 1 for part in parts)


def test_the_first_part_is_ready_before_the_second_is_begun(speech, voice):
    begun = []

    class WatchedLabels(tuple[str, ...]):
        __slots__ = ()

        def __iter__(self):
            begun.append(self)
            return super().__iter__()

    script = speech.plan(THREE_BREATHS, voice=voice)
    watched = tuple(BreathGroup(WatchedLabels(group.labels), group.mora_count) for group in script.groups)

    parts = speech.synthesize(replace(script, groups=watched))
    assert begun == []
    first = next(parts)

    assert len(first) > 0
    assert begun == [watched[0].labels]


def test_the_same_text_gives_the_same_samples(read):
    assert np.array_equal(read(), read())


def test_two_threads_read_as_one_does(speech, voice):
    texts = [THREE_BREATHS, "雪が降っています。", "電車が遅れました。", "お茶をください。"]

    def read(text: str) -> bytes:
        return b"".join(part.tobytes() for part in speech.synthesize(speech.plan(text, voice=voice)))

    alone = [read(text) for text in texts]
    with ThreadPoolExecutor(max_workers=2) as pool:
        together = list(pool.map(read, texts))

    assert together == alone


def test_an_ordinary_sentence_is_as_loud_as_speech_should_be(spoken):
    assert -24 < level_dbfs(spoken) < -14


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0])
def test_speed_divides_the_length(read, spoken, speed):
    assert len(read(speed=speed)) == pytest.approx(len(spoken) / speed, rel=0.01)


@pytest.mark.parametrize("semitones", [-5, 4])
def test_pitch_moves_by_the_semitones_asked_for(read, spoken, semitones):
    raised = read(pitch_semitones=semitones)

    moved = 12 * np.log2(pitch_hz(raised, SAMPLE_RATE_HZ) / pitch_hz(spoken, SAMPLE_RATE_HZ))
    assert np.count_nonzero(np.isfinite(moved)) > 50
    assert np.nanmedian(moved) == pytest.approx(semitones, abs=0.1)
    assert len(raised) == len(spoken)


def test_volume_changes_the_level_by_its_decibels(read, spoken):
    assert level_dbfs(read(volume_db=-10)) == pytest.approx(level_dbfs(spoken) - 10, abs=0.3)


def test_the_loudest_volume_neither_wraps_nor_clips(read, spoken):
    loud = read(volume_db=10)

    assert level_dbfs(loud) > level_dbfs(spoken) + 6
    assert np.abs(loud.astype(int)).max() < 32_767
    assert np.all(np.sign(loud)[np.abs(spoken) > 100] == np.sign(spoken)[np.abs(spoken) > 100])


@pytest.mark.parametrize("text", ["", " \n　", "!!!", "…。、", "🫠", "\u200b\u202e", "안녕하세요", "ー"])
def test_a_text_that_cannot_be_said_is_refused_by_name(speech, voice, text):
    with pytest.raises(InputRejected) as refused:
        speech.plan(text, voice=voice)

    assert (refused.value.field, refused.value.code) == ("text", "empty_speech")
    assert not refused.value.retryable


def test_an_unknown_voice_is_refused_by_name(speech):
    with pytest.raises(InputRejected) as refused:
        speech.plan("はい。", voice="nobody")

    assert (refused.value.field, refused.value.code) == ("voice", "unknown_voice")


def test_a_text_with_too_many_morae_is_refused_with_both_figures(speech, voice):
    with pytest.raises(InputRejected) as refused:
        speech.plan("1000000円です。", voice=voice, max_moras=5)

    assert (refused.value.field, refused.value.code) == ("text", "text_too_long")
    assert "8 morae" in refused.value.message
    assert "5" in refused.value.message


@pytest.mark.parametrize("text", ["あ" * 20_000, "犬と猫。" * 20_000, "(^o^)" * 20_000, "😂" * 20_000, "1" * 20_000])
def test_a_huge_text_is_refused_before_it_costs_anything(speech, voice, text):
    with pytest.raises(InputRejected, match=r"and the limit is \d+") as refused:
        speech.plan(text, voice=voice)

    assert refused.value.code == "text_too_long"


def test_morae_are_counted_as_they_are_spoken(speech, voice):
    assert speech.plan("3回", voice=voice).mora_count == 4  # サンカイ
    assert speech.plan("API", voice=voice).mora_count == 6  # エーピーアイ
    assert speech.plan("きゃっと", voice=voice).mora_count == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("speed", 0.4),
        ("speed", 2.1),
        ("speed", float("nan")),
        ("pitch_semitones", 13),
        ("pitch_semitones", -13),
        ("volume_db", 11),
        ("volume_db", float("inf")),
    ],
)
def test_a_setting_out_of_range_is_refused_at_the_call(speech, voice, field, value):
    script = speech.plan("はい。", voice=voice)

    with pytest.raises(InputRejected) as refused:
        speech.synthesize(script, **{field: value})

    assert (refused.value.field, refused.value.code) == (field, "out_of_range")


def test_every_error_of_an_engine_can_be_caught_as_one():
    assert issubclass(InputRejected, EngineError)
