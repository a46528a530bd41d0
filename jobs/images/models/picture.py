"""One dish of a job, and the picture that was made of it.

    pending -> done      the file is stored first, then the row says so
    pending -> failed    nothing could be drawn, or its time was over

Nothing leaves done or failed; each change is one conditional UPDATE, so of two that drew the same
dish one is the first, and the other takes its file away again (jobs/images/store.py).
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jobs.images.models.job import ImageJob

# In the storage; all names in one folder, since the storage alone decides what is taken.
FOLDER = "pictures"
CONTENT_TYPE = "image/png"


class PictureStatus(models.TextChoices):
    PENDING = "pending", _("waiting")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class MenuImage(models.Model):
    job = models.ForeignKey(ImageJob, on_delete=models.CASCADE, related_name="images")
    position = models.PositiveIntegerField(help_text=_("in the menu, from 0"))
    category = models.PositiveIntegerField(help_text=_("which of the job's categories, from 0"))
    japanese_name = models.CharField(_("dish"), max_length=1000)
    english_name = models.CharField(_("English name"), max_length=1000, blank=True)
    description = models.TextField(_("description"), blank=True)

    status = models.CharField(_("status"), max_length=8, choices=PictureStatus.choices, default=PictureStatus.PENDING)
    file = models.FileField(max_length=250, blank=True)
    bytes = models.PositiveIntegerField(default=0)
    width_pixels = models.PositiveIntegerField(default=0)
    height_pixels = models.PositiveIntegerField(default=0)
    provider = models.CharField(_("provider"), max_length=64, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    is_placeholder = models.BooleanField(_("illustration"), default=False)
    # Providers that were asked before the one that drew it: [{"provider", "why"}].
    skipped = models.JSONField(default=list)
    cost_usd = models.DecimalField(_("cost in USD"), max_digits=10, decimal_places=5, null=True, blank=True)
    error = models.CharField(_("error"), max_length=64, blank=True)
    seconds = models.FloatField(_("seconds"), null=True, blank=True, help_text=_("of drawing, without waiting"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["job", "position"]
        indexes = [
            # How much waits (estimate.py); what is made stays out of it.
            models.Index(fields=["job"], name="image_pending", condition=Q(status="pending")),
            # The statistics of a day, and how long the newest took.
            models.Index(fields=["ended_at"], name="image_ended", condition=Q(ended_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="one_picture_per_dish"),
            # GET /uploads/{name} looks it up.
            models.UniqueConstraint(fields=["file"], name="one_picture_per_file", condition=~Q(file="")),
            models.CheckConstraint(condition=Q(status__in=PictureStatus.values), name="image_status_known"),
            models.CheckConstraint(
                condition=Q(status="pending", ended_at__isnull=True)
                | (~Q(status="pending") & Q(ended_at__isnull=False)),
                name="image_end_has_a_moment",
            ),
            models.CheckConstraint(condition=~Q(status="failed") | ~Q(error=""), name="image_failure_has_a_code"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.position}"

    @property
    def name(self) -> str:
        """The file's name in `/uploads/`; empty before there is one."""
        return str(self.file.name or "").rpartition("/")[2]

    @property
    def content_type(self) -> str:
        return CONTENT_TYPE

    @property
    def etag(self) -> str:
        # A file never changes under its row.
        return f'"picture-{self.pk}"'
