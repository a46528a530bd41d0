"""Two voices are told from one, in turn and at once; one voice stays one, however it speaks."""

import numpy as np
import pytest

from jobs.engines.pronunciation import f0, voices
from tests.engines.pronunciation.conftest import ENGLISH
from tests.validation import degrade, readings, speakers


def caps_of(engine, wave):
    return {(cap.score, cap.reason) for cap in engine.analyse(wave, ENGLISH, "en").caps}


def test_a_second_voice_below_is_noticed(engine, english):
    other = degrade.reading("My brother works at a hospital in the city.", "en")
    deep = readings.other_voice(other.wave, other.hertz, (0.85, -5.0))

    found = engine.analyse(readings.at_once(english.wave, deep, 3.0), ENGLISH, "en")

    assert ("overall", "two_voices") in {(cap.score, cap.reason) for cap in found.caps}
    assert found.overall_score <= 50


@pytest.mark.parametrize("kind", [readings.DEEP, readings.NEAR, readings.HIGH], ids=["deep", "near", "high"])
def test_another_voice_that_goes_on_is_noticed(engine, english, kind):
    onsets = degrade.onsets_of(english)
    cut = 0.5 * (onsets[4] + onsets[5])
    other = readings.other_voice(english.wave, english.hertz, kind)

    assert ("overall", "two_voices") in caps_of(engine, readings.in_turn(english.wave, other, cut, cut))


def test_one_voice_is_one_however_it_speaks(engine, english):
    script = speakers.script_of(ENGLISH, "en")
    for wave in (
        english.wave,
        degrade.with_flat_pitch(english.wave, english.hertz, -0.8),
        degrade.with_flat_pitch(english.wave, english.hertz, -1.0),
        degrade.with_flat_pitch(english.wave, english.hertz, 1.0),
        degrade.in_a_room(english.wave, 0.6),
        degrade.with_noise(english.wave, 15),
        readings.other_voice(english.wave, english.hertz, readings.HIGH),
        speakers.say(script, "en", pitch_semitones=-3.0, speed=0.9),
    ):
        assert "two_voices" not in {reason for _score, reason in caps_of(engine, wave)}


def test_a_leap_is_one_between_registers_and_no_melody():
    own = np.concatenate([np.full(6, 90.0), np.full(6, 80.0)])
    reference = np.linspace(92, 90, 12)

    assert voices.leaps(own - reference, own)
    assert not voices.leaps(reference - 9 - reference, reference - 9)
    flat = np.full(12, 85.0)
    jumping = np.concatenate([np.full(6, 92.0), np.full(6, 84.0)])
    assert not voices.leaps(flat - jumping, flat)


def test_a_step_is_sharp_and_the_speakers_own():
    melody = np.tile([0.0, 2.0, 1.0, -1.0], 5) + 80.0
    step = np.repeat([0.0, 4.0], 10)
    slope = np.linspace(0.0, 8.0, 20)

    assert voices.pitch_step(melody + step, step) > voices.STEP_OF_TWO
    assert voices.pitch_step(melody + slope, slope) < voices.STEP_OF_TWO
    assert voices.pitch_step(melody, step) < voices.STEP_OF_TWO
    wide = np.concatenate([np.linspace(3, 1, 10), np.linspace(-1, -3, 10)])
    assert voices.pitch_step(80 + 2 * wide, wide) < 1.0
    assert voices.pitch_step(melody, melody * 0.0) == 0.0
    assert voices.pitch_step(melody[:5], step[:5]) == 0.0


def test_what_a_room_repeats_is_no_second_voice(monkeypatch, japanese):
    wave = degrade.in_a_room(japanese.wave, 0.6)
    hertz = f0.track(wave)

    found = voices.share_of_second(wave, hertz)

    assert found < voices.SHARE_OF_TWO
    monkeypatch.setattr(voices, "_SAME", 0.0)
    assert voices.share_of_second(wave, hertz) > max(found, voices.SHARE_OF_TWO)


def test_silence_has_no_voice():
    nobody = np.full(100, np.nan)

    assert voices.share_of_second(np.zeros(16_000, dtype=np.float32), nobody) == 0.0
