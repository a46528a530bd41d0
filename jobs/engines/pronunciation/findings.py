"""What to practise, as facts: which mora, where, heard as what, and which advice belongs to it.

Like places are told once, with how often; the costliest come first. wording.py makes sentences of them in the
learner's language. Called by results.py.
"""

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jobs.engines.pronunciation import weights
from jobs.engines.pronunciation.hints import hint_for
from jobs.engines.pronunciation.port import Finding, Pause, PhonemeScore, UnitTiming

if TYPE_CHECKING:
    from jobs.engines.pronunciation.analyser import Measured


def find(
    measured: "Measured",
    phonemes: tuple[PhonemeScore, ...],
    units: tuple[UnitTiming, ...],
    pauses: tuple[Pause, ...],
) -> tuple[Finding, ...]:
    """Return at most weights.MOST_FINDINGS, the costliest first."""
    found = [
        *_sounds(measured, phonemes),
        *_breaths(pauses, units),
        *_pace(measured),
        *_lengths(measured, units),
        *_tune(measured, units),
    ]
    return tuple(sorted(_told_once(found), key=lambda each: -each.weight)[: weights.MOST_FINDINGS])


def _sounds(measured: "Measured", phonemes: tuple[PhonemeScore, ...]) -> list[Finding]:
    language = measured.reference.sentence.language
    found = []
    for phoneme in phonemes:
        if phoneme.score >= weights.WRONG_BELOW:
            continue
        likely = phoneme.likely
        kind = likely.kind if likely else "unclear"
        heard = (likely.label or likely.symbol) if likely else ""
        is_same = heard == phoneme.label
        found.append(
            Finding(
                kind="unclear" if is_same else kind,
                weight=(100.0 - phoneme.score) * (0.5 if kind == "unclear" else 1.0),
                label=phoneme.label if language == "ja" else f"{phoneme.symbol} ({phoneme.label})",
                heard="" if is_same else heard,
                unit=phoneme.unit,
                start_seconds=phoneme.start_seconds,
                end_seconds=phoneme.end_seconds,
                hint=hint_for(language, phoneme.symbol, likely.symbol if likely else ""),
            )
        )
    return found


def _breaths(pauses: tuple[Pause, ...], units: tuple[UnitTiming, ...]) -> list[Finding]:
    return [
        Finding(
            kind="pause",
            weight=40.0,
            label=units[pause.after_unit].label if pause.after_unit >= 0 else "",
            heard=f"{pause.end_seconds - pause.start_seconds:.1f}",
            unit=pause.after_unit,
            start_seconds=pause.start_seconds,
            end_seconds=pause.end_seconds,
        )
        for pause in pauses
        if not pause.is_expected
    ]


def _pace(measured: "Measured") -> list[Finding]:
    pace = measured.fluency.pace
    if 1 / weights.FREE_PACE <= pace <= weights.FREE_PACE:
        return []
    return [Finding(kind="fast" if pace > 1 else "slow", weight=60.0, heard=f"{pace:.1f}")]


def _lengths(measured: "Measured", units: tuple[UnitTiming, ...]) -> list[Finding]:
    if measured.rhythm.score >= 85:
        return []
    found = []
    for number, unit in enumerate(units):
        ratio = unit.length_ratio
        if ratio is None or weights.SHORT_RATIO < ratio < weights.LONG_RATIO:
            continue
        found.append(
            Finding(
                kind="long" if ratio > 1 else "short",
                weight=20.0 * abs(float(np.log(max(ratio, 0.1)))) + 10.0,
                label=unit.label,
                heard=f"{ratio:.1f}",
                unit=number,
                start_seconds=unit.start_seconds,
                end_seconds=unit.end_seconds,
            )
        )
    return found


def _tune(measured: "Measured", units: tuple[UnitTiming, ...]) -> list[Finding]:
    melody = measured.melody
    if melody.score >= 80:
        return []
    if melody.range_ratio < weights.FLAT_RANGE:
        return [Finding(kind="flat", weight=50.0)]
    missed = np.nan_to_num(melody.semitones - melody.reference)
    worst = int(np.abs(missed).argmax()) if len(missed) else -1
    if worst < 0 or abs(missed[worst]) < weights.PITCH_MISS_SEMITONES:
        return [Finding(kind="melody", weight=30.0)]
    unit = units[worst]
    kind = "high" if missed[worst] > 0 else "low"
    where = {"unit": worst, "start_seconds": unit.start_seconds, "end_seconds": unit.end_seconds}
    return [Finding(kind=kind, weight=45.0, label=unit.label, **where)]  # type: ignore[arg-type]


def _told_once(found: list[Finding]) -> list[Finding]:
    """Return one finding for all of a kind, sound and rival; it keeps its costliest place."""
    alike: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for each in found:
        # How long a pause or a mora was does not make it another thing to practise.
        heard = each.heard if each.kind in ("substitution", "unclear") else ""
        alike[each.kind, each.label if each.kind != "pause" else "", heard].append(each)
    return [
        replace(max(group, key=lambda each: each.weight), times=len(group), weight=sum(each.weight for each in group))
        for group in alike.values()
    ]
