"""What is no recording of the sentence is refused by name, or capped with the reason; nothing scores by accident."""

import numpy as np
import pytest

from jobs.engines.errors import InputRejected
from tests.engines.pronunciation.conftest import ENGLISH, JAPANESE
from tests.validation import degrade, doubtful

RATE_HZ = 16_000


@pytest.mark.parametrize(
    ("wave", "gate"),
    [
        (np.zeros(3 * RATE_HZ, dtype=np.float32), "silence"),
        (doubtful.noise(3.0, level=1e-4), "silence"),
        (doubtful.noise(), "no_speech"),
        (doubtful.noise(is_pink=True), "no_speech"),
        (doubtful.music(), "no_speech"),
        (np.full(RATE_HZ, np.nan, dtype=np.float32), "not_finite"),
        (np.zeros(0, dtype=np.float32), "too_short"),
        (np.zeros(121 * RATE_HZ, dtype=np.float32), "too_long"),
    ],
    ids=["silence", "hiss", "white noise", "pink noise", "music", "nan", "nothing", "two minutes"],
)
def test_what_is_no_speech_is_refused(engine, wave, gate):
    with pytest.raises(InputRejected) as refusal:
        engine.analyse(wave, JAPANESE, "ja")

    assert (refusal.value.field, refusal.value.code) == ("recording", gate)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.35])
def test_a_scrap_of_the_sentence_is_refused(engine, japanese, seconds):
    start = int(degrade.onsets_of(japanese)[4] * RATE_HZ)

    with pytest.raises(InputRejected) as refusal:
        engine.analyse(japanese.wave[start : start + int(seconds * RATE_HZ)], JAPANESE, "ja")

    assert refusal.value.code in ("too_short", "no_speech")


def test_another_sentence_and_another_language_are_refused(engine, japanese, english):
    other = degrade.reading("明日の会議は午後三時から始まります。", "ja")
    for wave, text, language in (
        (other.wave, JAPANESE, "ja"),
        (english.wave, JAPANESE, "ja"),
        (japanese.wave, ENGLISH, "en"),
    ):
        with pytest.raises(InputRejected) as refusal:
            engine.analyse(wave, text, language)
        assert refusal.value.code in ("other_sentence", "too_short")


def test_half_a_sentence_is_scored_as_half(engine):
    text = "駅まで歩いて、電車に乗りました。"
    made = degrade.reading(text, "ja")
    onsets = degrade.onsets_of(made)

    found = engine.analyse(made.wave[: int(onsets[8] * RATE_HZ) - 1_600], text, "ja")

    assert 30 < found.completeness < 65
    assert found.overall_score <= found.completeness
    assert ("overall", "completeness") in [(cap.score, cap.reason) for cap in found.caps]
    missing = [phoneme.likely is not None and phoneme.likely.kind == "omission" for phoneme in found.phonemes]
    assert all(missing[-8:])
    assert not any(missing[:6])


def test_an_overdriven_recording_is_capped_and_a_ruined_one_refused(engine, japanese):
    found = engine.analyse(degrade.clipped(japanese.wave, 4.0), JAPANESE, "ja")

    assert found.overall_score <= 80
    assert "clipping" in [cap.reason for cap in found.caps]
    with pytest.raises(InputRejected) as refusal:
        engine.analyse(degrade.clipped(japanese.wave, 30.0), JAPANESE, "ja")
    assert refusal.value.code == "clipping"


def test_sentences_and_languages_that_cannot_be_read_are_named(engine, japanese):
    for sentence, language, field, code in (
        ("。。。", "ja", "sentence", "empty_speech"),
        ("", "en", "sentence", "empty_speech"),
        ("あ" * 2_000, "ja", "sentence", "text_too_long"),
        ("Bonjour", "fr", "language", "unknown_language"),
    ):
        with pytest.raises(InputRejected) as refusal:
            engine.analyse(japanese.wave, sentence, language)
        assert (refusal.value.field, refusal.value.code) == (field, code)
