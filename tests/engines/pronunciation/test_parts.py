"""Parts that the scores stand on: speech under noise, lengths, melody, Mandarin by rule, forks."""

import numpy as np
import pytest

from jobs.engines.errors import InputRejected
from jobs.engines.pronunciation import denoise, fluency, pitch, rhythm, timing, vad
from jobs.engines.pronunciation import reference as references
from jobs.engines.pronunciation.accuracy import Accuracy
from jobs.engines.pronunciation.phonemes_zh import sentence_of as mandarin
from jobs.engines.pronunciation.port import Pause
from tests.engines.pronunciation.conftest import JAPANESE
from tests.validation import degrade, doubtful
from tests.waits import in_a_fork

RATE_HZ = 16_000


@pytest.mark.parametrize("snr_db", [30, 20, 10])
def test_speech_is_found_under_noise(japanese, snr_db):
    clean = vad.find_speech(japanese.wave)

    found = vad.find_speech(degrade.with_noise(np.pad(japanese.wave, RATE_HZ), snr_db))

    assert found.start == pytest.approx(clean.start + 1.0, abs=0.15)
    assert found.seconds == pytest.approx(clean.seconds, rel=0.2)


def test_nobody_speaks_in_noise_or_nothing():
    assert vad.find_speech(doubtful.noise()).spans == ()
    assert vad.find_speech(np.zeros(0, dtype=np.float32)).spans == ()


@pytest.mark.parametrize("snr_db", [5, 15, 25])
def test_noise_is_measured_and_taken_out(japanese, snr_db):
    speech = vad.find_speech(japanese.wave)
    noisy = degrade.with_noise(japanese.wave, snr_db)

    assert denoise.signal_to_noise_db(noisy, speech) == pytest.approx(snr_db, abs=3)
    cleaned = denoise.without_noise(noisy, speech)
    assert len(cleaned) == len(noisy)
    before, after = (np.square(wave - japanese.wave).mean() for wave in (noisy, cleaned))
    assert after < before


def test_a_sound_without_noise_comes_out_as_it_was(japanese):
    everywhere = vad.Speech(((0.0, 0.5),), np.zeros(0))
    wave = np.pad(japanese.wave[RATE_HZ // 2 : RATE_HZ], (0, RATE_HZ))

    assert np.abs(denoise.without_noise(wave, everywhere) - wave).max() < 0.02


def said_right(sentence, scores=100.0):
    count = len(sentence.phones)
    return Accuracy(np.full(count, scores), np.zeros(count, dtype=bool), np.ones(count, dtype=bool), scores, 100.0)


def test_rhythm_is_free_of_tempo_and_sees_a_long_mora(japanese):
    sentence = japanese.sentence
    even = np.arange(len(sentence.units) + 1) * 0.14

    assert rhythm.judge(sentence, even * 1.4, even, said_right(sentence)).score == pytest.approx(100)
    long = even.copy()
    long[5:] += 0.2
    judged = rhythm.judge(sentence, long, even, said_right(sentence))
    assert judged.score < 90
    assert np.nanargmax(judged.ratios) == 4
    assert judged.npvi > judged.reference_npvi == pytest.approx(0)


def test_rhythm_says_nothing_of_what_a_pause_lies_in_or_was_said_wrong(japanese):
    sentence = japanese.sentence
    even = np.arange(len(sentence.units) + 1) * 0.14
    long = even.copy()
    long[5:] += 0.6
    pause = Pause(even[5] + 0.02, even[5] + 0.58, is_expected=False, after_unit=3)
    wrong = said_right(sentence)
    wrong.scores[sentence.units[4].first] = 10.0

    assert rhythm.judge(sentence, long, even, said_right(sentence), [pause]).score == pytest.approx(100)
    assert rhythm.judge(sentence, long, even, wrong).score == pytest.approx(100)
    assert np.isnan(rhythm.judge(sentence, long, even, wrong).ratios[4])
    assert rhythm.judge(sentence, long, even, said_right(sentence, 10.0)).score == 100


def test_a_pause_costs_once_and_an_expected_one_nothing(japanese):
    sentence, onsets = japanese.sentence, degrade.onsets_of(japanese)
    said = np.ones(len(sentence.phones), dtype=bool)
    spans = ((0.3, 0.9), (1.5, 2.2))
    whole = vad.Speech(((0.3, 1.6),), np.zeros(0))
    halting = vad.Speech(spans, np.zeros(0))
    later = onsets + np.where(onsets > 0.9, 0.6, 0.0)

    free = fluency.judge(sentence, said, onsets, whole, onsets, whole)
    stopped = fluency.judge(sentence, said, later, halting, onsets, whole)
    expected = fluency.judge(sentence, said, later, halting, later, halting)

    assert free.score == expected.score == 100
    assert 60 < stopped.score < 90
    assert [pause.is_expected for pause in stopped.pauses] == [False]


def test_melody_is_free_of_key_and_knows_a_flat_and_a_wrong_one():
    up_and_down = np.repeat(np.array([[60.0], [64.0], [66.0], [63.0], [60.0], [58.0]]), 5, axis=1)

    assert pitch.judge(up_and_down - 12, up_and_down).score == pytest.approx(100)
    assert pitch.judge(np.full_like(up_and_down, 60.0), up_and_down).score == 0
    assert pitch.judge(up_and_down[::-1], up_and_down).score < 60
    assert 40 < pitch.judge(60 + (up_and_down - 60) / 2, up_and_down).score < 70
    creaking = up_and_down.copy()
    creaking[5, 2:] -= 12
    assert pitch.judge(creaking, up_and_down).score == pytest.approx(100)


def test_a_unit_that_is_laid_on_a_moment_was_not_said(japanese):
    sentence, reference = japanese.sentence, timing.phone_bounds(japanese.heard)
    half = len(sentence.units) // 2
    last_said = sentence.units[half - 1].end
    squeezed = reference.copy()
    squeezed[last_said:] = reference[last_said - 1, 1] + (reference[last_said:] - reference[last_said, 0]) / 20

    assert pitch.lasts(sentence, reference * 1.3, reference).all()
    found = pitch.lasts(sentence, squeezed, reference)
    assert found[: half - 1].all()
    assert not found[half + 1 :].any()


def test_mandarin_is_read_by_rule():
    sentence, tones = mandarin("媽媽，你好！")

    assert [unit.label for unit in sentence.units] == ["媽", "媽", "你", "好"]
    assert tones[0] == 1
    assert tones[2:] == (3, 3)
    assert sentence.units[1].group != sentence.units[2].group
    with pytest.raises(InputRejected) as refusal:
        mandarin("hello")
    assert (refusal.value.field, refusal.value.code) == ("sentence", "empty_speech")


def test_another_language_is_no_mandarin(engine, japanese):
    with pytest.raises(InputRejected) as refusal:
        engine.analyse(japanese.wave, "我今天早上喝了一杯咖啡。", "zh-TW")

    assert refusal.value.code in ("other_sentence", "too_short")


def test_references_are_kept_and_let_go(monkeypatch, japanese):
    monkeypatch.setattr(references, "KEPT", 2)
    for text in ("はい。", "いいえ。", "どうも。"):
        references.reference(text, "ja")

    assert len(references._kept) == 2
    assert references.reference("どうも。", "ja") is references.reference("どうも。", "ja")


def test_a_child_of_a_process_that_has_listened_opens_its_own_session(engine, japanese):
    expected = engine.analyse(japanese.wave, JAPANESE, "ja").overall_score

    _pid, code = in_a_fork(
        lambda: engine.analyse(japanese.wave, JAPANESE, "ja").overall_score == expected, what="judge a recording"
    )

    assert code == 0
