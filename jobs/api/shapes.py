"""What the task routes answer, for OpenAPI and for whoever reads the code of a client."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from jobs.runtime.models import Status


class TaskError(BaseModel):
    type: str
    message: str
    code: str | None = None
    field: str | None = None


class TaskLine(BaseModel):
    task_id: UUID
    function: str
    status: Status
    progress: int = Field(description="0 to 100")
    current_step: str
    attempt: int
    priority: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error: TaskError | None
    status_url: str


class TaskList(BaseModel):
    tasks: list[TaskLine] = Field(description="the newest first")
    next_cursor: str | None = Field(description="null at the end")


class LogLine(BaseModel):
    seconds: float = Field(description="since the start of the attempt")
    level: str = Field(description="info, warning, error or critical")
    message: str
    fields: dict[str, Any]


class AttemptDetail(BaseModel):
    attempt: int
    outcome: str | None = Field(description="null while it runs")
    worker: str
    started_at: datetime | None
    ended_at: datetime | None
    error: TaskError | None
    log: list[LogLine] = Field(description="what it said: the first and the last lines, 200 at most")


class ArtifactDetail(BaseModel):
    name: str
    content_type: str
    bytes: int
    url: str = Field(description="open to whoever holds the address")
    expires_at: datetime | None = Field(description="when the address or the file ends, whichever is sooner")


class StepSeconds(BaseModel):
    step: str
    seconds: float = Field(description="since the start of the attempt")


class TaskDetail(BaseModel):
    """What jobs/live/describe.py says of a task."""

    task_id: UUID
    function: str
    status: Status
    progress: int
    current_step: str
    step: int = Field(description="which of `total_steps` it is at, 0 for none")
    total_steps: int
    steps: list[StepSeconds] = Field(description="those of the last attempt, in order")
    queue_position: int | None
    estimated_completion_time: datetime | None = Field(description="null while too little is known")
    attempt: int
    attempts: list[AttemptDetail]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error: TaskError | None
    result: dict[str, Any] | None
    artifacts: list[ArtifactDetail]
    version: int = Field(description="grows with every change of the task")
    page_url: str = Field(description="a page for people, open to whoever holds the address, for an hour")
    retried_from: UUID | None
    priority: int
    source: str


class TaskEvent(BaseModel):
    """The live message of jobs/live/describe.py, which events carry."""

    task_id: UUID
    status: Status
    progress: int
    current_step: str
    step: int
    total_steps: int
    attempt: int
    queue_position: int | None
    timestamp: datetime
    version: int
    error: TaskError | None
    log_lines: int | None = Field(description="how many lines the running attempt has said, null when it does not run")
