"""What the page of a job of pictures shows, read from its rows: one gallery for the first look and for every update.

The templates only lay it out. Called by images.py, and by pages.py for the page of the task.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.access.caller import Caller
from jobs.access.links import PARAMETER
from jobs.images import report
from jobs.images.asking import FUNCTION
from jobs.images.models import ImageJob, MenuImage, Mode, PictureStatus
from jobs.images.report import CANCELLED, Standing
from jobs.live import card, measure, picture_words, words
from jobs.live.picture_status import seconds_left, version
from jobs.runtime import clock
from jobs.runtime.models import Status, Task

# Of a menu with many categories the page names the first ones beside the title.
NAMED_CATEGORIES = 6
# On the page of the task, which fetches all of itself at each change.
FIRST_TILES = 6


@dataclass(frozen=True)
class Tile:
    """
    A dish in the grid.

    state: pending, done, failed. page, small: the addresses of its own page and of its picture in the grid's size.
    """

    image: MenuImage
    state: str
    page: str
    small: str
    alt: str
    why: str = ""  # there is no picture

    @property
    def number(self) -> int:
        return self.image.position + 1


@dataclass(frozen=True)
class Group:
    """A category with its tiles, in the order of the menu."""

    number: int
    name: str
    tiles: list[Tile]


@dataclass(frozen=True)
class Gallery:
    job: ImageJob
    task: Task
    standing: Standing
    title: str
    asked: str
    state: str  # as a pill's class names it
    state_word: str
    happening: str
    remaining: str
    notes: list[str]
    groups: list[Group]
    zip_url: str
    credit: str
    gone: str
    failure: words.Sentences | None
    may_cancel: bool
    may_repeat: bool
    page: str

    @property
    def version(self) -> int:
        return version(self.standing)

    @property
    def first_tiles(self) -> list[Tile]:
        """The first pictures there are, for a page that shows no more."""
        drawn = [each for group in self.groups for each in group.tiles if each.state == PictureStatus.DONE]
        return drawn[:FIRST_TILES]


def of(job: ImageJob, *, caller: Caller | None, link: str = "") -> Gallery:
    """
    Return the gallery of a job that the reader may see.

    job: with its task. caller: who reads with a login; None for the holder of a link, who changes nothing.
    link: what the reader came with; the addresses of the pictures carry it on.
    """
    task, now = job.task, clock.now()
    [standing] = report.standings([job]).values()
    if standing.is_final:
        # It may have ended between the two looks.
        task.refresh_from_db()
    found = [
        Group(number, name, [tile(job, image, standing, link=link) for image in images])
        for number, (name, images) in enumerate(report.by_category(job))
    ]
    images = [each.image for group in found for each in group.tiles]
    return Gallery(
        job=job,
        task=task,
        standing=standing,
        title=words.title(task),
        asked=_asked(job),
        state=Status.PROCESSING if standing.word == "processing" else Status(task.status),
        state_word=str((Status.PROCESSING if standing.word == "processing" else Status(task.status)).label),
        happening=_happening(task, standing),
        remaining=_remaining(job, standing, now),
        notes=picture_words.notes(images, is_sync=job.mode == Mode.SYNC),
        groups=found,
        zip_url=address("images-zip", job, link=link) if standing.done and standing.is_final else "",
        credit=picture_words.drawn_by(images),
        gone=measure.gone_in(task.kept_until, now) if task.kept_until and standing.done else "",
        failure=words.failed(task.error_type, task.error_code) if task.status == Status.FAILURE else None,
        page=address("images", job, link=link),
        may_cancel=not standing.is_final and card.may_change(caller, task, "jobs.cancel_task"),
        may_repeat=standing.is_final and card.may_change(caller, task, "jobs.retry_task"),
    )


def tile(job: ImageJob, image: MenuImage, standing: Standing, *, link: str = "") -> Tile:
    state, why = str(image.status), ""
    if image.status == PictureStatus.FAILED:
        why = picture_words.why_failed(image.error)
    elif image.status == PictureStatus.PENDING and standing.is_final:
        state, why = "failed", picture_words.why_failed(CANCELLED)
    return Tile(
        image=image,
        state=state,
        page=address("image-picture", job, image, link=link),
        small=address("image-small", job, image, link=link),
        alt=picture_words.alt(image),
        why=why,
    )


def address(name: str, job: ImageJob, image: MenuImage | None = None, *, link: str = "") -> str:
    """Return where a page of the job is, with the link that its reader came with."""
    place = {"job_id": job.job_id} | ({} if image is None else {"number": image.position + 1})
    return reverse(name, kwargs=place) + (f"?{urlencode({PARAMETER: link})}" if link else "")


def page_of(task: Task) -> str:
    """Return where people look at a task: pictures have a page of their own."""
    job = ImageJob.objects.filter(pk=task.pk).first() if task.function == FUNCTION else None
    return reverse("task", kwargs={"task_id": task.pk}) if job is None else address("images", job)


def _asked(job: ImageJob) -> str:
    count = ngettext("%(count)d dish", "%(count)d dishes", job.total_items) % {"count": job.total_items}
    named = [str(name) for name in job.categories[:NAMED_CATEGORIES]]
    if len(job.categories) > NAMED_CATEGORIES:
        named.append("…")
    return f"{count} · {', '.join(named)}"


def _happening(task: Task, standing: Standing) -> str:
    """Return the one line under the bar."""
    counts = {"ended": standing.done + standing.failed, "all": standing.items, "done": standing.done}
    if standing.word == "queued":
        return _("Waiting to be drawn") if card.has_workers() else _("Waiting for a worker to be there")
    if standing.word == "processing":
        return _("Drawing (%(ended)d / %(all)d)") % counts
    if standing.word == "cancelled":
        return _("Cancelled; %(done)d of %(all)d were drawn, and stay") % counts
    if standing.word == "failed":
        return _("Not one dish could be drawn")
    took = (task.completed_at - task.created_at).total_seconds() if task.completed_at else 0.0
    done = _("Done after %(time)s") % {"time": measure.seconds(took)}
    if not standing.failed:
        return done
    failed = ngettext("%(count)d dish without a picture", "%(count)d dishes without a picture", standing.failed)
    return f"{done} · {failed % {'count': standing.failed}}"


def _remaining(job: ImageJob, standing: Standing, now: datetime) -> str:
    if standing.is_final or (standing.word == "queued" and not card.has_workers()):
        return ""
    seconds = seconds_left(job, standing)
    return measure.left(now + timedelta(seconds=seconds), now) if seconds else ""
