"""A job of pictures in JSON, as its status endpoint and its socket say it, and the version of what is said.

Called by picture_watch.py and gallery.py.
"""

from typing import Any

from jobs.access import links
from jobs.functions.image import first_provider
from jobs.images import estimate, report
from jobs.images.models import ImageJob, MenuImage
from jobs.images.report import Standing
from jobs.live.describe import moment

# Of what counts into a version beside the pictures and chunks that have ended.
RANKS = {"queued": 0, "processing": 1}
FINAL_RANK = 2


def version(standing: Standing) -> int:
    """Return a number that never falls over a job's life: pictures and chunks that have ended, and where it stands."""
    ended = standing.done + standing.failed + standing.completed_chunks
    return ended + RANKS.get(standing.word, FINAL_RANK)


def picture(image: MenuImage, job: ImageJob) -> dict[str, Any]:
    """Return a dish that has its picture, or has failed, with its place in the menu, from 0."""
    place = {"position": image.position, "category": job.categories[image.category]}
    return place | report.item(image, links.picture_url(image.name))


def status(job: ImageJob, standing: Standing) -> dict[str, Any]:
    """Return a job, with its task, in the words of its API: the pictures by category once it has ended."""
    if standing.is_final:
        # It may have ended between the two looks.
        job.task.refresh_from_db()
    said: dict[str, Any] = {
        "job_id": job.job_id,
        "status": standing.word,
        "progress_percent": standing.progress_percent,
        "processing_info": {
            "total_chunks": standing.chunks,
            "completed_chunks": standing.completed_chunks,
            "total_items": standing.items,
            "completed_items": standing.done,
            "failed_items": standing.failed,
        },
        "session_id": job.session_id,
        "mode": job.mode,
        "created_at": moment(job.created_at),
        "estimated_time_seconds": seconds_left(job, standing),
        "task_id": str(job.pk),
        "error": job.task.error,
    }
    if not standing.is_final:
        return said
    found = {
        name: [report.item(image, links.picture_url(image.name)) for image in images]
        for name, images in report.by_category(job)
    }
    return said | {
        "completed_at": moment(job.task.completed_at),
        "images_generated": found,
        "total_images": standing.done,
        "success_rate": standing.success_rate,
    }


def seconds_left(job: ImageJob, standing: Standing) -> int:
    """Return how long it takes until the last dish is drawn, 0 when the job has ended."""
    return 0 if standing.is_final else estimate.remaining_seconds(job, provider=first_provider())
