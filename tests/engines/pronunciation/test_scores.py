"""Each score falls with what it is about, and the learner is told what was wrong."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from jobs.engines.pronunciation import wording
from tests.engines.pronunciation.conftest import ENGLISH, JAPANESE
from tests.validation import degrade, speakers


@pytest.fixture(scope="module")
def flawless(engine, japanese):
    return engine.analyse(japanese.wave, JAPANESE, "ja")


def test_a_flawless_reading_has_full_marks(engine, flawless, english):
    for found in (flawless, engine.analyse(english.wave, ENGLISH, "en")):
        assert found.overall_score > 95
        assert found.completeness == 100
        assert not found.caps
        assert found.statement == "estimates"


def test_su_for_tsu_is_told_with_how_to_place_the_tongue(engine, heard_as_su):
    found = engine.analyse(heard_as_su, JAPANESE, "ja")

    [first, *_] = wording.suggestions(found, "ja")
    assert first.startswith("『つ』が『す』に聞こえます。")
    assert "舌先" in first
    assert "「つ」聽起來像「す」。" in wording.suggestions(found, "zh-TW")[0]
    assert '"つ" sounds like "す".' in wording.suggestions(found, "en")[0]
    place = found.findings[0]
    assert place.label == "つ"
    assert found.units[place.unit].label == "つ"
    assert 0 < place.start_seconds < place.end_seconds < found.timing.recording_seconds
    wrong = next(phoneme for phoneme in found.phonemes if phoneme.symbol == "ts")
    assert wrong.score < 65
    assert np.median([phoneme.score for phoneme in found.phonemes]) > 95


def test_pauses_cost_fluency_and_are_placed(engine, japanese, flawless):
    halting = degrade.with_pauses(japanese.wave, degrade.onsets_of(japanese), 2, seed=1)

    found = engine.analyse(halting, JAPANESE, "ja")

    unexpected = [pause for pause in found.pauses if not pause.is_expected]
    assert len(unexpected) == 2
    assert all(0.4 < pause.end_seconds - pause.start_seconds < 0.9 for pause in unexpected)
    assert found.fluency_score < flawless.fluency_score - 30
    assert found.pronunciation_accuracy > 85
    assert any("止まっています" in told for told in wording.suggestions(found, "ja"))


def test_a_flat_voice_costs_pitch_alone(engine, japanese):
    flat = degrade.with_flat_pitch(japanese.wave, japanese.hertz, 1.0)

    found = engine.analyse(flat, JAPANESE, "ja")

    assert found.pitch_score < 20
    assert min(found.fluency_score, found.rhythm_score) > 90
    assert [finding.kind for finding in found.findings] == ["flat"]


def test_warped_lengths_cost_rhythm(engine, japanese):
    warped = degrade.with_warped_lengths(japanese.wave, japanese.hertz, degrade.onsets_of(japanese), 0.5, seed=3)

    found = engine.analyse(warped, JAPANESE, "ja")

    assert found.rhythm_score < 85
    assert found.fluency_score > 90
    assert found.pitch_score > 80


@pytest.mark.parametrize("settings", [{"speed": 0.85}, {"pitch_semitones": -2.0}])
def test_tempo_and_key_are_nobodys_fault(engine, flawless, settings):
    wave = speakers.say(speakers.script_of(JAPANESE, "ja"), "ja", **settings)

    found = engine.analyse(wave, JAPANESE, "ja")

    assert found.pronunciation_accuracy > flawless.pronunciation_accuracy - 8
    assert found.pitch_score > 85
    assert found.fluency_score > 95


def test_loudness_changes_nothing(engine, japanese, flawless):
    soft = engine.analyse(japanese.wave * np.float32(0.05), JAPANESE, "ja")

    assert soft.pronunciation_accuracy == pytest.approx(flawless.pronunciation_accuracy, abs=0.5)


def test_progress_begins_at_once_and_ends_at_a_hundred(engine, japanese):
    told = []

    engine.analyse(japanese.wave, JAPANESE, "ja", progress=lambda percent, step: told.append((percent, step)))

    assert told[0] == (0, "listening")
    assert told[-1] == (100, "done")
    assert [percent for percent, _step in told] == sorted(percent for percent, _step in told)


def test_the_same_recording_is_judged_the_same(engine, japanese, flawless):
    again = engine.analyse(japanese.wave, JAPANESE, "ja")

    assert dataclasses.replace(again, processing_seconds=flawless.processing_seconds) == flawless


def test_an_analysis_is_ready_for_json_and_names_every_part(flawless):
    written = json.loads(json.dumps(dataclasses.asdict(flawless)))

    assert written["phonemes"][0]["symbol"] == "sh"
    assert len(written["pitch"]["recording"]) == len(written["pitch"]["reference"]) <= 1_000
    for part in ("gop-ctc-ja/", "snfa-0.3.0", "silero-", "openjtalk-"):
        assert part in flawless.model_version


def test_importing_the_room_loads_no_model():
    code = (
        "import sys, jobs.engines.pronunciation, jobs.engines.pronunciation.port\n"
        "print([name for name in ('snfa', 'hama', 'onnxruntime', 'pyopenjtalk', 'hibari') if name in sys.modules])"
    )

    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert finished.stdout.strip() == "[]"
