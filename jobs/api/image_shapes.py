"""What the image routes take and answer, for OpenAPI and for whoever reads the code of a client."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from jobs.api.functions import Key
from jobs.api.shapes import TaskError
from jobs.functions.image import SESSION_CHARACTERS
from jobs.images.menu import Menu
from jobs.runtime.models import Priority

Word = Literal["queued", "processing", "completed", "failed", "cancelled"]
Urgency = Annotated[StrictInt, Field(ge=0, le=3, description="0 urgent (staff scope), 1 normal, 2 low, 3 bulk")]
Mode = Annotated[
    Literal["queue", "sync"], Field(description="queue: by the workers; sync: in the web process, there is no queue")
]


class OneMenu(BaseModel):
    model_config = ConfigDict(extra="forbid")

    final_menu: Menu
    session_id: str = Field(
        default="", max_length=SESSION_CHARACTERS, description="yours, to find the job in the history"
    )


class Generate(OneMenu):
    priority: Urgency = Priority.NORMAL
    idempotency_key: Key | None = Field(default=None, description="or the header Idempotency-Key")


def _as_menu(value: Any) -> Any:
    """Return a menu that came without a frame in one."""
    is_framed = isinstance(value, dict) and "final_menu" in value
    return value if is_framed or isinstance(value, OneMenu) else {"final_menu": value}


class GenerateBatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    menus: list[Annotated[OneMenu, BeforeValidator(_as_menu, json_schema_input_type=OneMenu | dict[str, Any])]] = Field(
        min_length=1,
        max_length=settings.IMAGE_MAX_MENUS,
        description='each {"final_menu", "session_id"}, or the categories alone; accepted all of them or none',
    )
    priority: Urgency = Priority.NORMAL
    idempotency_key: Key | None = Field(default=None, description="or the header Idempotency-Key")


class JobAccepted(BaseModel):
    success: Literal[True] = True
    job_id: str
    status: Word
    total_items: int
    estimated_time_seconds: int = Field(description="until the last picture, with what waits before it")
    status_endpoint: str
    mode: Mode
    message: str | None = Field(description="a sentence when it is not as usual, as without a queue")
    task_id: UUID


class BatchAccepted(BaseModel):
    success: Literal[True] = True
    jobs: list[JobAccepted] = Field(description="in the order of the menus")
    total_jobs: int
    total_items: int


class ProcessingInfo(BaseModel):
    total_chunks: int
    completed_chunks: int
    total_items: int
    completed_items: int = Field(description="dishes that have a picture")
    failed_items: int


class DishPicture(BaseModel):
    japanese_name: str
    english_name: str
    image_url: str | None = Field(description="open to whoever holds the address, for an hour; null without a picture")
    generation_success: bool
    provider: str
    model: str
    is_placeholder: bool = Field(description="an illustration of this house, and no picture of the dish")
    error: str | None = Field(default=None, description="only without a picture: a stable word that says why")


class JobStatus(BaseModel):
    """A job; the last four fields are there once it has ended."""

    job_id: str
    status: Word
    progress_percent: int = Field(ge=0, le=100)
    processing_info: ProcessingInfo
    session_id: str
    mode: Mode
    created_at: datetime
    estimated_time_seconds: int = Field(description="until the last picture; 0 when it has ended")
    task_id: UUID
    error: TaskError | None
    completed_at: datetime | None = None
    images_generated: dict[str, list[DishPicture]] | None = Field(
        default=None, description="by category, in the order of the menu"
    )
    total_images: int | None = Field(default=None, description="dishes that have a picture, illustrations included")
    success_rate: float | None = Field(default=None, description="dishes with a picture of all dishes, in percent")


class JobLine(BaseModel):
    job_id: str
    status: Word
    progress_percent: int
    session_id: str
    mode: Mode
    total_items: int
    total_images: int
    failed_items: int
    success_rate: float = Field(description="dishes with a picture of all dishes so far, in percent")
    created_at: datetime
    status_endpoint: str


class JobHistory(BaseModel):
    jobs: list[JobLine] = Field(description="the newest first")
    next_cursor: str | None = Field(description="null at the end")


class JobCancelled(BaseModel):
    success: Literal[True] = True
    job_id: str
    status: Literal["cancelled"] = "cancelled"
