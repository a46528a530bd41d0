"""Judge how a practice record's sentence was pronounced.

The record and its recording are jobs/practice's, the method is jobs/engines/pronunciation's; here stand the
declarations, the limits and the list of engines. A short recording goes into the queue `interactive`, since the
learner waits for the scores.

Only the owner's records can be named, through whichever door: it is asked in the transaction that accepts the task.
"""

from functools import cache
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.access import audit
from jobs.access.models import Action
from jobs.engines.errors import InputRejected
from jobs.engines.media.reading import Samples, decode
from jobs.engines.pronunciation import readiness
from jobs.engines.pronunciation.port import Analysis, PronunciationEngine
from jobs.practice import recordings, report, status
from jobs.practice.errors import RecordingError
from jobs.practice.models import PracticeRecord
from jobs.runtime.context import Context
from jobs.runtime.models import Task
from jobs.runtime.providers import Provider, Providers, Served
from jobs.runtime.registry import Queue, function

# Whoever asks for the newest without knowing its name.
LATEST = "latest"
# The learner's language.
Feedback = Literal["ja", "en", "zh-TW"]
# The engine's own after the first, in the order of their coming.
STEPS = {
    "reading": _("Reading the recording"),
    "listening": _("Listening for speech"),
    "reference": _("Reading the sentence aloud"),
    "phonemes": _("Comparing sounds"),
    "timing": _("Measuring rhythm and pauses"),
    "pitch": _("Measuring the melody"),
    "done": _("Writing it down"),
}
# The engine tells 0 to 100 of its own work; reading comes before it.
_READ_PERCENT, _JUDGED_PERCENT = 8, 97


class AnalysisInput(BaseModel, frozen=True):
    practice_record_id: UUID = Field(description="one of your own")
    analysis_type: Literal["full"] = "full"
    include_suggestions: bool = Field(default=True, description="sentences that say what to practise")
    model_version: str | None = Field(default=None, max_length=200, description="empty or `latest`, or what is in use")
    feedback_language: Feedback | None = Field(default=None, description="of the sentences; empty for the caller's")


class DetailedAnalysis(BaseModel, frozen=True):
    phoneme_analysis: dict[str, Any]
    timing_analysis: dict[str, Any]
    pitch_analysis: dict[str, Any]
    findings: list[dict[str, Any]] = Field(description="what to practise, where, and in the learner's language")
    caps: list[dict[str, Any]] = Field(description="scores that could have been higher, and why they are not")
    notices: list[str] = Field(description="sentences that stand beside the scores")
    gates: dict[str, Any] = Field(description="figures of the recording, for staff")


class AnalysisOutput(BaseModel, frozen=True):
    practice_record_id: UUID
    overall_score: float = Field(ge=0, le=100)
    pronunciation_accuracy: float = Field(ge=0, le=100)
    fluency_score: float = Field(ge=0, le=100)
    rhythm_score: float = Field(ge=0, le=100)
    pitch_score: float = Field(ge=0, le=100)
    completeness: float = Field(ge=0, le=100)
    detailed_analysis: DetailedAnalysis
    sentence_analyses: list[dict[str, Any]]
    suggestions: list[str]
    improvement_areas: list[str] = Field(description="the low scores, the lowest first")
    statement: str = Field(description="what the scores are: a model's estimates")
    model_version: str
    served: Served


def providers() -> Providers[PronunciationEngine]:
    """Return the engines in the order of preference."""
    local = _local()
    return Providers("pronunciation", [*_service(), Provider("local", local, version=local.version, is_local=True)])


def _service() -> list[Provider[PronunciationEngine]]:
    if not settings.PRONUNCIATION_BASE_URL:
        return []
    from jobs.engines.pronunciation.http_provider import HttpAnalyser

    engine = HttpAnalyser(
        base_url=settings.PRONUNCIATION_BASE_URL,
        api_key=settings.PRONUNCIATION_API_KEY,
        timeout_seconds=settings.PRONUNCIATION_SECONDS,
    )
    return [Provider("http", engine, version=engine.version)]


@cache
def _local() -> PronunciationEngine:
    # It loads numpy and its models: not in a web process that never listens.
    from jobs.engines.pronunciation.analyser import LocalAnalyser

    return LocalAnalyser()


def warm() -> None:
    """Read the models of the languages that are practised before workers are forked; not when a service listens."""
    if settings.PRACTICE_READY_SECONDS and not settings.PRONUNCIATION_BASE_URL:
        readiness.load(settings.PRACTICE_MARKS, used_within_seconds=settings.PRACTICE_READY_SECONDS)


def stay_ready() -> None:
    """Have an idle worker open the models of the languages that are practised; not when a service listens."""
    if settings.PRACTICE_READY_SECONDS and not settings.PRONUNCIATION_BASE_URL:
        readiness.stay_ready(settings.PRACTICE_MARKS, used_within_seconds=settings.PRACTICE_READY_SECONDS)


def check(inputs: AnalysisInput) -> None:
    """Refuse a model that is not in use. Raises InputRejected."""
    if inputs.model_version in (None, "", LATEST):
        # Nearly everybody; to name the engines is to load them, and a web process has no other use for them.
        return
    known = [provider.version for provider in providers().providers]
    if inputs.model_version not in known:
        names = ", ".join((LATEST, *known))
        raise InputRejected("model_version", "unknown_model", f"there is no such model; there is {names}")


def on_accept(inputs: AnalysisInput, task: Task) -> None:
    """Have the record wait for the task. Raises InputRejected for one that is not its owner's, or waits already."""
    status.queue(inputs.practice_record_id, task)


def queue_for(inputs: AnalysisInput) -> Queue:
    record = PracticeRecord.objects.filter(pk=inputs.practice_record_id).first()
    is_short = record is not None and record.seconds <= settings.PRACTICE_INTERACTIVE_SECONDS
    return "interactive" if is_short else "bulk"


@function(
    "analysis",
    queue="bulk",
    queue_for=queue_for,
    # Two minutes of speech on a busy core, and the models to open before it.
    timeout_seconds=180,
    title=_("Pronunciation analysis"),
    steps=STEPS,
    check=check,
    warm=warm,
    at_rest=stay_ready,
    on_accept=on_accept,
)
def analysis(inputs: AnalysisInput, context: Context) -> AnalysisOutput:
    """Judge how a recording of a sentence was pronounced."""
    _tell(context, 1, "reading")
    status.start(context.task_id)
    record = _record(inputs, context)
    readiness.note_use(settings.PRACTICE_MARKS, record.language)  # type: ignore[arg-type]
    samples = _samples(record, context)

    def told(percent: int, step: str) -> None:
        context.stop_if_cancelled()
        _tell(context, _READ_PERCENT + (_JUDGED_PERCENT - _READ_PERCENT) * percent // 100, step)

    answer = providers().call(
        lambda engine: engine.analyse(samples, record.sentence, record.language, progress=told)  # type: ignore[arg-type]
    )
    return _output(record, answer.value, inputs, answer.served)


def _tell(context: Context, percent: int, step: str) -> None:
    number = list(STEPS).index(step) + 1 if step in STEPS else 0
    context.progress(percent, step, step=number, total_steps=len(STEPS))


def _record(inputs: AnalysisInput, context: Context) -> PracticeRecord:
    mine = PracticeRecord.objects.filter(pk=inputs.practice_record_id, session__owner_id=context.owner_id)
    record = mine.first()
    if record is None:
        raise InputRejected(status.FIELD, status.UNKNOWN_RECORD, "the record was deleted")
    return record


def _samples(record: PracticeRecord, context: Context) -> Samples:
    """Return the recording's sound. That it was listened to goes into the audit book, each time."""
    # A service that judges in the place of the house's own engine is given the sound.
    leaves = {"sent_to": settings.PRONUNCIATION_BASE_URL} if settings.PRONUNCIATION_BASE_URL else {}
    audit.record(Action.RECORDING_ANALYSED, actor=None, about=record, task=str(context.task_id), **leaves)
    try:
        with recordings.in_plain(record) as (file, kind):
            most = settings.PRACTICE_MAX_SECONDS
            return decode(file, kind, field="recording", max_seconds=most, go_on=context.stop_if_cancelled)
    except RecordingError as error:
        raise InputRejected("recording", status.NO_RECORDING, str(error)) from error


def _output(record: PracticeRecord, made: Analysis, inputs: AnalysisInput, served: Served) -> AnalysisOutput:
    # Who did not say reads the language that is practised.
    reader = inputs.feedback_language or record.language
    return AnalysisOutput(
        practice_record_id=record.pk,
        **report.scores(made),
        detailed_analysis=DetailedAnalysis(**report.detailed(made, reader)),
        sentence_analyses=report.sentences(made),
        suggestions=report.suggestions(made, reader) if inputs.include_suggestions else [],
        improvement_areas=report.areas(made, reader),
        statement=report.statement(reader),
        # The column of the runtime's results.
        model_version=made.model_version[:200],
        served=served,
    )
