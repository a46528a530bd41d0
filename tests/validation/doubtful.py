"""What is no recording of the sentence, or a poor one: refused by name or capped, never a high score by accident.

Called by table.py and tests/engines/pronunciation.
"""

import numpy as np

from tests.validation import degrade, readings, sentences

RATE_HZ = 16_000
# What a score must stay under when the recording is not refused.
HIGHEST = {"half": 60.0, "clipping": 85.0, "loud noise": 85.0}


def music(seconds=4.0):
    """Return chords of four voices with overtones, a new one every half second."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    sound = np.zeros(len(time))
    for number, root in enumerate((220.0, 174.6, 196.0, 261.6) * 4):
        start, end = int(number * 0.5 * RATE_HZ), int((number + 1) * 0.5 * RATE_HZ)
        part = time[start:end]
        for ratio in (1.0, 1.25, 1.5, 2.0):
            for overtone in range(1, 7):
                sound[start:end] += np.sin(2 * np.pi * root * ratio * overtone * part) / overtone**1.5
        sound[start:end] *= np.exp(-2.0 * (part - part[:1]))
    return (0.1 * sound / np.abs(sound).max() * 5).astype(np.float32).clip(-1, 1)


def noise(seconds=4.0, *, is_pink=False, level=0.1):
    white = np.random.default_rng(0).normal(0, 1, int(seconds * RATE_HZ))
    if is_pink:
        spectrum = np.fft.rfft(white)
        white = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(white))
    return (level * white / white.std()).astype(np.float32)


def recordings(text, language):
    """Yield (gate, wave, whether it must be refused)."""
    made = readings.source(text, language)
    wave, onsets = made.wave, made.onsets
    middle = int(onsets[len(onsets) // 2] * RATE_HZ) - 800
    others = [each for each in sentences.ALL[language] if each != text]
    foreign = "en" if language == "ja" else "ja"
    yield "silence", np.zeros(3 * RATE_HZ, dtype=np.float32), True
    yield "quiet hiss", noise(3.0, level=1e-4), True
    yield "white noise", noise(), True
    yield "pink noise", noise(is_pink=True), True
    yield "music", music(), True
    yield "0.2 s", wave[middle : middle + RATE_HZ // 5], True
    yield "0.2 s in silence", np.pad(wave[middle : middle + RATE_HZ // 5], RATE_HZ), True
    yield "another sentence", readings.source(others[3], language).wave, True
    yield "another language", readings.source(sentences.ALL[foreign][2], foreign).wave, True
    yield "overdriven", degrade.clipped(wave, 30.0), True
    yield "half", wave[:middle], False
    yield "clipping", degrade.clipped(wave, 4.0), False
    yield "loud noise", degrade.with_noise(wave, 5.0), False
