"""From 48 to 16 kHz: what is heard stays, what would fold back goes, and no block is seen in the whole."""

import numpy as np
import pytest

from jobs.engines.pronunciation import rate


def tone(hertz: float, count: int = 48_000) -> np.ndarray:
    return (np.sin(2 * np.pi * hertz * np.arange(count) / 48_000) * 16_384).astype(np.int16)


def loudness(samples: np.ndarray) -> float:
    """Return the root mean square of the middle, where the filter has all that it reaches for."""
    return float(np.sqrt(np.mean(samples[1000:-1000] ** 2)))


@pytest.mark.parametrize("hertz", [100, 1000, 7000])
def test_what_a_model_hears_passes(hertz):
    assert loudness(rate.to_third(tone(hertz))) == pytest.approx(0.5 / np.sqrt(2), rel=0.012)


@pytest.mark.parametrize("hertz", [9000, 12_000, 20_000])
def test_what_would_fold_back_is_gone(hertz):
    assert loudness(rate.to_third(tone(hertz))) < 0.5 / 1000


@pytest.mark.parametrize("count", [0, 1, 2, 3, 299, 300, 301, 302, 1000])
def test_blocks_join_without_a_seam(count, monkeypatch):
    noise = np.random.default_rng(5).integers(-30_000, 30_000, count).astype(np.int16)
    whole = rate.to_third(noise)

    monkeypatch.setattr(rate, "_BLOCK", 300)
    joined = rate.to_third(noise)

    assert joined.shape == ((count + 2) // 3,)
    assert joined.dtype == np.float32
    np.testing.assert_allclose(joined, whole, atol=1e-6)
