"""A file that a task made. Its bytes lie in Django's default storage, under a name made by us.

The row is written in the transaction that finishes the task, after the bytes are stored:
a half-written file has no row, so nobody can see it.
"""

from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.runtime.models.task import Task


def folder_of(task_id: UUID) -> str:
    """Return the storage folder that holds every file of a task, of whatever attempt."""
    # Two levels by the random tail, so that no folder grows without bound.
    return f"artifacts/{task_id.hex[-2:]}/{task_id.hex}"


class Artifact(models.Model):
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="artifacts")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=100)
    bytes = models.PositiveBigIntegerField()
    file = models.FileField(max_length=250)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("artifact")
        verbose_name_plural = _("artifacts")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["task", "name"], name="one_artifact_per_name")]

    def __str__(self) -> str:
        return f"{self.task_id}/{self.name}"
