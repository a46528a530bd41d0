"""The voice is followed, and what only sounds like one for a moment is not."""

import numpy as np
import pytest

from jobs.engines.pronunciation import f0
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ


def voice(hertz, seconds):
    """Return a tone with ten harmonics."""
    time = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return 0.1 * sum(np.sin(2 * np.pi * hertz * number * time) / number for number in range(1, 11))


def nothing(seconds):
    return np.zeros(int(seconds * SAMPLE_RATE_HZ))


def track(*parts):
    return f0.track(np.concatenate(parts).astype(np.float32))


@pytest.mark.parametrize("hertz", [90.0, 200.0, 650.0])
def test_a_steady_voice_is_heard_as_it_is(hertz):
    found = track(voice(hertz, 0.5))

    assert np.nanmedian(found) == pytest.approx(hertz, rel=0.01)


@pytest.mark.parametrize("hertz", [75.0, 610.0])
def test_a_burst_between_words_is_no_voice(hertz):
    found = track(voice(200, 0.3), nothing(0.1), voice(hertz, 0.05), nothing(0.1), voice(180, 0.3))

    voiced = found[~np.isnan(found)]
    assert len(voiced) > 50
    assert voiced.min() > 170
    assert voiced.max() < 210


def test_an_octave_that_the_path_leaps_by_chance_is_taken_out():
    steps = np.full(60, 200.0)
    steps[30:33] = 400.0

    found = f0._without_islands(steps)

    assert np.isnan(found[30:33]).all()
    assert (np.delete(found, slice(30, 33)) == 200.0).all()


def test_another_register_stays_and_so_does_a_short_word_in_the_same():
    found = track(voice(120, 0.4), nothing(0.1), voice(130, 0.06), nothing(0.1), voice(260, 0.3))

    assert np.nanmin(found) < 125
    assert np.nanmax(found) > 250
    assert ((found > 126) & (found < 134)).sum() >= 3


def test_a_sound_that_is_short_and_alone_stays():
    assert np.nanmedian(track(nothing(0.2), voice(150, 0.06), nothing(0.2))) == pytest.approx(150, rel=0.02)


def test_nobody_has_no_pitch():
    assert np.isnan(track(nothing(0.3))).all()
    assert len(f0.track(np.zeros(0, dtype=np.float32))) == 0
