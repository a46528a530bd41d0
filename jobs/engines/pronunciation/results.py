"""Write what was measured as an Analysis: capped, rounded, on the recording's own clock.

Called by analyser.py.
"""

from typing import TYPE_CHECKING

import numpy as np

from jobs.engines.pronunciation import acoustics, gates, pitch, timing, weights
from jobs.engines.pronunciation.findings import find
from jobs.engines.pronunciation.hearing import OMITTED
from jobs.engines.pronunciation.phonemes_ja import kana_of
from jobs.engines.pronunciation.port import (
    Analysis,
    Cap,
    Likely,
    Pause,
    PhonemeScore,
    PhraseScore,
    PitchCurve,
    Timing,
    UnitTiming,
)

if TYPE_CHECKING:
    from jobs.engines.pronunciation.analyser import Measured

EXPERIMENTAL = ("zh-TW",)


def analysis(measured: "Measured", model_version: str, seconds: float) -> Analysis:
    judged = measured.accuracy
    caps = caps_of(measured)
    scores = capped(raw_scores(measured), caps)
    phonemes, units, pauses = _phonemes(measured), _units(measured), _pauses(measured)
    sentence = measured.reference.sentence
    return Analysis(
        language=sentence.language,
        sentence=sentence.text,
        overall_score=scores["overall"],
        pronunciation_accuracy=scores["accuracy"],
        fluency_score=scores["fluency"],
        rhythm_score=scores["rhythm"],
        pitch_score=scores["pitch"],
        completeness=round(judged.completeness, 2),
        phonemes=phonemes,
        units=units,
        phrases=_phrases(measured, units),
        pauses=pauses,
        timing=_timing(measured),
        pitch=_curve(measured),
        caps=tuple(cap for cap in caps if raw_scores(measured)[cap.score] > cap.limit),
        findings=find(measured, phonemes, units, pauses),
        unknown_words=sentence.unknown_words,
        is_experimental=sentence.language in EXPERIMENTAL,
        model_version=model_version,
        processing_seconds=round(seconds, 3),
        details=(
            ("signal_to_noise_db", round(measured.condition.signal_to_noise_db, 1)),
            ("clipped_share", round(measured.condition.clipped, 4)),
            ("resonance_scale", measured.heard.scale),
            ("strangeness", round(gates.strangeness(measured.heard, measured.reference.heard), 2)),
            ("pitch_correlation", round(measured.melody.correlation, 3)),
            ("pitch_range_ratio", round(measured.melody.range_ratio, 3)),
        ),
    )


def caps_of(measured: "Measured") -> tuple[Cap, ...]:
    return gates.caps(
        measured.accuracy,
        measured.condition,
        strange=gates.strangeness(measured.heard, measured.reference.heard),
        has_two_voices=measured.voices.are_two,
    )


def raw_scores(measured: "Measured") -> dict[str, float]:
    """Return the scores before any gate. overall: by weights.OVERALL."""
    scores = {
        "accuracy": measured.accuracy.overall,
        "fluency": measured.fluency.score,
        "rhythm": measured.rhythm.score,
        "pitch": measured.melody.score,
    }
    return scores | {"overall": sum(share * scores[name] for name, share in weights.OVERALL.items())}


def capped(scores: dict[str, float], caps: tuple[Cap, ...]) -> dict[str, float]:
    """Return `scores` under their caps, the overall score made from the capped ones, two decimals."""
    limits = {name: min((cap.limit for cap in caps if cap.score == name), default=100.0) for name in scores}
    parts = {name: min(scores[name], limits[name]) for name in weights.OVERALL}
    overall = sum(share * parts[name] for name, share in weights.OVERALL.items())
    return {name: round(value, 2) for name, value in (parts | {"overall": min(overall, limits["overall"])}).items()}


def _phonemes(measured: "Measured") -> tuple[PhonemeScore, ...]:
    sentence, judged = measured.reference.sentence, measured.accuracy
    bounds = timing.phone_bounds(measured.heard) + measured.offset
    return tuple(
        PhonemeScore(
            symbol=phone.symbol,
            label=sentence.units[phone.unit].label,
            unit=phone.unit,
            start_seconds=_moment(measured, bounds[index, 0]),
            end_seconds=_moment(measured, bounds[index, 1]),
            score=round(float(judged.scores[index]), 1),
            likely=_likely(measured, index),
        )
        for index, phone in enumerate(sentence.phones)
    )


def _likely(measured: "Measured", index: int) -> Likely | None:
    """Return what was said instead, when that is likelier than the phone itself and the reference was heard right."""
    heard, judged = measured.heard, measured.accuracy
    if judged.is_omitted[index]:
        return Likely("omission")
    is_clear = judged.scores[index] < weights.WRONG_BELOW and heard.odds[index] > weights.SUBSTITUTION_ODDS
    if not is_clear or heard.rival[index] == OMITTED:
        return None
    sentence = measured.reference.sentence
    symbol = acoustics.load(sentence.language).symbols[heard.rival[index]]
    return Likely("substitution", symbol, _with(measured, index, symbol))


def _with(measured: "Measured", index: int, symbol: str) -> str:
    """Return the unit's label with the phone changed to `symbol`; only Japanese writes units by sound."""
    sentence = measured.reference.sentence
    if sentence.language != "ja":
        return ""
    unit = sentence.units[sentence.phones[index].unit]
    tokens = [symbol if place == index else sentence.phones[place].token for place in range(unit.first, unit.end)]
    return kana_of("".join(tokens[:-1]), tokens[-1]) if len(tokens) > 1 or tokens[-1] in "aiueo" else symbol


def _units(measured: "Measured") -> tuple[UnitTiming, ...]:
    sentence, judged, melody = measured.reference.sentence, measured.accuracy, measured.melody
    bounds = timing.phone_bounds(measured.heard) + measured.offset
    return tuple(
        UnitTiming(
            label=unit.label,
            start_seconds=_moment(measured, bounds[unit.first, 0]),
            end_seconds=_moment(measured, bounds[unit.end - 1, 1]),
            score=round(float(judged.scores[unit.first : unit.end].mean()), 1),
            length_ratio=_number(measured.rhythm.ratios[number], 2),
            semitones=_number(melody.semitones[number], 2),
            reference_semitones=_number(melody.reference[number], 2),
        )
        for number, unit in enumerate(sentence.units)
    )


def _phrases(measured: "Measured", units: tuple[UnitTiming, ...]) -> tuple[PhraseScore, ...]:
    sentence, judged = measured.reference.sentence, measured.accuracy
    made = []
    for group in sorted({unit.group for unit in sentence.units}):
        members = [number for number, unit in enumerate(sentence.units) if unit.group == group]
        first, end = sentence.units[members[0]].first, sentence.units[members[-1]].end
        counted = np.arange(first, end)[judged.counted[first:end]]
        counted = counted if len(counted) else np.arange(first, end)
        between = "" if sentence.language == "ja" else " "
        words = [sentence.units[n].label for n in members if n == members[0] or _is_new_word(measured, n)]
        made.append(
            PhraseScore(
                text=between.join(words),
                start_seconds=units[members[0]].start_seconds,
                end_seconds=units[members[-1]].end_seconds,
                accuracy=round(float(judged.scores[counted].mean()), 2),
                completeness=round(float(100 * (1 - judged.is_omitted[counted].mean())), 2),
            )
        )
    return tuple(made)


def _is_new_word(measured: "Measured", number: int) -> bool:
    units = measured.reference.sentence.units
    return units[number].word != units[number - 1].word


def _pauses(measured: "Measured") -> tuple[Pause, ...]:
    return tuple(
        Pause(
            _moment(measured, pause.start_seconds + measured.offset),
            _moment(measured, pause.end_seconds + measured.offset),
            pause.is_expected,
            pause.after_unit,
        )
        for pause in measured.fluency.pauses
    )


def _timing(measured: "Measured") -> Timing:
    return Timing(
        speech_seconds=round(measured.speech.seconds, 2),
        recording_seconds=round(measured.seconds, 2),
        units_per_second=round(measured.fluency.rate, 2),
        reference_units_per_second=round(measured.fluency.reference_rate, 2),
        npvi=round(measured.rhythm.npvi, 1),
        reference_npvi=round(measured.rhythm.reference_npvi, 1),
    )


def _curve(measured: "Measured") -> PitchCurve:
    return pitch.curves(
        measured.hertz, measured.onsets, measured.reference.hertz, measured.reference_onsets, offset=measured.offset
    )


def _moment(measured: "Measured", seconds: float) -> float:
    return round(float(min(max(seconds, 0.0), measured.seconds)), 3)


def _number(value: float, digits: int) -> float | None:
    return None if np.isnan(value) else round(float(value), digits)
