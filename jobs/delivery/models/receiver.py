"""Somebody that deliveries go to: how fast they may be sent there, and whether it answers at all."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.delivery.kinds import Rate


class Receiver(models.Model):
    name = models.CharField(_("receiver"), primary_key=True, max_length=200)
    # The theoretical arrival time of the generic cell rate algorithm: allowances are spent up to then.
    spent_until = models.DateTimeField(null=True, blank=True)
    resume_at = models.DateTimeField(_("left alone until"), null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text=_("rounds without an answer, in a row"))
    broken_answers = models.PositiveIntegerField(default=0, db_default=0, help_text=_("answers of 5xx, in a row"))
    failing_since = models.DateTimeField(_("silent since"), null=True, blank=True)
    used_at = models.DateTimeField()

    class Meta:
        verbose_name = _("receiver")
        verbose_name_plural = _("receivers")
        indexes = [
            # sweep.py passes over what is for those; the clean-up drops who was long not used.
            models.Index(fields=["resume_at"], name="receiver_resume", condition=models.Q(resume_at__isnull=False)),
            models.Index(fields=["used_at"], name="receiver_used"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_failing(self) -> bool:
        """True while the last thing it did was not to answer, or to answer that it is broken."""
        return self.failures > 0 or self.broken_answers > 0

    def spend(self, rate: Rate, *, now: datetime) -> datetime | None:
        """Use one allowance and return None, or return when there will be one. The caller saves the row."""
        step = timedelta(seconds=rate.per_seconds / rate.count)
        spent_until = max(self.spent_until or now, now)
        free_at = spent_until - (timedelta(seconds=rate.per_seconds) - step)
        if free_at > now:
            return free_at
        self.spent_until = spent_until + step
        return None
