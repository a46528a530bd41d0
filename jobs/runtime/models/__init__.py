"""The rows of the runtime: a Task, its Attempts, Result, Artifacts and Uploads; Schedules; the paused queues."""

from jobs.runtime.models.artifact import Artifact
from jobs.runtime.models.attempt import Attempt
from jobs.runtime.models.leader import Leader
from jobs.runtime.models.pause import Pause
from jobs.runtime.models.result import Result
from jobs.runtime.models.schedule import Firing, Schedule
from jobs.runtime.models.task import ErrorType, Priority, Source, Status, Task
from jobs.runtime.models.upload import Upload

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
    "Upload",
]
