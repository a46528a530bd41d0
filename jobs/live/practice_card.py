"""How a record stands: its state in a pill's words, how long it may still take, its newest score, what went wrong.

Called by the practice pages, for the list of a session and for the page of one record.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from jobs.access.caller import Caller
from jobs.live import card, measure
from jobs.live.card import Card
from jobs.live.practice_trend import Point
from jobs.live.practice_words import failed
from jobs.live.words import Sentences
from jobs.practice.models import IN_ANALYSIS, PracticeRecord
from jobs.runtime.models import Status


@dataclass(frozen=True)
class Standing:
    """
    state: as a pill's class names it; word: what stands in it. running: the card of its task, while that runs.

    score: of the newest result. why: what happened to the last analysis, when it failed.
    """

    record: PracticeRecord
    state: str
    word: str
    running: Card | None
    score: Point | None
    why: Sentences | None

    @property
    def may_analyse(self) -> bool:
        return self.running is None and bool(self.record.recording)

    @property
    def length(self) -> str:
        return measure.seconds(self.record.seconds)


def of(record: PracticeRecord, score: Point | None, *, caller: Caller) -> Standing:
    """record: with its task. caller: who looks."""
    task = record.task
    is_open = task is not None and record.status in IN_ANALYSIS and not task.is_final()
    running = card.of(task, caller=caller, base_url="") if task is not None and is_open else None
    state, word = _state(record, score)
    why = failed(task) if task is not None and not is_open and task.status == Status.FAILURE else None
    return Standing(record, state, word, running, score, why)


def _state(record: PracticeRecord, score: Point | None) -> tuple[str, str]:
    """Return the pill's class and word: the task's own, while it says more than the record does."""
    task = record.task
    if record.status in IN_ANALYSIS:
        status = Status(task.status) if task is not None and not task.is_final() else Status.PENDING
        return str(status), str(status.label)
    if task is not None and task.status in (Status.FAILURE, Status.CANCELLED):
        return str(task.status), str(Status(task.status).label)
    if score is not None:
        return str(Status.SUCCESS), str(Status.SUCCESS.label)
    return "recorded", _("recorded")
