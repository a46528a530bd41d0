"""What the practice and analysis routes take and answer, for OpenAPI and for whoever reads the code of a client."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator

from jobs.api.shapes import TaskError
from jobs.functions.analysis import Feedback
from jobs.practice.models import RecordStatus
from jobs.practice.models.record import SENTENCE_CHARACTERS
from jobs.practice.models.session import TITLE_CHARACTERS
from jobs.runtime.models import Priority, Status

LanguageWord = Literal["ja", "en", "zh-TW"]
# As it is stored: without blanks around it.
Sentence = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SENTENCE_CHARACTERS, pattern=r"\S")
]
Score = Annotated[float, Field(ge=0, le=100, description="0 to 100, two decimals")]


class NewSession(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(default="", max_length=TITLE_CHARACTERS)


class NewRecord(BaseModel):
    """The form beside its file `recording`."""

    model_config = ConfigDict(extra="forbid")

    sentence: Sentence
    language: LanguageWord


class Scores(BaseModel):
    result_id: UUID
    overall_score: Score
    pronunciation_accuracy: Score
    fluency_score: Score
    rhythm_score: Score
    pitch_score: Score
    completeness: Score
    completed_at: datetime


class RecordDetail(BaseModel):
    practice_record_id: UUID
    practice_session_id: UUID
    record_status: RecordStatus
    sentence: str
    language: LanguageWord
    content_type: str = Field(description="by its content")
    bytes: int
    seconds: float
    sha256: str
    created_at: datetime
    recording_url: str | None = Field(description="plays it for a quarter of an hour; null once it was erased")
    task_id: UUID | None = Field(description="of the latest analysis")
    latest_result: Scores | None


class RecordList(BaseModel):
    practice_records: list[RecordDetail] = Field(description="the newest first")
    next_cursor: str | None = Field(description="null at the end")


class SessionLine(BaseModel):
    practice_session_id: UUID
    title: str
    created_at: datetime
    record_count: int
    analyzed_count: int


class SessionDetail(SessionLine):
    practice_records: list[RecordDetail] = Field(description="the newest first")


class SessionList(BaseModel):
    practice_sessions: list[SessionLine] = Field(description="the newest first")
    next_cursor: str | None = Field(description="null at the end")


class Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    analysis_type: Literal["full"] = "full"
    include_suggestions: bool = True
    model_version: str | None = Field(default=None, max_length=200, description="`latest`, or the one in use")
    feedback_language: Feedback | None = Field(default=None, description="of the sentences; else Accept-Language's")


class Submit(BaseModel):
    """Either a session, each of whose records that is not analysed gets a task, or one record."""

    model_config = ConfigDict(extra="forbid")

    practice_session_id: UUID | None = None
    practice_record_id: UUID | None = None
    parameters: Parameters = Field(default_factory=Parameters)
    priority: Annotated[StrictInt, Field(ge=0, le=3)] = Priority.NORMAL

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.practice_session_id is None) == (self.practice_record_id is None):
            raise ValueError("either practice_session_id or practice_record_id is expected")
        return self


class Submitted(BaseModel):
    """The first task, and all of them."""

    task_id: UUID
    status: Literal["pending"] = "pending"
    estimated_completion_time: datetime | None = Field(description="of the first; null while too little is known")
    queue_position: int | None
    queued: bool = Field(description="false: kept, and sent to the workers when the queue answers again")
    task_ids: list[UUID] = Field(description="of all records, in the order of their recording")
    status_url: str
    page_url: str = Field(description="a page for people, open to whoever holds the address, for an hour")


class AnalysisStatus(BaseModel):
    task_id: UUID
    practice_record_id: UUID | None
    status: Status
    progress: int = Field(ge=0, le=100)
    current_step: str
    step: int
    total_steps: int
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    queue_position: int | None
    estimated_completion_time: datetime | None = Field(description="null while too little is known")
    estimated_remaining_time: str | None = Field(description="ISO 8601, as PT45S; null while too little is known")
    worker_name: str = Field(description="empty while nobody works on it")
    error: TaskError | None


class SessionStatus(BaseModel):
    practice_session_id: UUID
    tasks: list[AnalysisStatus] = Field(description="the latest of each record that was submitted, the oldest first")
    total: int
    counts: dict[Status, int]
    progress: int = Field(ge=0, le=100, description="of all of them together")
    estimated_remaining_time: str | None = Field(description="until the last ends; null while too little is known")


class AnalysisDetail(Scores):
    task_id: UUID
    practice_record_id: UUID
    detailed_analysis: dict[str, Any] = Field(
        description="phoneme_analysis, timing_analysis, pitch_analysis, findings, ..."
    )
    sentence_analyses: list[dict[str, Any]]
    suggestions: list[str]
    improvement_areas: list[str] = Field(description="the low scores, the lowest first")
    statement: str = Field(description="what the scores are; whoever shows them shows it too")
    model_version: str
    parameters: dict[str, Any]
    processing_time_seconds: float
