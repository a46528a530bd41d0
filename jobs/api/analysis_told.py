"""What the analysis routes say of a task and of its result.

Called by analysis.py.
"""

from datetime import datetime, timedelta
from uuid import UUID

from jobs.api.practice_shapes import AnalysisDetail, AnalysisStatus
from jobs.api.practice_told import scores
from jobs.api.shapes import TaskError
from jobs.functions.analysis import STEPS
from jobs.live.describe import completion_estimate, step_of
from jobs.practice.models import AnalysisResult
from jobs.runtime import clock, queue
from jobs.runtime.models import Status as TaskStatus
from jobs.runtime.models import Task
from jobs.runtime.models.task import WAITING


def status_of(task: Task, record_id: UUID | None) -> AnalysisStatus:
    position = queue.position_or_none(task) if task.status in WAITING else None
    estimate = completion_estimate(task, position)
    return AnalysisStatus(
        task_id=task.pk,
        practice_record_id=record_id,
        status=TaskStatus(task.status),
        progress=task.progress,
        current_step=step_of(task),
        step=task.step,
        # How many there are is known before the first begins.
        total_steps=task.total_steps or len(STEPS),
        created_at=task.created_at,
        started_at=task.started_at,
        completed_at=task.completed_at,
        queue_position=position,
        estimated_completion_time=estimate,
        estimated_remaining_time=remaining(clock.now() if task.is_final() else estimate),
        worker_name=task.worker,
        error=None if task.error is None else TaskError(**task.error),
    )


def status_of_gone(result: AnalysisResult) -> AnalysisStatus:
    return AnalysisStatus(
        task_id=result.task_id,
        practice_record_id=result.record_id,
        status=TaskStatus.SUCCESS,
        progress=100,
        current_step="",
        step=len(STEPS),
        total_steps=len(STEPS),
        created_at=None,
        started_at=None,
        completed_at=result.completed_at,
        queue_position=None,
        estimated_completion_time=None,
        estimated_remaining_time="PT0S",
        worker_name="",
        error=None,
    )


def is_final(one: AnalysisStatus) -> bool:
    return one.completed_at is not None


def remaining(until: datetime | None) -> str | None:
    """Return the time from now as an ISO 8601 duration, in whole seconds: PT45S. None stays None."""
    if until is None:
        return None
    seconds = max(0, -(-(until - clock.now()) // timedelta(seconds=1)))
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    told = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if count)
    return f"PT{told or '0S'}"


def detail(result: AnalysisResult) -> AnalysisDetail:
    return AnalysisDetail(
        **scores(result).model_dump(),
        task_id=result.task_id,
        practice_record_id=result.record_id,
        detailed_analysis=result.detailed_analysis,
        sentence_analyses=result.sentence_analyses,
        suggestions=result.suggestions,
        improvement_areas=result.improvement_areas,
        statement=result.statement,
        model_version=result.model_version,
        parameters=result.parameters,
        processing_time_seconds=round(result.processing_seconds, 3),
    )
