"""What a task of the weather has made: its sound, and what it says. Called by whoever shows or brings it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from jobs.runtime.models import Artifact, Result


@dataclass
class Made:
    """said: the function's output (jobs/functions/weather.py); empty when it has made nothing, or was erased."""

    sound: Artifact | None = None
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return str(self.said.get("text", ""))

    @property
    def source(self) -> str:
        return str(self.said.get("source", ""))

    @property
    def seconds(self) -> float | None:
        length = self.said.get("duration_seconds")
        return float(length) if isinstance(length, int | float) else None


def by_tasks(task_ids: Iterable[UUID | None]) -> dict[UUID | None, Made]:
    """Return what each of these tasks has made, in two queries."""
    wanted = [each for each in task_ids if each is not None]
    made: dict[UUID | None, Made] = {each: Made() for each in wanted}
    for sound in Artifact.objects.filter(task_id__in=wanted):
        made[sound.task_id].sound = sound
    for result in Result.objects.filter(task_id__in=wanted):
        if isinstance(result.output, dict):
            made[result.task_id].said = result.output
    return made


def by_task(task_id: UUID | None) -> Made:
    return by_tasks([task_id]).get(task_id) or Made()
