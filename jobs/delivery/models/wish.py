"""What somebody wants to be told when a task ends. The end turns it into a delivery; until then it waits here."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Wish(models.Model):
    task = models.ForeignKey("jobs.Task", on_delete=models.CASCADE, related_name="wishes")
    kind = models.CharField(max_length=32)
    target = models.JSONField()
    receiver = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")

    def __str__(self) -> str:
        return f"{self.kind} after {self.task_id} #{self.pk}"
