"""Keep a picture: the file first, then the row, so that what can be seen is whole.

Each is one conditional UPDATE. Who comes second, or after the job was cancelled, takes its file away again.
"""

import logging
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from jobs.engines.image.names import file_name
from jobs.engines.image.port import Dish, Picture
from jobs.images.models import MenuImage, PictureStatus
from jobs.images.models.picture import FOLDER
from jobs.runtime import clock
from jobs.runtime.gate import writing
from jobs.runtime.models.task import OPEN
from jobs.runtime.providers import Served

logger = logging.getLogger(__name__)


def dish_of(image: MenuImage, category: str) -> Dish:
    return Dish(
        name=image.japanese_name,
        english_name=image.english_name,
        description=image.description,
        category=category,
    )


def keep(image: MenuImage, dish: Dish, picture: Picture, served: Served, *, seconds: float) -> bool:
    """Store a picture; False when the dish has one already or the job is over. Raises what the storage raises."""
    now = clock.now()
    name = default_storage.save(f"{FOLDER}/{file_name(dish, now)}", ContentFile(picture.png))
    try:
        kept = _change(
            image,
            now,
            status=PictureStatus.DONE,
            file=name,
            bytes=len(picture.png),
            width_pixels=picture.width_pixels,
            height_pixels=picture.height_pixels,
            provider=served.provider,
            model=picture.model,
            is_placeholder=picture.is_placeholder,
            skipped=[each.model_dump() for each in served.skipped],
            cost_usd=None if picture.cost_usd is None else Decimal(str(picture.cost_usd)),
            seconds=round(seconds, 3),
        )
    except BaseException:
        default_storage.delete(name)
        raise
    if not kept:
        logger.info("a late picture changed nothing", extra={"task": str(image.job_id), "position": image.position})
        default_storage.delete(name)
    return kept


def fail(image: MenuImage, code: str, *, seconds: float | None = None) -> bool:
    """Say that a dish has no picture and gets none; False when it has one, or has failed, already."""
    return _change(
        image,
        clock.now(),
        status=PictureStatus.FAILED,
        error=code[:64],
        seconds=None if seconds is None else round(seconds, 3),
    )


def fail_rest(job_id: UUID, code: str, *, now: datetime, positions: range) -> int:
    """Give up those of a job's dishes that are still pending; return how many."""
    these = {"position__gte": positions.start, "position__lt": positions.stop}
    with writing():
        return MenuImage.objects.filter(job_id=job_id, status=PictureStatus.PENDING, **these).update(
            status=PictureStatus.FAILED, error=code[:64], ended_at=now
        )


def _change(image: MenuImage, now: datetime, **values: object) -> bool:
    with writing():
        changed = MenuImage.objects.filter(
            pk=image.pk, status=PictureStatus.PENDING, job__task__status__in=OPEN
        ).update(ended_at=now, **values)
    return changed == 1
