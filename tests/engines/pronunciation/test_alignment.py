"""Moments of a recording are found in its reference, though lengths and voice differ and pauses lie between."""

import dataclasses

import numpy as np
import pytest

from jobs.engines.pronunciation import alignment, listening
from jobs.engines.pronunciation import reference as references
from tests.engines.pronunciation.conftest import silent
from tests.validation import degrade, psola, readings


def laid_on(reference, wave):
    listened = listening.listen(wave, reference.sentence.text, "en", silent)
    speech = listening.shifted(listened.speech, -listened.offset)
    return alignment.lay(listened.part, listened.heard, speech, reference), listened


def test_moments_of_a_stretched_reading_are_found(english):
    # The first second at two thirds of the pace, the rest as it was.
    seconds = degrade.seconds(english.wave)[1]
    times = {"times_in": np.array([0.0, 1.0, seconds]), "times_out": np.array([0.0, 1.5, seconds + 0.5])}
    wave = psola.reshape(english.wave, english.hertz, **times)

    laid, listened = laid_on(english, wave)

    beats = alignment.beats(laid, english.sentence, listened.heard, english)
    expected = np.interp(beats[1], times["times_in"], times["times_out"])
    error = np.abs(beats[0] + listened.offset - expected)[:-1]
    assert error.mean() < 0.03
    assert error.max() < 0.06


def test_another_throat_and_key_are_laid_as_well(english):
    wave = readings.other_voice(english.wave, english.hertz, readings.NEAR)

    laid, listened = laid_on(english, wave)

    mine, theirs = alignment.beats(laid, english.sentence, listened.heard, english)
    assert np.abs(mine + listened.offset - theirs)[:-1].max() < 0.06


def test_a_pause_leaves_the_other_lengths_alone(english):
    wave = degrade.with_pauses(english.wave, degrade.onsets_of(english), 1, seed=1)

    laid, listened = laid_on(english, wave)

    mine, theirs = alignment.beats(laid, english.sentence, listened.heard, english)
    longer = np.diff(mine) - np.diff(theirs)
    assert longer.max() == pytest.approx(degrade.PAUSE_SECONDS, abs=0.03)
    assert np.abs(np.delete(longer, longer.argmax())).max() < 0.03


def test_beats_ascend_from_the_first_vowel_to_the_end(english):
    _mine, theirs = alignment.beats(*laid_and_heard(english))

    assert (np.diff(theirs) >= 0).all()
    assert len(theirs) == len(english.sentence.units) + 1


def laid_and_heard(made):
    laid = alignment.lay(made.wave, made.heard, made.speech, made)
    return laid, made.sentence, made.heard, made


def test_where_a_stretch_was_said_wrong_its_spikes_lead_nobody_astray(english):
    wrong = np.zeros(len(english.sentence.phones), dtype=bool)
    wrong[6:12] = True
    onsets = np.where(wrong, english.heard.onsets[12], english.heard.onsets)
    heard = dataclasses.replace(english.heard, onsets=onsets, said=~wrong, odds=np.where(wrong, 30.0, -5.0))
    assert np.abs(onsets - english.heard.onsets).max() > alignment._CORRIDOR_SECONDS

    laid = alignment.lay(english.wave, heard, english.speech, english)

    moments = np.arange(len(laid.moments)) * alignment.STEP_SECONDS
    inside = (moments > english.speech.start) & (moments < english.speech.end)
    assert np.abs(laid.moments - moments)[inside].max() < 0.02


def test_what_has_no_sound_is_not_laid():
    made = references.reference("我今天早上喝了一杯咖啡。", "zh-TW")

    assert alignment.lay(np.zeros(16_000, dtype=np.float32), made.heard, made.speech, made) is None
