"""The rows of the runtime: a Task, its Attempts, its Result, its Artifacts."""

from jobs.runtime.models.artifact import Artifact
from jobs.runtime.models.attempt import Attempt
from jobs.runtime.models.result import Result
from jobs.runtime.models.task import ErrorType, Priority, Source, Status, Task

__all__ = ["Artifact", "Attempt", "ErrorType", "Priority", "Result", "Source", "Status", "Task"]
