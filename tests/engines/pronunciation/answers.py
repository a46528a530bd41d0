"""An Analysis with everything in it, as a service would answer."""

import dataclasses

from jobs.engines.pronunciation.port import (
    Analysis,
    Likely,
    Pause,
    PhonemeScore,
    PhraseScore,
    PitchCurve,
    Timing,
    UnitTiming,
)


def an_analysis(**changes) -> Analysis:
    made = Analysis(
        language="ja",
        sentence="つき",
        overall_score=90.0,
        pronunciation_accuracy=90.0,
        fluency_score=100.0,
        rhythm_score=95.0,
        pitch_score=85.5,
        completeness=100.0,
        phonemes=(PhonemeScore("ts", "つ", 0, 0.3, 0.4, 41.0, Likely("substitution", "s", "す")),),
        units=(UnitTiming("つ", 0.3, 0.5, 60.0, None, -1.5, 2.0),),
        phrases=(PhraseScore("つき", 0.3, 0.8, 90.0, 100.0),),
        pauses=(Pause(0.5, 0.9, is_expected=False, after_unit=0),),
        timing=Timing(0.5, 1.0, 7.0, 7.5, 30.0, 28.0),
        pitch=PitchCurve(0.01, 0.3, (None, 1.0), (0.5, None)),
        caps=(),
        findings=(),
        unknown_words=(),
        is_experimental=False,
        model_version="somebody/1",
        processing_seconds=0.2,
    )
    return dataclasses.replace(made, **changes)
