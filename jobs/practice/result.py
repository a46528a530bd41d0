"""Keep what an analysis gave, beside its record, in the transaction that ends its task.

Called by status.py.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from jobs.practice.models import AnalysisResult
from jobs.practice.models.analysis import SCORES
from jobs.runtime.models import Result, Task

PARAMETERS = ("analysis_type", "include_suggestions", "model_version", "feedback_language")
TEXTS = ("detailed_analysis", "sentence_analyses", "suggestions", "improvement_areas", "statement")


def store(record_id: UUID, task: Task) -> AnalysisResult:
    """Return the row made of what the function gave back, which lies in the task's own result already."""
    made = Result.objects.get(task_id=task.pk)
    output: dict[str, Any] = made.output
    return AnalysisResult.objects.create(
        record_id=record_id,
        task_id=task.pk,
        **{name: Decimal(str(output[name])).quantize(Decimal("0.01")) for name in SCORES},
        **{name: output[name] for name in TEXTS},
        model_version=made.model_version,
        processing_seconds=made.processing_seconds,
        parameters={name: task.inputs.get(name) for name in PARAMETERS},
        completed_at=task.completed_at or made.created_at,
    )
