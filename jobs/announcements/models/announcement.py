"""One announcement: of one user, for one local date. The row is what makes it one only.

    queued -> ready | failed          missed: the house was down until it was too late

Made by due.py, ended by ending.py in the transaction that ends its task.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Condition(models.TextChoices):
    QUEUED = "queued", _("being made")
    READY = "ready", _("made")
    FAILED = "failed", _("failed")
    MISSED = "missed", _("missed")


class Announcement(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="announcements", verbose_name=_("user")
    )
    date = models.DateField(_("date"), help_text=_("of the place's calendar"))
    announcement_at = models.DateTimeField(_("announced"))
    place = models.CharField(_("place"), max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Condition.choices, default=Condition.QUEUED)
    # The clean-up of tasks must not take the row along: it is what keeps a day from being announced twice.
    task = models.OneToOneField(
        "jobs.Task", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("task")
    )
    file = models.CharField(max_length=120, blank=True, help_text=_("its name in the storage"))
    deliver_to = models.JSONField(_("brought to"), default=list)
    error = models.CharField(_("error"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["announcement_at"], name="announcement_spoken"),  # cleanup.py
            models.Index(fields=["status", "-id"], name="announcement_status"),  # the admin's filter
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "date"], name="one_announcement_per_day"),
            models.CheckConstraint(condition=Q(status__in=Condition.values), name="announcement_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.date} of user {self.user_id}"
