"""Write an Analysis as the routes give it out: the scores, what they were made from, and what to practise.

Called by the function `analysis`.
"""

from dataclasses import asdict
from typing import Any

from jobs.engines.pronunciation import wording
from jobs.engines.pronunciation.port import STATEMENT, Analysis


def scores(analysis: Analysis) -> dict[str, float]:
    return {
        "overall_score": analysis.overall_score,
        "pronunciation_accuracy": analysis.pronunciation_accuracy,
        "fluency_score": analysis.fluency_score,
        "rhythm_score": analysis.rhythm_score,
        "pitch_score": analysis.pitch_score,
        "completeness": analysis.completeness,
    }


def detailed(analysis: Analysis, reader: str) -> dict[str, Any]:
    """
    Return what the scores were made from. Times are seconds in the recording.

    reader: the learner's language. The sentences of `findings` are those of `suggestions()`, in its order.
    """
    told = suggestions(analysis, reader)
    return {
        "phoneme_analysis": {
            "accuracy": analysis.pronunciation_accuracy,
            "completeness": analysis.completeness,
            "phonemes": [asdict(phoneme) for phoneme in analysis.phonemes],
            "units": [asdict(unit) for unit in analysis.units],
            "unknown_words": list(analysis.unknown_words),
            "is_experimental": analysis.is_experimental,
        },
        "timing_analysis": {**asdict(analysis.timing), "pauses": [asdict(pause) for pause in analysis.pauses]},
        "pitch_analysis": {"score": analysis.pitch_score, **asdict(analysis.pitch)},
        "findings": [asdict(each) | {"text": text} for each, text in zip(analysis.findings, told, strict=False)],
        "caps": [asdict(cap) for cap in analysis.caps],
        "notices": wording.notices(analysis, reader),
        "gates": dict(analysis.details),
    }


def sentences(analysis: Analysis) -> list[dict[str, Any]]:
    """Return the breath groups of the sentence, each with its scores."""
    return [asdict(phrase) for phrase in analysis.phrases]


def suggestions(analysis: Analysis, reader: str) -> list[str]:
    return wording.suggestions(analysis, reader)


def areas(analysis: Analysis, reader: str) -> list[str]:
    return wording.improvement_areas(analysis, reader)


def statement(reader: str) -> str:
    """Return the sentence that says what the scores are, and what they are not."""
    return wording.say(STATEMENT, reader)


def refusal(gate: str, reader: str) -> str:
    """Return the sentence for the gate that refused a recording; empty for what is no gate."""
    try:
        return wording.refusal(gate, reader)
    except KeyError:
        return ""
