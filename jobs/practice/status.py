"""How far a record's analysis is: moved by its task, one conditional UPDATE each.

The end of a task moves its record in the same transaction, and stores the result with it (result.py): the runtime's
`task_finished`. That it was accepted is stored with the task, too (`queue`, by the function's `on_accept`). When an
attempt begins the function says so itself (`start`), and a delayed retry is told after its commit.

Called by apps.py, the function `analysis` and retention.py.
"""

from typing import Any
from uuid import UUID

from jobs.engines.errors import InputRejected
from jobs.practice import result
from jobs.practice.models import ANALYSABLE, IN_ANALYSIS, PracticeRecord, RecordStatus
from jobs.runtime.models import Status, Task
from jobs.runtime.signals import task_changed, task_finished

FUNCTION = "analysis"
FIELD = "practice_record_id"
ALREADY_QUEUED = "already_queued"
UNKNOWN_RECORD = "unknown_record"
NO_RECORDING = "recording_gone"


def queue(record_id: UUID, task: Task) -> None:
    """
    Have a record wait for `task`, in the transaction that accepts the task.

    Raises InputRejected: unknown_record for one that is not the owner's, recording_gone, already_queued.
    """
    mine = PracticeRecord.objects.filter(pk=record_id, session__owner_id=task.owner_id)
    waiting = mine.filter(status__in=ANALYSABLE).exclude(recording="")
    if waiting.update(status=RecordStatus.AI_QUEUED, task=task):
        return
    record = mine.first()
    if record is None:
        raise InputRejected(FIELD, UNKNOWN_RECORD, "there is no such record")
    if not record.recording:
        raise InputRejected(FIELD, NO_RECORDING, "the recording is not kept any more")
    raise InputRejected(FIELD, ALREADY_QUEUED, "this record is being analysed already")


def start(task_id: UUID) -> None:
    """Say that an attempt has begun."""
    PracticeRecord.objects.filter(task=task_id, status=RecordStatus.AI_QUEUED).update(status=RecordStatus.AI_PROCESSING)


def _wait_again(sender: Any, *, task: Task, **_more: Any) -> None:
    if task.function == FUNCTION and task.status == Status.RETRY:
        running = PracticeRecord.objects.filter(task=task.pk, status=RecordStatus.AI_PROCESSING)
        running.update(status=RecordStatus.AI_QUEUED)


def _end(sender: Any, *, task: Task, **_more: Any) -> None:
    if task.function != FUNCTION:
        return
    is_done = task.status == Status.SUCCESS
    open_records = PracticeRecord.objects.filter(task=task.pk, status__in=IN_ANALYSIS)
    record_id = open_records.values_list("pk", flat=True).first()
    ended = open_records.update(status=RecordStatus.AI_ANALYZED if is_done else RecordStatus.RECORDED)
    # The record may have been deleted under its task.
    if ended and is_done and record_id is not None:
        result.store(record_id, task)


def listen() -> None:
    task_finished.connect(_end, weak=False, dispatch_uid="practice.status.end")
    task_changed.connect(_wait_again, weak=False, dispatch_uid="practice.status.retry")
