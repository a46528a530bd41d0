"""How long a job will take: what waits before it and its own dishes, at the pace of the newest pictures.

Called by api/images.py and the pages.
"""

import math
import statistics

from django.conf import settings

from jobs.images.models import ImageJob, MenuImage, PictureStatus
from jobs.runtime.models.task import OPEN

# Enough to be typical, few enough to follow a service that has become slow.
PICTURES_LOOKED_AT = 30
# While nothing was drawn yet: what a service takes for a picture of 1,024 pixels, and the renderer of this house.
SERVICE_SECONDS, LOCAL_SECONDS = 10.0, 0.5


def remaining_seconds(job: ImageJob, *, provider: str) -> int:
    """
    Return how long it takes from now until the last dish is drawn, 0 when none waits.

    provider: who is asked first. Dishes of jobs accepted before count; whose workers are busy with other things is
    not known here.
    """
    waiting = MenuImage.objects.filter(status=PictureStatus.PENDING, job__task__status__in=OPEN)
    own = waiting.filter(job=job).count()
    if not own:
        return 0
    ahead = waiting.filter(job__lt=job.pk).count()
    return max(1, math.ceil((ahead + own) * _seconds(provider) / _lanes(job, provider)))


def _seconds(provider: str) -> float:
    newest = MenuImage.objects.filter(status=PictureStatus.DONE, provider=provider, ended_at__isnull=False)
    drawn = newest.order_by("-ended_at").values_list("seconds", flat=True)[:PICTURES_LOOKED_AT]
    known = [each for each in drawn if each is not None]
    if known:
        return statistics.median(known)
    return LOCAL_SECONDS if provider == "local" else SERVICE_SECONDS


def _lanes(job: ImageJob, provider: str) -> int:
    """Return how many pictures are made at once: the renderer of this house takes a core for each."""
    most = settings.WORKERS.high if provider == "local" else settings.MAX_IMAGE_WORKERS
    return max(1, min(most, job.chunk_size * settings.IMAGE_CONCURRENT_CHUNK_LIMIT))
