"""Practice as the rows tell it, without any engine: sessions, recordings, results, analyses that wait or failed."""

import math
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User

from jobs.practice import recordings
from jobs.practice.models import AnalysisResult, PracticeRecord, PracticeSession, RecordStatus
from jobs.runtime import clock
from jobs.runtime.models import Source, Status, Task
from tests.engines.recordings import sound, tone

SENTENCE = "きょうは、とてもつめたいかぜがふいています。"
KANA = [
    "きょ",
    "う",
    "は",
    "と",
    "て",
    "も",
    "つ",
    "め",
    "た",
    "い",
    "か",
    "ぜ",
    "が",
    "ふ",
    "い",
    "て",
    "い",
    "ま",
    "す",
]
# The third is left out, the seventh is heard as another.
SCORES = [96, 88, 12, 91, 84, 77, 38, 92, 99, 66, 93, 71, 97, 58, 90, 95, 89, 94, 83]
SYMBOLS = {"きょ": "ky o", "う": "o", "は": "w a", "つ": "ts u", "ふ": "f u", "す": "s u"}
ADVICE = [
    "『つ』が『す』に聞こえます。舌の先を上の歯ぐきに当ててから離しましょう。",
    "『は』が聞こえません。抜かさずに言いましょう。",
]
BEEP = sound(tone(3.4), "webm")


def session(owner: User, title: str = "") -> PracticeSession:
    return PracticeSession.objects.create(owner=owner, title=title, created_at=clock.now())


def record(within: PracticeSession, *, data: bytes = BEEP, sentence: str = SENTENCE) -> PracticeRecord:
    return recordings.take_in(within, [data], sentence=sentence, language="ja")


def task(of: PracticeRecord, status: Status, **values: Any) -> Task:
    """Store an analysis of a record in that state, as the runtime would have left both."""
    now = clock.now()
    facts: dict[str, Any] = {
        "function": "analysis", "owner": of.session.owner, "source": Source.PAGE, "queue": "interactive",
        "order_key": f"user:{of.session.owner_id}", "inputs": {"practice_record_id": str(of.pk)}, "status": status,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    if status in (Status.PROCESSING, Status.FAILURE):
        facts |= {"attempt": 1, "started_at": now}
    if status == Status.PROCESSING:
        facts |= {"worker": "here:0:1:1", "leased_until": now}
    if status == Status.FAILURE:
        facts |= {"completed_at": now, "kept_until": now}
    made = Task.objects.create(**{**facts, **values})
    states = {Status.PENDING: RecordStatus.AI_QUEUED, Status.PROCESSING: RecordStatus.AI_PROCESSING}
    of.task, of.status = made, states.get(status, RecordStatus.RECORDED)
    of.save()
    return made


def result(of: PracticeRecord, overall: float = 74.0, *, analysis: dict[str, Any] | None = None) -> AnalysisResult:
    """Store a result, and say that the record is analysed."""
    scores = {
        "pronunciation_accuracy": overall - 3, "fluency_score": min(100, overall + 14), "rhythm_score": overall - 16,
        "pitch_score": min(100, overall + 6), "completeness": 95.0,
    }  # fmt: skip
    made = AnalysisResult.objects.create(
        record=of,
        task_id=uuid4(),
        overall_score=Decimal(str(overall)),
        **{name: Decimal(str(value)) for name, value in scores.items()},
        detailed_analysis=analysis or detailed(),
        sentence_analyses=[],
        suggestions=ADVICE,
        improvement_areas=[],
        statement="estimates",
        model_version="gop-ctc-ja/1 snfa-0.3.0 ojt-0.4.1.post10",
        processing_seconds=0.4,
        parameters={"feedback_language": "ja"},
        completed_at=clock.now(),
    )
    PracticeRecord.objects.filter(pk=of.pk).update(status=RecordStatus.AI_ANALYZED, task=None)
    return made


def detailed() -> dict[str, Any]:
    """Return an analysis of SENTENCE as jobs/practice/report.py writes it: 3.4 s, two pauses."""
    units, phonemes, at = [], [], 0.1
    for number, (kana, score) in enumerate(zip(KANA, SCORES, strict=True)):
        # The reference pauses after the third, the speaker after the tenth as well.
        at += 0.25 if number == 3 else 0.55 if number == 10 else 0
        units.append({
            "label": kana, "start_seconds": round(at, 3), "end_seconds": round(at + 0.13, 3), "score": float(score),
            "length_ratio": 1.0, "semitones": 0.0, "reference_semitones": 0.0,
        })  # fmt: skip
        symbols = SYMBOLS.get(kana, "k a" if kana not in "いう" else "i").split()
        for place, symbol in enumerate(symbols):
            likely = {"kind": "substitution", "symbol": "s", "label": "す"} if (kana, place) == ("つ", 0) else None
            phonemes.append({
                "symbol": symbol, "label": kana, "unit": number, "score": float(score),
                "start_seconds": round(at + 0.13 * place / len(symbols), 3),
                "end_seconds": round(at + 0.13 * (place + 1) / len(symbols), 3),
                "likely": {"kind": "omission", "symbol": "", "label": ""} if kana == "は" else likely,
            })  # fmt: skip
        at += 0.13
    steps = range(330)
    return {
        "phoneme_analysis": {
            "accuracy": 71.0, "completeness": 95.0, "phonemes": phonemes, "units": units, "unknown_words": [],
            "is_experimental": False,
        },
        "timing_analysis": {
            "speech_seconds": 2.6, "recording_seconds": 3.4, "units_per_second": 7.3, "reference_units_per_second": 8.0,
            "npvi": 31.0, "reference_npvi": 28.0,
            "pauses": [
                {"start_seconds": 0.49, "end_seconds": 0.74, "is_expected": True, "after_unit": 2},
                {"start_seconds": 1.65, "end_seconds": 2.2, "is_expected": False, "after_unit": 9},
            ],
        },
        "pitch_analysis": {
            "score": 80.0, "step_seconds": 0.01, "start_seconds": 0.1,
            "recording": [None if step % 40 < 6 else round(4 * math.sin(step / 35), 2) for step in steps],
            "reference": [None if step % 40 < 4 else round(5 * math.sin(step / 38 + 0.4), 2) for step in steps],
        },
        "findings": [{"unit": 6, "text": ADVICE[0]}, {"unit": 2, "text": ADVICE[1]}],
        "caps": [{"score": "rhythm", "limit": 58.0, "reason": "accuracy"}],
    }  # fmt: skip
