"""A menu whose dishes are drawn: one row beside the task of the function `image`.

Made with the task, in one transaction (jobs/functions/image.py). Names and order of the categories
are a list here, because PostgreSQL's jsonb forgets in which order a mapping was written.
"""

import secrets
from datetime import UTC, datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.runtime.models import Task


class Mode(models.TextChoices):
    """Where the pictures are made."""

    QUEUE = "queue", _("by the workers")
    SYNC = "sync", _("in the web process")


class ImageJob(models.Model):
    task = models.OneToOneField(
        Task, primary_key=True, db_column="id", on_delete=models.CASCADE, related_name="image_job"
    )
    job_id = models.CharField(_("job"), max_length=40, unique=True, help_text="img_YYYYmmdd_HHMMSS_xxxxxx, UTC")
    # Of the task, once more: the history of an owner is one index.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("owner")
    )
    session_id = models.CharField(max_length=200, blank=True, help_text=_("as the client named it"))
    categories = models.JSONField(_("categories"), help_text=_("names, in the order of the menu"))
    mode = models.CharField(_("mode"), max_length=8, choices=Mode.choices, default=Mode.QUEUE)
    chunk_size = models.PositiveSmallIntegerField()
    total_items = models.PositiveIntegerField(_("dishes"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("picture job")
        verbose_name_plural = _("picture jobs")
        ordering = ["-pk"]
        indexes = [
            # GET /image/history: ids sort by time.
            models.Index(fields=["owner", "-task"], name="image_job_history"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name="image_job_mode_known"),
            models.CheckConstraint(condition=models.Q(chunk_size__gte=1), name="image_job_chunk_size"),
        ]

    def __str__(self) -> str:
        return self.job_id


def new_job_id(now: datetime) -> str:
    """Return `img_YYYYmmdd_HHMMSS_xxxxxx`, in UTC; the tail is 24 random bits, so two of one second may meet."""
    return f"img_{now.astimezone(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(3)}"
