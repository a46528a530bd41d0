"""The bars of a waveform, as they come with a result."""

import numpy as np
import pytest

from jobs.engines.speech.peaks import PEAK_COUNT, PeakMeter


def peaks_of(*parts: np.ndarray, **options: int) -> list[int]:
    meter = PeakMeter()
    for part in parts:
        meter.feed(part)
    return meter.peaks(**options)


def test_each_span_has_its_level_and_the_loudest_is_100():
    sound = np.concatenate([np.full(4_800, 1_000), np.full(4_800, -8_000), np.zeros(4_800)]).astype(np.int16)

    assert peaks_of(sound, count=3) == [12, 100, 0]


def test_the_bars_do_not_know_in_which_parts_the_sound_was_made():
    sound = np.random.default_rng(1).integers(-9_000, 9_000, 100_001).astype(np.int16)

    assert peaks_of(sound[:7], sound[7:60_000], sound[60_000:60_000], sound[60_000:]) == peaks_of(sound)


def test_a_speech_has_as_many_bars_as_were_promised(spoken):
    peaks = peaks_of(spoken)

    assert len(peaks) == PEAK_COUNT
    assert max(peaks) == 100
    assert min(peaks) == 0  # the silence before the first word


@pytest.mark.parametrize(("samples", "bars"), [(0, 0), (100, 0), (240, 1), (24_000, 100), (48_000, 200)])
def test_a_short_sound_has_fewer(samples, bars):
    assert peaks_of(np.zeros(samples, dtype=np.int16)) == [0] * bars
