"""What every speech engine promises its callers, heard on each provider."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest

from jobs.engines.errors import EngineError, InputRejected
from jobs.engines.speech.level import level_dbfs
from jobs.engines.speech.port import SAMPLE_RATE_HZ, SpeechEngine
from tests.engines.conftest import THREE_BREATHS
from tests.engines.hearing import pitch_hz


@dataclass(frozen=True)
class Sample:
    """What one provider is asked to say."""

    three_breaths: str
    others: tuple[str, str, str]
    short: str
    number: str
    number_moras: int
    repeated: tuple[str, ...]  # a character or two that make a huge text
    speed_tolerance: float


SAMPLES = {
    "openjtalk": Sample(
        three_breaths=THREE_BREATHS,
        others=("雪が降っています。", "電車が遅れました。", "お茶をください。"),
        short="はい。",
        number="1000000円です。",
        number_moras=8,  # ヒャクマンエンデス
        repeated=("あ", "犬と猫。", "(^o^)", "😂", "1"),
        speed_tolerance=0.01,
    ),
    "hibari": Sample(
        three_breaths="It is a fine day. Will it rain tomorrow? Nobody knows.",
        others=("It is snowing outside.", "The train was late again.", "Please give me some tea."),
        short="Yes.",
        number="1000000",
        number_moras=6,  # wʌn mɪljᵊn: nine phonemes
        repeated=("a", "cats and dogs. ", "(^o^)", "😂", "1"),
        # Where its soft words begin and end in the silence around them is not to be told to the millisecond.
        speed_tolerance=0.04,
    ),
    "bilingual": Sample(
        three_breaths="良い天気ですね。Will it rain tomorrow? 雨です。",
        others=("雪が降っています。", "The train was late again.", "彼は I want some tea と言った。"),
        short="はい。",
        number="1000000円です。",
        number_moras=8,
        repeated=("あ", "犬と猫。", "I am here. あ", "😂", "1"),
        # HTS takes what its shortest sounds cannot give from the silence at both ends, which is cut off at a joint.
        speed_tolerance=0.12,
    ),
}


@pytest.fixture(params=list(SAMPLES))
def provider(request) -> str:
    return request.param


@pytest.fixture
def speech(request, provider) -> SpeechEngine:
    return request.getfixturevalue(provider)


@pytest.fixture
def sample(provider) -> Sample:
    return SAMPLES[provider]


@pytest.fixture
def voice(speech) -> str:
    return speech.voices()[0].name


@pytest.fixture
def read(speech, voice, sample):
    def read(text: str = sample.three_breaths, **settings: float) -> np.ndarray:
        return np.concatenate(list(speech.synthesize(speech.plan(text, voice=voice), **settings)))

    return read


@pytest.fixture
def spoken(read) -> np.ndarray:
    """Three breath groups, read at speed 1."""
    return read()


def test_a_voice_says_whom_to_credit(speech):
    for voice in speech.voices():
        assert voice.credit
        assert voice.license


def test_the_version_names_the_engine_and_its_package(speech):
    assert any(character.isdigit() for character in speech.version)
    assert " " in speech.version


def test_loading_twice_changes_nothing(speech, read, sample):
    before = read(sample.short)

    speech.load()

    assert np.array_equal(before, read(sample.short))


def test_a_text_is_read_in_one_part_for_each_breath(speech, voice, sample):
    script = speech.plan(sample.three_breaths, voice=voice)

    parts = list(speech.synthesize(script))

    assert len(script.groups) == len(parts) == 3
    assert all(part.dtype == np.int16 and part.ndim == 1 for part in parts)


def test_the_first_part_is_ready_before_the_second_is_begun(speech, voice, sample):
    begun = []

    class WatchedLabels(tuple[str, ...]):
        __slots__ = ()

        def __iter__(self):
            begun.append(self)
            return super().__iter__()

    script = speech.plan(sample.three_breaths, voice=voice)
    watched = tuple(replace(group, labels=WatchedLabels(group.labels)) for group in script.groups)

    parts = speech.synthesize(replace(script, groups=watched))
    assert begun == []
    first = next(parts)

    assert len(first) > 0
    assert begun == [watched[0].labels]


def test_the_same_text_gives_the_same_samples(read):
    assert np.array_equal(read(), read())


def test_two_threads_read_as_one_does(speech, voice, sample):
    texts = [sample.three_breaths, *sample.others]

    def read(text: str) -> bytes:
        return b"".join(part.tobytes() for part in speech.synthesize(speech.plan(text, voice=voice)))

    alone = [read(text) for text in texts]
    with ThreadPoolExecutor(max_workers=2) as pool:
        together = list(pool.map(read, texts))

    assert together == alone


def test_an_ordinary_sentence_is_as_loud_as_speech_should_be(spoken):
    assert -24 < level_dbfs(spoken) < -14


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0])
def test_speed_divides_the_length(read, spoken, sample, speed):
    assert len(read(speed=speed)) == pytest.approx(len(spoken) / speed, rel=sample.speed_tolerance)


@pytest.mark.parametrize("semitones", [-5, 4])
def test_pitch_moves_by_the_semitones_asked_for(read, spoken, semitones):
    # Softer, so that nothing is limited.
    normal, raised = read(volume_db=-8), read(pitch_semitones=semitones, volume_db=-8)

    heard = [pitch_hz(samples[: len(spoken)], SAMPLE_RATE_HZ) for samples in (raised, normal)]
    frames = min(map(len, heard))
    moved = 12 * np.log2(heard[0][:frames] / heard[1][:frames])
    assert np.count_nonzero(np.isfinite(moved)) > 50
    assert np.nanmedian(moved) == pytest.approx(semitones, abs=0.1)
    assert len(raised) == pytest.approx(len(spoken), abs=0.02 * SAMPLE_RATE_HZ)
    assert level_dbfs(raised) == pytest.approx(level_dbfs(normal), abs=2)


def test_volume_changes_the_level_by_its_decibels(read):
    # Both below the limiter's knee.
    assert level_dbfs(read(volume_db=-20)) == pytest.approx(level_dbfs(read(volume_db=-10)) - 10, abs=0.1)


def test_the_loudest_volume_neither_wraps_nor_clips(read, spoken):
    loud = read(volume_db=10)

    assert level_dbfs(loud) > level_dbfs(spoken) + 4
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
        speech.plan("OK", voice="nobody")

    assert (refused.value.field, refused.value.code) == ("voice", "unknown_voice")


def test_a_text_with_too_many_morae_is_refused_with_both_figures(speech, voice, sample):
    with pytest.raises(InputRejected) as refused:
        speech.plan(sample.number, voice=voice, max_moras=5)

    assert (refused.value.field, refused.value.code) == ("text", "text_too_long")
    assert f"{sample.number_moras} morae" in refused.value.message
    assert "5" in refused.value.message


def test_a_huge_text_is_refused_before_it_costs_anything(speech, voice, sample):
    for piece in sample.repeated:
        with pytest.raises(InputRejected, match=r"and the limit is \d+") as refused:
            speech.plan(piece * 20_000, voice=voice)

        assert refused.value.code == "text_too_long"


def test_a_mora_lasts_as_long_in_every_voice(speech, voice, sample):
    """The limit in morae bounds the sound: 7 to 8 a second, whoever speaks."""
    moras = seconds = 0.0
    for text in (sample.three_breaths, *sample.others):
        script = speech.plan(text, voice=voice)
        moras += script.mora_count
        seconds += sum(map(len, speech.synthesize(script))) / SAMPLE_RATE_HZ

    assert 4.5 < moras / seconds < 9  # pauses are counted as sound here


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
def test_a_setting_out_of_range_is_refused_at_the_call(speech, voice, sample, field, value):
    script = speech.plan(sample.short, voice=voice)

    with pytest.raises(InputRejected) as refused:
        speech.synthesize(script, **{field: value})

    assert (refused.value.field, refused.value.code) == (field, "out_of_range")


def test_every_error_of_an_engine_can_be_caught_as_one():
    assert issubclass(InputRejected, EngineError)
