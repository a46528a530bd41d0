"""What is no recording of the sentence is refused, and what is a poor one is capped: no high score by accident.

A score is a comparison, and comparisons of nothing come out well: 0.2 s of sound has no path through the sentence, so
every ratio of paths is 1. Each gate stands before the judge that it protects. Refusals are InputRejected with the
gate's name; caps go into the result with it.

Called by analyser.py.
"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.errors import InputRejected
from jobs.engines.pronunciation import weights
from jobs.engines.pronunciation.accuracy import Accuracy
from jobs.engines.pronunciation.hearing import Heard
from jobs.engines.pronunciation.port import MAX_SECONDS, Cap, ScoreName
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ, Wave
from jobs.engines.pronunciation.vad import Speech

FIELD = "recording"

_LEAST_SECONDS = 0.3
# Somebody who reads three times as fast as the reference is not reading the whole of it.
LEAST_OF_REFERENCE = 0.35
_SILENCE_DBFS = -60.0
# Of all samples, in runs of three and more at the very top: heard as distortion, and as no speech any more.
CLIPPED_HEARD, CLIPPED_REFUSED = 0.002, 0.08
NOISY_DB, LOUD_NOISE_DB = 12.0, 3.0
# Chosen on the tuning sentences between 40 % wrong phones, which are to be scored, and other sentences.
DIFFERENCE_WEIGHT = 3.0
MISSING_WEIGHT = 3.0
STRANGE = 1.2
STRANGEST = {"ja": 2.15, "en": 4.5, "zh-TW": 5.0}

MESSAGES = {
    "too_long": f"the recording is longer than {MAX_SECONDS:g} s",
    "not_finite": "the recording holds numbers that are no sound",
    "too_short": "there is less speech in it than the sentence needs",
    "silence": "the recording is silent",
    "no_speech": "nobody speaks in it: it is noise or music",
    "clipping": "the recording is overdriven, so that little of the speech is left",
    "noise": "the noise is as loud as the speech",
    "other_sentence": "this is another sentence, or another language",
}


@dataclass(frozen=True)
class Condition:
    """What the recording is like, whatever was said."""

    clipped: float  # share of the samples
    signal_to_noise_db: float


def refused(gate: str) -> InputRejected:
    return InputRejected(FIELD, gate, MESSAGES[gate])


def check_sound(wave: Wave) -> None:
    """Raise InputRejected: too_long, not_finite, too_short, silence."""
    if len(wave) > MAX_SECONDS * SAMPLE_RATE_HZ:
        raise refused("too_long")
    if not np.isfinite(wave).all():
        raise refused("not_finite")
    if len(wave) < _LEAST_SECONDS * SAMPLE_RATE_HZ:
        raise refused("too_short")
    if not len(wave) or 20 * np.log10(_loudest(wave) + 1e-12) < _SILENCE_DBFS:
        raise refused("silence")


def check_speech(speech: Speech, condition: Condition) -> None:
    """Raise InputRejected: no_speech, too_short, clipping, noise."""
    if not speech.spans:
        raise refused("no_speech")
    if speech.seconds < _LEAST_SECONDS:
        raise refused("too_short")
    if condition.clipped > CLIPPED_REFUSED:
        raise refused("clipping")
    if condition.signal_to_noise_db < LOUD_NOISE_DB:
        raise refused("noise")


def check_length(speech: Speech, reference: Speech) -> None:
    if speech.seconds < LEAST_OF_REFERENCE * reference.seconds:
        raise refused("too_short")


def check_sentence(heard: Heard, reference: Heard, language: str) -> None:
    """Raise InputRejected: other_sentence."""
    if strangeness(heard, reference) > STRANGEST[language]:
        raise refused("other_sentence")


def strangeness(heard: Heard, reference: Heard) -> float:
    """Return how unlike its sentence a recording is: misfit beyond the reference's own, and what was heard instead."""
    missing = 1.0 - float(heard.said.mean())
    unlike = DIFFERENCE_WEIGHT * (heard.difference - 0.6) + MISSING_WEIGHT * missing
    return heard.misfit - reference.misfit + unlike


def clipped_share(wave: Wave) -> float:
    """Return the share of samples that lie in a run of three or more at the recording's own top."""
    top = float(np.abs(wave).max()) if len(wave) else 0.0
    if top < 0.02:
        return 0.0
    at_top = np.abs(wave) >= 0.99 * top
    runs = at_top[2:] & at_top[1:-1] & at_top[:-2]
    return float(runs.mean()) if len(runs) else 0.0


def caps(accuracy: Accuracy, condition: Condition, *, strange: float, has_two_voices: bool) -> tuple[Cap, ...]:
    """Return what the other scores may be at most, each with its reason; strange: strangeness()."""
    found: list[Cap] = []
    others: tuple[ScoreName, ...] = ("fluency", "rhythm", "pitch")
    if accuracy.completeness < weights.COMPLETE_FROM:
        found.append(Cap("overall", round(accuracy.completeness, 2), "completeness"))
        limit = round(accuracy.completeness + weights.ABOVE_COMPLETENESS, 2)
        found += [Cap(name, limit, "completeness") for name in others if limit < 100]
    limit = round(weights.TIMES_ACCURACY * accuracy.overall, 2)
    found += [Cap(name, limit, "accuracy") for name in others if limit < 100]
    if strange > STRANGE:
        # The words hardly fit what is heard: a fluent reading of something is not to lift the whole.
        found.append(Cap("overall", round(accuracy.overall, 2), "misfit"))
    if condition.clipped > CLIPPED_HEARD:
        found += [Cap("overall", 80.0, "clipping"), Cap("accuracy", 80.0, "clipping")]
    if condition.signal_to_noise_db < NOISY_DB:
        found += [Cap("overall", 80.0, "noise"), Cap("accuracy", 80.0, "noise")]
    if has_two_voices:
        found += [Cap("overall", 50.0, "two_voices"), Cap("pitch", 50.0, "two_voices")]
    return tuple(found)


def _loudest(wave: Wave) -> float:
    """Return the RMS of the loudest 0.1 s."""
    size = SAMPLE_RATE_HZ // 10
    whole = wave[: len(wave) // size * size].reshape(-1, size)
    return float(np.sqrt(np.square(whole, dtype=np.float64).mean(axis=1).max())) if len(whole) else 0.0
