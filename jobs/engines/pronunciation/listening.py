"""From a recording to all that is heard in it, with what is no recording of a sentence refused on the way.

This is the dear half of an analysis, and it judges nothing; analyser.py compares and scores. Memory and time are linear
in the recording's length, which the gates bound. Called by analyser.py and the validation, which keeps what was heard.
"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.errors import InputRejected
from jobs.engines.pronunciation import acoustics, denoise, f0, gates
from jobs.engines.pronunciation import reference as references
from jobs.engines.pronunciation.hearing import Heard, has_room, hear
from jobs.engines.pronunciation.port import Progress, Samples
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ, Wave
from jobs.engines.pronunciation.reference import EDGE_SECONDS, Reference
from jobs.engines.pronunciation.vad import Speech, find_speech


@dataclass(frozen=True)
class Listened:
    """
    All that is heard in a recording before anything is judged: the dear part, which the validation keeps.

    part: the speech with a little around it, levelled and without its noise, `offset` seconds into the recording. Times
    are those of the part, but those of `speech`, which are the recording's.
    """

    speech: Speech
    condition: gates.Condition
    part: Wave
    offset: float
    seconds: float  # of the recording
    heard: Heard
    hertz: acoustics.Array


def listen(recording: Samples, text: str, language: str, tell: Progress) -> Listened:
    """Raises InputRejected for all gates but other_sentence."""
    wave = np.asarray(recording, dtype=np.float32)
    gates.check_sound(wave)
    speech = find_speech(acoustics.level(wave, (), SAMPLE_RATE_HZ))
    condition = gates.Condition(gates.clipped_share(wave), denoise.signal_to_noise_db(wave, speech))
    gates.check_speech(speech, condition)
    tell(15, "reference")
    reference = reference_of(text, language)
    gates.check_length(speech, reference.speech)
    part, offset = _cut(wave, speech)
    if not has_room(reference.sentence, len(part) / SAMPLE_RATE_HZ):
        raise gates.refused("too_short")
    tell(45, "phonemes")
    clear = _clear(part, shifted(speech, -offset), condition)
    model = acoustics.load(language)
    heard = hear(model.log_posteriors(clear), reference.sentence, model)
    return Listened(speech, condition, clear, offset, len(wave) / SAMPLE_RATE_HZ, heard, f0.track(part))


def reference_of(text: str, language: str) -> Reference:
    try:
        return references.reference(text, language)
    except InputRejected as error:
        # The speech engines call it their text.
        field = "sentence" if error.field == "text" else error.field
        raise InputRejected(field, error.code, error.message) from error


def _clear(part: Wave, speech: Speech, condition: gates.Condition) -> Wave:
    """Return `part` as loud as the reference, and without its noise where that is worth it."""
    if condition.signal_to_noise_db < denoise.WORTH_IT_DB:
        part = denoise.without_noise(part, speech)
    return acoustics.level(part, speech.spans, SAMPLE_RATE_HZ)


def _cut(wave: Wave, speech: Speech) -> tuple[Wave, float]:
    """Return the speech with EDGE_SECONDS around it, and where it starts in the recording, seconds."""
    edge = int(EDGE_SECONDS * SAMPLE_RATE_HZ)
    start, end = int(speech.start * SAMPLE_RATE_HZ) - edge, int(speech.end * SAMPLE_RATE_HZ) + edge
    part = np.pad(wave[max(start, 0) : end], (max(-start, 0), max(end - len(wave), 0)))
    return part, start / SAMPLE_RATE_HZ


def shifted(speech: Speech, seconds: float) -> Speech:
    return Speech(tuple((start + seconds, end + seconds) for start, end in speech.spans), speech.probabilities)
