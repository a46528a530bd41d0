"""What any pronunciation engine offers its callers, in our words.

A recording and the sentence that was to be said become an `Analysis`: scores from 0 to 100, what they were made from,
and what to practise. All of it is JSON-ready through `dataclasses.asdict`.

The scores are a model's estimates against a reference voice. They are no clinical measurement and have not been
compared with the ratings of teachers; `STATEMENT` is the key of a sentence that says so (wording.py), and
whoever shows a score shows it too.

Called by the pronunciation function and the practice pages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

Language = Literal["ja", "en", "zh-TW"]
LANGUAGES: tuple[Language, ...] = ("ja", "en", "zh-TW")

# Percent done from 0 to 100, and the key of the step that begins: one of STEPS.
Progress = Callable[[int, str], None]
STEPS = ("listening", "reference", "phonemes", "timing", "pitch", "done")

Samples = npt.NDArray[np.float32]  # mono, shape (n,), -1 to 1, 16 kHz

# A minute of speech read aloud is 400 morae. Memory and time are linear in it.
MAX_SECONDS = 120.0
MAX_CHARACTERS = 1_000
MAX_CURVE_POINTS = 1_000

STATEMENT = "estimates"

LikelyKind = Literal["substitution", "omission"]
ScoreName = Literal["overall", "accuracy", "fluency", "rhythm", "pitch", "completeness"]


@dataclass(frozen=True)
class Likely:
    """What was probably said instead."""

    kind: LikelyKind
    symbol: str = ""  # the sound that was heard; empty for an omission
    label: str = ""  # the whole mora or word part with that sound in it: す for つ


@dataclass(frozen=True)
class PhonemeScore:
    symbol: str  # romanised Japanese, IPA, or pinyin's initial or final
    label: str  # the mora's kana, the word, or the syllable that it belongs to
    unit: int  # which of Analysis.units
    start_seconds: float  # in the recording
    end_seconds: float
    score: float
    likely: Likely | None = None


@dataclass(frozen=True)
class UnitTiming:
    """A mora, or a syllable: what rhythm and pitch are measured in."""

    label: str
    start_seconds: float
    end_seconds: float
    score: float  # of its phonemes, their mean
    length_ratio: float | None  # to the reference, at the reference's tempo; 1.3 is 30 % too long
    semitones: float | None  # against the speaker's own mean
    reference_semitones: float | None


@dataclass(frozen=True)
class Pause:
    start_seconds: float
    end_seconds: float
    is_expected: bool  # the reference voice pauses here as well
    after_unit: int  # -1: before the first


@dataclass(frozen=True)
class Timing:
    speech_seconds: float
    recording_seconds: float
    units_per_second: float  # without pauses: articulation rate
    reference_units_per_second: float
    npvi: float  # Grabe & Low 2002
    reference_npvi: float


@dataclass(frozen=True)
class PitchCurve:
    """Both curves on the recording's clock, in semitones around their own means; None where there is no voice."""

    step_seconds: float
    start_seconds: float
    recording: tuple[float | None, ...]
    reference: tuple[float | None, ...]


@dataclass(frozen=True)
class Cap:
    """Why a score is not higher: it was `limit` at most."""

    score: ScoreName
    limit: float
    reason: str  # the gate's or the other score's name


@dataclass(frozen=True)
class Finding:
    """One thing to practise, as facts. wording.py makes the sentences."""

    kind: str  # a key of texts.tsv: "substitution", "omission", "pause", "fast", ...
    weight: float  # how much it costs, for the order
    label: str = ""
    heard: str = ""
    unit: int = -1
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    hint: str = ""  # a key of texts.tsv: how to place the tongue
    times: int = 1  # so many places in the sentence


@dataclass(frozen=True)
class PhraseScore:
    """A breath group of the sentence."""

    text: str
    start_seconds: float
    end_seconds: float
    accuracy: float
    completeness: float


@dataclass(frozen=True)
class Analysis:
    language: str
    sentence: str
    overall_score: float
    pronunciation_accuracy: float
    fluency_score: float
    rhythm_score: float
    pitch_score: float
    completeness: float
    phonemes: tuple[PhonemeScore, ...]
    units: tuple[UnitTiming, ...]
    phrases: tuple[PhraseScore, ...]
    pauses: tuple[Pause, ...]
    timing: Timing
    pitch: PitchCurve
    caps: tuple[Cap, ...]
    findings: tuple[Finding, ...]
    unknown_words: tuple[str, ...]  # their pronunciation was guessed by rule
    is_experimental: bool
    model_version: str
    processing_seconds: float
    statement: str = STATEMENT
    details: tuple[tuple[str, Any], ...] = ()  # figures of the gates, for staff


class PronunciationEngine(Protocol):
    """Judges a recording. Plain Python: no rows, no settings, no queue."""

    @property
    def version(self) -> str: ...

    def analyse(
        self, recording: Samples, sentence: str, language: Language, *, progress: Progress | None = None
    ) -> Analysis:
        """
        Raises InputRejected for "recording" (a gate's name, see gates.py), "sentence" (empty_speech, text_too_long)
        and "language" (unknown_language); EngineUnavailable; EngineRefused.
        """
        ...
