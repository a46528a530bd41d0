"""From a recording and its sentence to an Analysis: each part of this folder in its turn.

Memory and time are linear in the recording's length, which the gates bound. Nothing of a recording is kept.
Called through the port.
"""

import time
from dataclasses import dataclass

import numpy as np

from jobs.engines.errors import InputRejected
from jobs.engines.pronunciation import accuracy, acoustics, alignment, fluency, gates, pitch, rhythm, timing, voices
from jobs.engines.pronunciation import reference as references
from jobs.engines.pronunciation.hearing import Heard
from jobs.engines.pronunciation.listening import Listened, listen, reference_of, shifted
from jobs.engines.pronunciation.port import LANGUAGES, MAX_CHARACTERS, Analysis, Language, Progress, Samples
from jobs.engines.pronunciation.reference import Reference
from jobs.engines.pronunciation.vad import Speech
from jobs.engines.pronunciation.vad import version as vad_version

# Counts our own changes to what a recording is given.
REVISION = 3


@dataclass(frozen=True)
class Measured:
    """
    A recording laid beside its reference: everything that scores are made from.

    Times are those of the part that was listened to, which begins `offset` seconds into the recording.
    """

    reference: Reference
    speech: Speech
    heard: Heard
    accuracy: accuracy.Accuracy
    onsets: acoustics.Array  # timing.unit_onsets
    reference_onsets: acoustics.Array
    fluency: fluency.Fluency
    rhythm: rhythm.Rhythm
    melody: pitch.Melody
    voices: voices.Voices
    hertz: acoustics.Array
    condition: gates.Condition
    seconds: float
    offset: float


class LocalAnalyser:
    """A PronunciationEngine in this process."""

    def version_for(self, language: str) -> str:
        parts = [f"gop-ctc-{language}/{REVISION}", acoustics.load(language).version, vad_version()]
        return " ".join([*parts, references.voice_version(language)])

    @property
    def version(self) -> str:
        return f"gop-ctc/{REVISION}"

    def analyse(
        self, recording: Samples, sentence: str, language: Language, *, progress: Progress | None = None
    ) -> Analysis:
        from jobs.engines.pronunciation import results

        started = time.perf_counter()
        tell = progress or _nothing
        tell(0, "listening")
        if language not in LANGUAGES:
            raise InputRejected("language", "unknown_language", f"there is no {language!r}; there is ja, en and zh-TW")
        if len(sentence) > MAX_CHARACTERS:
            raise InputRejected("sentence", "text_too_long", f"more than {MAX_CHARACTERS} characters")
        measured = measure(recording, sentence, language, tell)
        gates.check_sentence(measured.heard, measured.reference.heard, language)
        made = results.analysis(measured, self.version_for(language), time.perf_counter() - started)
        tell(100, "done")
        return made


def measure(recording: Samples, text: str, language: str, tell: Progress) -> Measured:
    """Raises InputRejected for all gates but other_sentence."""
    return compare(listen(recording, text, language, tell), reference_of(text, language), tell)


def compare(listened: Listened, reference: Reference, tell: Progress) -> Measured:
    sentence, heard = reference.sentence, listened.heard
    judged = accuracy.judge(sentence, heard, reference.heard)
    tell(70, "timing")
    local = shifted(listened.speech, -listened.offset)
    onsets = timing.unit_onsets(sentence, heard)
    reference_onsets = timing.unit_onsets(sentence, reference.heard)
    flow = fluency.judge(sentence, heard.said, onsets, local, reference_onsets, reference.speech)
    laid = alignment.lay(listened.part, heard, local, reference)
    beat = rhythm.judge(sentence, *alignment.beats(laid, sentence, heard, reference), judged, flow.pauses)
    tell(85, "pitch")
    bounds = timing.phone_bounds(reference.heard)
    own_bounds = laid.moment(bounds) if laid else timing.phone_bounds(heard)
    tune = pitch.per_unit(listened.hertz, sentence, own_bounds)
    said = np.array([heard.said[unit.first : unit.end].all() for unit in sentence.units])
    tune[~(said | (pitch.lasts(sentence, own_bounds, bounds) if laid else said))] = np.nan
    melody = pitch.judge(tune, pitch.per_unit(reference.hertz, sentence, bounds))
    return Measured(
        reference=reference,
        speech=local,
        heard=heard,
        accuracy=judged,
        onsets=onsets,
        reference_onsets=reference_onsets,
        fluency=flow,
        rhythm=beat,
        melody=melody,
        voices=voices.listen(listened.part, listened.hertz, laid, reference.hertz, melody),
        hertz=listened.hertz,
        condition=listened.condition,
        seconds=listened.seconds,
        offset=listened.offset,
    )


def _nothing(_percent: int, _step: str) -> None:
    return
