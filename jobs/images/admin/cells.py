"""What the lists of jobs and pictures have in common: pills, thumbnails, money. All values are escaped."""

from decimal import Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from jobs.access import links
from jobs.images.models import MenuImage, PictureStatus
from jobs.runtime.admin import figures

# In the look of the tasks' states.
PILLS = {PictureStatus.PENDING: "pending", PictureStatus.DONE: "success", PictureStatus.FAILED: "failure"}
JOB_PILLS = {
    "queued": "pending",
    "processing": "processing",
    "completed": "success",
    "failed": "failure",
    "cancelled": "cancelled",
}
JOB_WORDS: dict[str, Any] = {
    "queued": _("waiting"),
    "processing": _("processing"),
    "completed": _("done"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
}


def pill(image: MenuImage) -> str:
    status = PictureStatus(image.status)
    return format_html('<span class="pill pill-{}">{}</span>', PILLS[status], status.label)


def job_pill(word: str) -> str:
    return format_html('<span class="pill pill-{}">{}</span>', JOB_PILLS[word], JOB_WORDS[word])


def thumbnail(image: MenuImage) -> str:
    """Return a small picture that leads to the whole; a dash when there is none."""
    if not image.file:
        return figures.NOTHING
    url = links.picture_url(image.name)
    # The column is never wider: the attributes keep the rows still while pictures arrive.
    return format_html(
        '<a href="{}"><img src="{}" alt="{}" width="64" height="64" loading="lazy" decoding="async"></a>',
        url,
        url,
        image.japanese_name,
    )


def money(cost: Decimal | None) -> str:
    return figures.NOTHING if cost is None else f"$ {cost:.3f}"


def seconds(value: float | None) -> str:
    return figures.NOTHING if value is None else figures.seconds(value)
