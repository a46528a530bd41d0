"""What an analysis gave a record. It belongs to the record and outlives its task, whose id it keeps."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jobs.practice.models.record import PracticeRecord
from jobs.runtime.identity import new_task_id

SCORES = ("overall_score", "pronunciation_accuracy", "fluency_score", "rhythm_score", "pitch_score", "completeness")


def _score(name: Any) -> Any:
    return models.DecimalField(
        name, max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )


class AnalysisResult(models.Model):
    id = models.UUIDField(primary_key=True, default=new_task_id, editable=False)
    record = models.ForeignKey(
        PracticeRecord, on_delete=models.CASCADE, related_name="results", verbose_name=_("practice record")
    )
    # No foreign key: the task goes after a week.
    task_id = models.UUIDField(unique=True)
    overall_score = _score(_("overall"))
    pronunciation_accuracy = _score(_("accuracy"))
    fluency_score = _score(_("fluency"))
    rhythm_score = _score(_("rhythm"))
    pitch_score = _score(_("pitch"))
    completeness = _score(_("completeness"))
    detailed_analysis = models.JSONField(help_text="phoneme_analysis, timing_analysis, pitch_analysis, caps")
    sentence_analyses = models.JSONField(default=list)
    suggestions = models.JSONField(default=list)
    improvement_areas = models.JSONField(default=list)
    statement = models.TextField(blank=True, help_text=_("what the scores are, for whoever shows them"))
    model_version = models.CharField(_("model"), max_length=200)
    processing_seconds = models.FloatField(_("seconds"))
    parameters = models.JSONField(default=dict)
    completed_at = models.DateTimeField(_("completed"))

    class Meta:
        verbose_name = _("analysis result")
        verbose_name_plural = _("analysis results")
        ordering = ["-completed_at", "-pk"]
        indexes = [
            # The newest of a record.
            models.Index(fields=["record", "-completed_at"], name="practice_result_record"),
            # The admin's list.
            models.Index(fields=["-completed_at"], name="practice_result_completed"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(**{f"{name}__range": (0, 100)}), name=f"practice_{name}_0_to_100")
            for name in SCORES
        ]

    def __str__(self) -> str:
        return f"result {self.pk}"
