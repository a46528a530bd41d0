"""Draw the dishes of a menu: a batch of chunks, whichever door asks for it, and a report at the end.

The rows and the drawing are jobs/images'; here stand the declarations, the limits and the list of providers: a service
first when it has a key, and always the renderer of this house last, whose pictures are marked as illustrations.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.engines.errors import InputRejected
from jobs.engines.image.port import ImageEngine
from jobs.images import costs, menu, report, rows, store
from jobs.images.drawing import TIMED_OUT, Chunk
from jobs.images.errors import NothingDrawn
from jobs.images.models import ImageJob
from jobs.images.retention import TASK_SECONDS
from jobs.runtime import clock
from jobs.runtime.context import Context
from jobs.runtime.errors import SWITCHED_OFF
from jobs.runtime.models import Status, Task
from jobs.runtime.providers import Provider, Providers
from jobs.runtime.registry import FanOut, Retention, function
from jobs.runtime.retry import Retry

# Said of a dish whose chunk failed without a word of its own.
NOT_DRAWN = "not_drawn"
SESSION_CHARACTERS = 200


class ImageInput(BaseModel, frozen=True):
    final_menu: menu.Menu = Field(description=menu.DESCRIPTION)
    session_id: str = Field(default="", max_length=SESSION_CHARACTERS, description="yours, to find the job again")


class DishOutput(BaseModel, frozen=True):
    japanese_name: str
    english_name: str
    image_url: str | None = Field(description="for whoever may see the task; null when there is no picture")
    generation_success: bool
    provider: str
    model: str
    is_placeholder: bool = Field(description="an illustration of this house, and no picture of the dish")
    error: str | None = Field(default=None, description="why there is no picture: a stable word")


class CategoryOutput(BaseModel, frozen=True):
    category: str
    images: list[DishOutput]


class ImageOutput(BaseModel, frozen=True):
    job_id: str
    # A list, because a mapping would lose its order in PostgreSQL.
    images_generated: list[CategoryOutput] = Field(description="the categories in the order of the menu")
    total_images: int = Field(description="dishes that have a picture, illustrations included")
    failed_images: int
    success_rate: float = Field(description="dishes with a picture of all dishes, in percent")
    mode: str = Field(description="queue: by the workers; sync: in the web process")


class ImageChunkInput(BaseModel, frozen=True):
    job: UUID
    first: int = Field(ge=0, description="position of the first dish")
    count: int = Field(ge=1)


class ImageChunkOutput(BaseModel, frozen=True):
    drawn: int
    failed: int


def check(inputs: ImageInput) -> None:
    """Refuse at once what could never be drawn, and everything while it is switched off. Raises InputRejected."""
    if not settings.IMAGE_GENERATION_ENABLED:
        raise InputRejected("final_menu", SWITCHED_OFF, "no pictures are drawn here: IMAGE_GENERATION_ENABLED is off")
    menu.refuse_what_is_too_much(inputs.final_menu, field="final_menu")
    menu.refuse_text("session_id", inputs.session_id, most=SESSION_CHARACTERS)


def fan_out(inputs: ImageInput, task: Task) -> FanOut:
    """Store the job and its dishes; return a chunk for each few of them."""
    job = rows.store_job(task, inputs.final_menu, session_id=inputs.session_id)
    chunks = [ImageChunkInput(job=task.pk, first=first, count=count) for first, count in rows.positions(job)]
    return FanOut("image_chunk", chunks, at_once=settings.IMAGE_CONCURRENT_CHUNK_LIMIT)


def providers() -> Providers[ImageEngine]:
    """Return who draws, in the order of preference; the renderer of this house is always the last."""
    made = {"gemini": _gemini, "openai": _openai}
    services = [_provider(name, made[name]()) for name in service_names()]
    return Providers("image", [*services, _provider("local", _local(os.getpid()), is_local=True)])


def _provider(name: str, engine: ImageEngine, *, is_local: bool = False) -> Provider[ImageEngine]:
    may_ask = None if is_local else costs.may_ask
    return Provider(name, engine, version=engine.version, is_local=is_local, may_ask=may_ask)


def _gemini() -> ImageEngine:
    from jobs.engines.image.gemini import Gemini

    return _kept(
        os.getpid(),
        Gemini,
        api_key=settings.GEMINI_API_KEY,
        base_url=settings.GEMINI_API_BASE,
        model=settings.GEMINI_IMAGE_MODEL,
        timeout_seconds=settings.IMAGE_CALL_SECONDS,
        vertex=settings.GEMINI_VERTEX,
        project=settings.GEMINI_PROJECT,
        location=settings.GEMINI_LOCATION,
    )


def _openai() -> ImageEngine:
    from jobs.engines.image.openai_pictures import OpenAIPictures

    return _kept(
        os.getpid(),
        OpenAIPictures,
        api_key=settings.OPENAI_API_KEY,
        base_url=settings.OPENAI_BASE_URL,
        model=settings.OPENAI_IMAGE_MODEL,
        timeout_seconds=settings.IMAGE_CALL_SECONDS,
    )


@lru_cache(maxsize=8)
def _kept(_pid: int, kind: Callable[..., ImageEngine], **facts: Any) -> ImageEngine:
    """Return an engine of this process; opening one of a service takes a third of a second of a core."""
    return kind(**facts)


@lru_cache(maxsize=1)
def _local(_pid: int) -> ImageEngine:
    # It loads fonts and numpy: not in a web process that never draws.
    from jobs.engines.image.local import LocalRenderer

    return LocalRenderer()


@function(
    "image_chunk",
    queue="bulk",
    # The job's own time ends it sooner (drawing.py); this is for a storage that hangs.
    timeout_seconds=settings.IMAGE_JOB_TIMEOUT + 60,
    # A storage that is away for minutes; each attempt draws only what is missing.
    retry=Retry(5, first_seconds=5, factor=3),
    title=_("Chunk of menu pictures"),
    retention=Retention(row_seconds=TASK_SECONDS),
    steps={"drawing": _("Drawing")},
    house_only=True,
)
def image_chunk(inputs: ImageChunkInput, context: Context) -> ImageChunkOutput:
    """Draw a few dishes of a menu."""
    images = rows.missing(inputs.job, first=inputs.first, count=inputs.count)
    if images:
        job = ImageJob.objects.get(pk=inputs.job)
        Chunk(job, images, providers(), context).draw()
    done, failed = rows.ended(inputs.job, first=inputs.first, count=inputs.count)
    return ImageChunkOutput(drawn=done, failed=failed)


@function(
    "image",
    queue="bulk",
    # Its own run only counts what the chunks made.
    timeout_seconds=60,
    title=_("Menu pictures"),
    retention=Retention(row_seconds=TASK_SECONDS),
    check=check,
    fan_out=fan_out,
)
def image(inputs: ImageInput, context: Context) -> ImageOutput:
    """Draw a picture of every dish of a menu."""
    job = ImageJob.objects.get(pk=context.task_id)
    _give_up_the_rest(job)
    [standing] = report.standings([job]).values()
    if not standing.done:
        raise NothingDrawn
    found = [
        CategoryOutput(
            category=name,
            images=[DishOutput(**report.item(each, report.plain_url(each))) for each in images],
        )
        for name, images in report.by_category(job)
    ]
    return ImageOutput(
        job_id=job.job_id,
        images_generated=found,
        total_images=standing.done,
        failed_images=standing.failed,
        success_rate=standing.success_rate,
        mode=job.mode,
    )


def _give_up_the_rest(job: ImageJob) -> None:
    """Say of each dish that a failed chunk left behind why there is no picture of it."""
    now = clock.now()
    is_late = now >= job.created_at + timedelta(seconds=settings.IMAGE_JOB_TIMEOUT)
    failed = Task.objects.filter(parent=job.pk, status=Status.FAILURE)
    for inputs, kind, code in failed.values_list("inputs", "error_type", "error_code"):
        why = TIMED_OUT if is_late else code or kind
        store.fail_rest(job.pk, why, now=now, positions=range(inputs["first"], inputs["first"] + inputs["count"]))
    # Of chunks that ended otherwise, cancelled one by one by staff.
    store.fail_rest(job.pk, NOT_DRAWN, now=now, positions=range(job.total_items))


def service_names() -> list[str]:
    """Return the services that are asked, in the order of preference."""
    if not settings.USE_REAL_IMAGE_GENERATION:
        return []
    has = {
        "gemini": settings.GEMINI_API_KEY or settings.GEMINI_PROJECT,
        "openai": settings.OPENAI_API_KEY and settings.OPENAI_IMAGE_MODEL,
    }
    return [name for name, key in has.items() if key]


def first_provider() -> str:
    """Return who is asked first."""
    return next(iter(service_names()), "local")
