"""The sums over all paths, against every path written out."""

from itertools import groupby, product

import numpy as np
import pytest

from jobs.engines.pronunciation import ctc

FRAMES, SYMBOLS = 7, 4
LABELS = np.array([1, 2, 2])


@pytest.fixture(scope="module")
def frames():
    return np.log(np.random.default_rng(0).dirichlet(np.ones(SYMBOLS), FRAMES))


def by_hand(frames, labels):
    total = -np.inf
    for path in product(range(SYMBOLS), repeat=FRAMES):
        if [symbol for symbol, _run in groupby(path) if symbol] == list(labels):
            total = np.logaddexp(total, sum(frames[t, symbol] for t, symbol in enumerate(path)))
    return total


def test_the_lattice_sums_every_path(frames):
    assert ctc.lattice(frames, LABELS, 0).total == pytest.approx(by_hand(frames, LABELS))


def test_several_hearings_are_summed_at_once(frames):
    both = np.stack([frames, frames[::-1]])

    found = ctc.totals(both, LABELS, 0)

    assert found == pytest.approx([by_hand(frames, LABELS), by_hand(frames[::-1], LABELS)])


@pytest.mark.parametrize("place", range(3))
def test_a_changed_phone_costs_what_the_changed_sentence_costs(frames, place):
    changed, left_out = ctc.changed(ctc.lattice(frames, LABELS, 0), np.arange(1, SYMBOLS), np.array([2, 3, 4]))

    for other in range(1, SYMBOLS):
        labels = LABELS.copy()
        labels[place] = other
        assert changed[place, other - 1] == pytest.approx(by_hand(frames, labels))
    assert left_out[place] == pytest.approx(by_hand(frames, np.delete(LABELS, place)))


def test_too_few_frames_have_no_path():
    frames = np.log(np.full((2, SYMBOLS), 0.25))

    assert ctc.lattice(frames, LABELS, 0).total < ctc.NEVER / 2


def spikes(path):
    frames = np.full((len(path), 8), -8.0)
    frames[np.arange(len(path)), path] = -0.01
    return frames


def test_the_best_path_enters_each_phone_where_it_is_heard():
    frames = spikes([0, 1, 0, 0, 2, 2, 0, 3])

    assert list(ctc.best_path(frames, np.array([1, 2, 3]), 0)) == [1, 4, 7]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ([0, 1, 0, 2, 3, 4, 5, 6, 7, 0], [1, 1, 1, 1, 1, 1, 1]),
        ([0, 1, 0, 2, 3, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0]),
        ([0, 0, 0, 0, 0, 0, 5, 6, 7, 0], [0, 0, 0, 0, 1, 1, 1]),
        ([0, 1, 2, 0, 0, 0, 0, 6, 7, 0], [1, 1, 0, 0, 0, 1, 1]),
    ],
)
def test_runs_that_were_not_said_are_found(path, said):
    found = ctc.spoken(spikes(path), np.arange(1, 8), 0, open_cost=8.0, step_cost=2.0)

    assert found.astype(int).tolist() == said


def test_a_text_of_many_phones_has_a_path():
    path = np.tile([1, 2, 3, 0], 100)

    entered = ctc.best_path(spikes(path), path[path > 0], 0)

    assert list(entered) == list(np.flatnonzero(path))


def test_a_long_sentence_is_held_in_a_band_and_sums_the_same():
    random = np.random.default_rng(5)
    labels = np.cumsum(random.integers(1, SYMBOLS - 1, 300)) % (SYMBOLS - 1) + 1
    # Each phone for three frames, with a little of everything beside it.
    path = np.repeat(labels, 3)
    frames = np.log(np.full((len(path), SYMBOLS), 0.02) + 0.9 * (np.arange(SYMBOLS) == path[:, None]))
    frames += random.normal(0, 0.3, frames.shape)
    near = ctc.best_path(frames, labels, 0)

    whole, band = ctc.lattice(frames, labels, 0), ctc.lattice(frames, labels, 0, near)

    assert (whole.before.shape[1], band.before.shape[1]) == (601, ctc._BAND_STATES)
    assert band.total == pytest.approx(whole.total, abs=1e-6)
    allowed = np.arange(1, SYMBOLS)
    for one, other in zip(ctc.changed(whole, allowed, near), ctc.changed(band, allowed, near), strict=True):
        assert np.abs(one - other).max() < 1e-6


def test_a_short_sentence_is_held_whole():
    frames = np.log(np.random.default_rng(3).dirichlet(np.ones(SYMBOLS), 12))

    assert ctc.lattice(frames, LABELS, 0, np.array([2, 5, 8])).before.shape == (12, 2 * len(LABELS) + 1)
