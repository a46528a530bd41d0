"""The rows of the runtime: a Task, its Attempts, its Result, its Artifacts; and the queues that are paused."""

from jobs.runtime.models.artifact import Artifact
from jobs.runtime.models.attempt import Attempt
from jobs.runtime.models.pause import Pause
from jobs.runtime.models.result import Result
from jobs.runtime.models.task import ErrorType, Priority, Source, Status, Task

__all__ = ["Artifact", "Attempt", "ErrorType", "Pause", "Priority", "Result", "Source", "Status", "Task"]
