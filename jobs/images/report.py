"""A job in the words of its API: the literal shapes of `/api/v1/image/...`.

Called by api/images.py, the pages and functions/image.py.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from jobs.images.models import ImageJob, MenuImage, PictureStatus
from jobs.runtime.models import Status, Task
from jobs.runtime.models.task import FINAL

Word = Literal["queued", "processing", "completed", "failed", "cancelled"]
ENDS: dict[str, Word] = {
    Status.SUCCESS: "completed",
    Status.FAILURE: "failed",
    Status.CANCELLED: "cancelled",
}
# What a dish of a job that ended before it was drawn says for itself.
CANCELLED = "cancelled"


@dataclass(frozen=True)
class Standing:
    """How far a job is. chunks: of them completed; items: of them done or failed."""

    word: Word
    chunks: int
    completed_chunks: int
    items: int
    done: int
    failed: int

    @property
    def is_final(self) -> bool:
        return self.word in ENDS.values()

    @property
    def progress_percent(self) -> int:
        """Return 0 to 100: 100 for a job that is completed, below it for any other."""
        if self.word == "completed":
            return 100
        return min(99, 100 * (self.done + self.failed) // max(1, self.items))

    @property
    def success_rate(self) -> float:
        """Return the share of all dishes that have a picture, in percent; an illustration counts as one."""
        return round(100 * self.done / max(1, self.items), 2)


def standings(jobs: Sequence[ImageJob]) -> dict[Any, Standing]:
    """Return how far each job is, by its id, with the same three queries for one or a page of them."""
    ids = [job.pk for job in jobs]
    tasks = dict(Task.objects.filter(pk__in=ids).values_list("pk", "status"))
    chunks: dict[Any, list[tuple[str, int]]] = {pk: [] for pk in ids}
    for parent, status, attempt in Task.objects.filter(parent__in=ids).values_list("parent_id", "status", "attempt"):
        chunks[parent].append((status, attempt))
    pictures: dict[Any, Counter[str]] = {pk: Counter() for pk in ids}
    for pk, status in MenuImage.objects.filter(job__in=ids).order_by().values_list("job_id", "status"):
        pictures[pk][status] += 1
    return {job.pk: _standing(job, tasks[job.pk], chunks[job.pk], pictures[job.pk]) for job in jobs}


def _standing(job: ImageJob, status: str, chunks: Sequence[tuple[str, int]], pictures: Counter[str]) -> Standing:
    done, failed = pictures[PictureStatus.DONE], pictures[PictureStatus.FAILED]
    has_begun = status == Status.PROCESSING or bool(done or failed) or any(attempt for _status, attempt in chunks)
    return Standing(
        word=ENDS.get(status) or ("processing" if has_begun else "queued"),
        chunks=len(chunks),
        completed_chunks=sum(status in FINAL for status, _attempt in chunks),
        items=job.total_items,
        done=done,
        failed=failed,
    )


def by_category(job: ImageJob) -> list[tuple[str, list[MenuImage]]]:
    """Return the dishes of a job under their categories, both in the order of the menu."""
    found: list[tuple[str, list[MenuImage]]] = [(name, []) for name in job.categories]
    for image in job.images.order_by("position"):
        found[image.category][1].append(image)
    return found


def plain_url(image: MenuImage) -> str:
    """Return where a picture is, for whoever brings a token or a login of its owner."""
    return f"/uploads/{quote(image.name)}"


def item(image: MenuImage, url: str) -> dict[str, Any]:
    """
    Return a dish and what became of it. url: of its picture.

    Of a job that has ended: a dish that nobody drew any more says that it was cancelled.
    """
    said: dict[str, Any] = {
        "japanese_name": image.japanese_name,
        "english_name": image.english_name,
        "image_url": url if image.status == PictureStatus.DONE else None,
        "generation_success": image.status == PictureStatus.DONE,
    }
    if image.status == PictureStatus.DONE:
        return said | {"provider": image.provider, "model": image.model, "is_placeholder": image.is_placeholder}
    return said | {"provider": "", "model": "", "is_placeholder": False, "error": image.error or CANCELLED}
