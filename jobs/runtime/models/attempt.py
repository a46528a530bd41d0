"""One execution of a task, written when it ends; the running one is read from the task itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.runtime.models.task import ErrorType, Task

if TYPE_CHECKING:
    from jobs.runtime.retry import Failure


class Outcome(models.TextChoices):
    SUCCESS = "success", _("done")
    FAILURE = "failure", _("failed")
    RETRY = "retry", _("failed, retried")
    CANCELLED = "cancelled", _("cancelled")
    DIED = "died", _("worker died")
    STOPPED = "stopped", _("handed back")


class Attempt(models.Model):
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    error_type = models.CharField(max_length=32, blank=True, choices=ErrorType.choices)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    log = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="[[seconds since the start, level, sentence, fields], ...]",
    )

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["task", "number"], name="one_attempt_per_number")]

    def __str__(self) -> str:
        return f"{self.task_id} #{self.number}"

    @classmethod
    def record(
        cls,
        task: Task,
        *,
        worker: str,
        ended_at: datetime,
        outcome: Outcome,
        error: "Failure | None",
        log: Sequence[Any] = (),
    ) -> None:
        """Write down how the attempt that `task` was in ended, and what it said (run_log.py)."""
        cls.objects.create(
            task=task,
            number=task.attempt,
            worker=worker,
            started_at=task.started_at or ended_at,
            ended_at=ended_at,
            outcome=outcome,
            error_type=error.type if error else "",
            error_code=error.code if error else "",
            error_message=error.message if error else "",
            log=list(log),
        )
