"""Our own arithmetic against the packages' own: the same figures, faster."""

import tracemalloc

import numpy as np
import pytest

from jobs.engines.pronunciation import acoustics_en, acoustics_ja, f0, vad, voices
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ
from jobs.engines.pronunciation.warping import SCALES

PLAIN = SCALES.index(1.0)
MEGABYTE = 1_000_000


def test_japanese_phones_are_heard_as_the_package_hears_them(japanese):
    from snfa import Aligner
    from snfa.stft import mel_spectrogram

    wave = japanese.wave[:24_000]
    network = Aligner()
    padded = np.pad(wave, 512)
    mel = mel_spectrogram(padded, sr=16_000, n_fft=1024, hop_length=320, n_mels=80, p=2, log=True).T
    logits = network.forward(mel)
    theirs = np.exp(logits - logits.max(axis=1, keepdims=True))
    theirs /= theirs.sum(axis=1, keepdims=True)

    ours = np.exp(acoustics_ja.load().log_posteriors(wave)[PLAIN])

    assert np.abs(ours - theirs).max() < 1e-4


def test_english_phones_are_heard_as_the_package_hears_them(english):
    from hama import ASRModel

    wave = english.wave[:24_000]
    feeds = {"waveform": wave, "waveform_lengths": np.array([len(wave)])}
    [theirs] = ASRModel().session.run(["log_probs"], feeds)[0]

    network = acoustics_en.load().network
    [ours] = network.log_probabilities(wave, network.banks[PLAIN : PLAIN + 1])

    assert ours.shape == theirs.shape
    assert np.abs(np.exp(ours) - np.exp(theirs)).max() < 2e-3


def test_a_long_recording_is_heard_in_windows_as_it_is_in_one(english):
    model = acoustics_en.load()
    twice = np.tile(english.wave, 6)[: 11 * 16_000]

    heard = model.log_posteriors(twice)

    assert heard.shape[1] == -(-len(twice) // 320)
    first = model.log_posteriors(twice[: 7 * 16_000])
    agree = heard[PLAIN, :300].argmax(axis=1) == first[PLAIN, :300].argmax(axis=1)
    assert agree.mean() > 0.95


def test_pitch_is_found_within_a_percent_and_nowhere_in_noise():
    time = np.arange(16_000) / 16_000
    for hertz in (80.0, 150.0, 320.0, 640.0):
        voice = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 6)).astype(np.float32) * 0.1
        found = f0.track(voice)[10:-10]
        assert np.isfinite(found).mean() > 0.95
        assert np.nanmedian(found) / hertz == pytest.approx(1.0, abs=0.01)
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    assert np.isfinite(f0.track(noise)).mean() < 0.2


@pytest.mark.parametrize("count", [250, 251, 501, 1300])
def test_japanese_portions_join_without_a_seam(count, japanese, monkeypatch):
    model = acoustics_ja.load()
    wave = np.resize(japanese.wave, (count - 1) * 320)
    joined = model.log_posteriors(wave)
    assert joined.shape[1] == count

    monkeypatch.setattr(acoustics_ja, "_PORTION_FRAMES", 100_000)
    whole = model.log_posteriors(wave)

    # A processor whose products of few rows end in other bits is off by some 1e-5 of a logarithm.
    np.testing.assert_allclose(joined, whole, rtol=0, atol=5e-5)


def test_english_banks_are_heard_one_by_one_as_all_at_once(english):
    network = acoustics_en.load().network
    wave = english.wave[:24_000]

    one_by_one = network.log_probabilities(wave, network.banks)

    at_once = network._heard(network._mel(wave, network.banks))
    np.testing.assert_allclose(one_by_one, at_once, rtol=0, atol=5e-5)


def test_speech_is_found_in_portions_as_in_one(japanese, monkeypatch):
    wave = np.pad(japanese.wave, SAMPLE_RATE_HZ)
    whole = vad.find_speech(wave)

    monkeypatch.setattr(vad, "_PORTION_STEPS", 7)
    joined = vad.find_speech(wave)

    np.testing.assert_allclose(joined.probabilities, whole.probabilities, rtol=0, atol=1e-5)
    np.testing.assert_allclose(joined.spans, whole.spans)


def test_what_a_second_voice_is_sought_in_is_the_band_of_the_whole_spectrum(japanese):
    part = japanese.wave[:SAMPLE_RATE_HZ]
    size = 1 << 14
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    fade = np.clip((1440 - hertz) / 240, 0, 1) * np.clip((hertz - 60) / 20, 0, 1)

    whole = np.fft.irfft(np.fft.rfft(part, size) * fade, size)[: len(part)]

    np.testing.assert_allclose(voices._low(part), whole, rtol=0, atol=1e-9)


def peak_bytes(model, seconds):
    wave = np.random.default_rng(3).normal(0, 0.05, seconds * SAMPLE_RATE_HZ).astype(np.float32)
    tracemalloc.start()
    try:
        model.log_posteriors(wave)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("model", "most_megabytes"), [(acoustics_ja, 36), (acoustics_en, 30)])
def test_half_a_minute_is_heard_in_little_memory(model, most_megabytes):
    """Counted are numpy's own arrays; with every layer kept, or all banks at once, it is about 50 MB."""
    loaded = model.load()

    assert peak_bytes(loaded, 30) < most_megabytes * MEGABYTE
