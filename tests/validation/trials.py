"""What the engine says of every recording of a sentence. Called by table.py and the short test."""

from dataclasses import dataclass, field

import numpy as np

from jobs.engines.errors import InputRejected
from jobs.engines.pronunciation import analyser, gates, results
from tests.validation import doubtful, kept, readings, sentences

SCORES = ("accuracy", "fluency", "rhythm", "pitch", "overall")
AIMED = {"wrong": "accuracy", "pauses": "fluency", "warp": "rhythm", "flat": "pitch"}
# What must not move accuracy by more than 8 points; the others are only told.
INVARIANT = ("voice", "key", "tempo", "gain")


@dataclass
class Trial:
    kind: str
    level: float
    scores: dict[str, float]
    completeness: float
    refused: str = ""
    phones: np.ndarray = field(default_factory=lambda: np.zeros(0))  # their scores
    wrong: np.ndarray | None = None  # which of them were changed
    caps: frozenset[str] = frozenset()  # the gates that cap a score


@dataclass
class OfSentence:
    """All of one sentence. own: (own score, the best that another sentence gets) of a few recordings."""

    trials: list[Trial]
    own: list[tuple[float, float]] = field(default_factory=list)
    gates: list[tuple[Trial, bool]] = field(default_factory=list)  # with whether it must be refused


def judged(wave, text, language, kind="", level=0.0, wrong=None):
    """Return what a user would see, scored even when the gate against other sentences refuses it."""
    try:
        listened = kept.listened(wave, text, language)
    except InputRejected as refusal:
        return Trial(kind, level, dict.fromkeys(SCORES, 0.0), 0.0, refused=refusal.code)
    measured = analyser.compare(listened, kept.reading(text, language), lambda *_: None)
    accuracy = measured.accuracy
    caps = results.caps_of(measured)
    scores = results.capped(results.raw_scores(measured), caps)
    try:
        gates.check_sentence(measured.heard, measured.reference.heard, language)
        code = ""
    except InputRejected as refusal:
        code = refusal.code
    named = frozenset(cap.reason for cap in caps)
    return Trial(kind, level, scores, accuracy.completeness, code, accuracy.scores, wrong, named)


def of_sentence(text, language, parts, *, compared, gated):
    """
    Return what the engine says of every recording of a sentence that `parts` make.

    compared: also with other sentences. gated: also of what is no recording of it.
    """
    trials = [
        judged(wave, text, language, kind, level, wrong)
        for part in parts
        for kind, level, wave, wrong in kept.recordings(part, text, language)
    ]
    found = OfSentence(trials)
    if compared:
        found.own = own_against_others(text, language)
    if gated:
        for gate, wave, must in kept.recordings(doubtful.recordings, text, language):
            found.gates.append((judged(wave, text, language, gate), must))
    return found


def own_against_others(text, language):
    others = [each for each in sentences.ALL[language] if each != text]
    chosen = others[len(text) % 5 :: 5][:4]
    found = []
    for wave in kept.recordings(readings.own, text, language):
        own = judged(wave, text, language).scores["accuracy"]
        found.append((own, max(judged(wave, other, language).scores["accuracy"] for other in chosen)))
    return found


PARTS = (readings.graded, readings.far_rhythm, readings.invariances, readings.two_voices)
