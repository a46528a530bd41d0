"""What a successful task gave back. Written in the transaction that makes the task a success."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.runtime.models.task import Task


class Result(models.Model):
    task = models.OneToOneField(Task, primary_key=True, on_delete=models.CASCADE, related_name="result")
    output = models.JSONField()
    processing_seconds = models.FloatField()
    model_version = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("result")
        verbose_name_plural = _("results")
        indexes = [models.Index(fields=["created_at"], name="result_created")]

    def __str__(self) -> str:
        return f"result of {self.task_id}"
