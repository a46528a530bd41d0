"""The rows of the runtime: a Task, its Attempts, Result and Artifacts; Schedules; the queues that are paused."""

from jobs.runtime.models.artifact import Artifact
from jobs.runtime.models.attempt import Attempt
from jobs.runtime.models.leader import Leader
from jobs.runtime.models.pause import Pause
from jobs.runtime.models.result import Result
from jobs.runtime.models.schedule import Firing, Schedule
from jobs.runtime.models.task import ErrorType, Priority, Source, Status, Task

__all__ = [
    "Artifact",
    "Attempt",
    "ErrorType",
    "Firing",
    "Leader",
    "Pause",
    "Priority",
    "Result",
    "Schedule",
    "Source",
    "Status",
    "Task",
]
