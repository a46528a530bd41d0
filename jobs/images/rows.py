"""Store a job with its dishes, and read them back by chunks.

Called by functions/image.py, within the transaction that accepts the task.
"""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from jobs.images.menu import Pairs, dishes
from jobs.images.models import ImageJob, MenuImage, PictureStatus
from jobs.images.models.job import new_job_id
from jobs.runtime.models import Task

# 24 random bits a second: a second try is rare, a third one is a fault.
MAX_TRIES = 5


def store_job(task: Task, menu: Pairs, *, session_id: str) -> ImageJob:
    """Store the job of a task that has just been stored, with a row for each dish."""
    found = list(dishes(menu))
    job = _insert(task, menu, session_id=session_id, total=len(found))
    MenuImage.objects.bulk_create(
        [
            MenuImage(
                job=job,
                position=position,
                category=category,
                japanese_name=item.japanese_name,
                english_name=item.english_name,
                description=item.description,
            )
            for position, (category, item) in enumerate(found)
        ],
        batch_size=500,
    )
    return job


def _insert(task: Task, menu: Pairs, *, session_id: str, total: int) -> ImageJob:
    for tries_left in reversed(range(MAX_TRIES)):
        job = ImageJob(
            task=task,
            job_id=new_job_id(task.created_at),
            owner_id=task.owner_id,
            session_id=session_id,
            categories=[name for name, _items in menu],
            chunk_size=settings.IMAGE_PROCESSING_CHUNK_SIZE,
            total_items=total,
            created_at=task.created_at,
        )
        try:
            with transaction.atomic():
                job.save(force_insert=True)
        except IntegrityError:
            if not tries_left:
                raise
        else:
            break
    return job


def positions(job: ImageJob) -> list[tuple[int, int]]:
    """Return (first position, how many) of each chunk."""
    size = job.chunk_size
    return [(first, min(size, job.total_items - first)) for first in range(0, job.total_items, size)]


def ended(job_id: UUID, *, first: int, count: int) -> tuple[int, int]:
    """Return how many dishes of a chunk have a picture, and how many failed."""
    found = MenuImage.objects.filter(job_id=job_id, position__gte=first, position__lt=first + count)
    counted = found.aggregate(
        done=Count("pk", filter=Q(status=PictureStatus.DONE)),
        failed=Count("pk", filter=Q(status=PictureStatus.FAILED)),
    )
    return counted["done"], counted["failed"]


def missing(job_id: UUID, *, first: int, count: int) -> Sequence[MenuImage]:
    """Return the dishes of a chunk that have neither a picture nor failed, in order."""
    return list(
        MenuImage.objects.filter(
            job_id=job_id, position__gte=first, position__lt=first + count, status=PictureStatus.PENDING
        ).order_by("position")
    )
