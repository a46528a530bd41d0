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


class TaskDetail(BaseModel):
    """Documents what jobs/live/describe.py says of a task; more may be added there."""

    task_id: UUID
    function: str
    status: Status
    progress: int
    current_step: str
    queue_position: int | None
    attempt: int
    attempts: list[AttemptDetail]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error: TaskError | None
    result: dict[str, Any] | None
    artifacts: list[ArtifactDetail]
