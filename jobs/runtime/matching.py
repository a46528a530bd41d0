"""Which tasks match a filter of the admin's list: the same words give the same rows there and in a worker.

Status and function have an index of their own, and so has the moment of creation. Source and
queue have none: the list looks through at most LOOKED_THROUGH tasks of those that the filters
before them leave, the newest first; who walks all of them does it in pieces.

Called by admin/filters.py and the function `act_on_tasks`.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from pydantic import BaseModel, Field

from jobs.runtime.models import Status, Task
from jobs.runtime.models.task import FINAL
from jobs.runtime.searching import search

OPEN_WORD = "open"
# Of a filter's word; longer ones match nothing.
MAX_CHARACTERS = 255


class Matching(BaseModel, frozen=True):
    """The filters of the task list; an empty one asks for nothing."""

    status: str = Field(default="", max_length=16, description="a state, or `open`")
    function: str = Field(default="", max_length=64)
    source: str = Field(default="", max_length=16)
    queue: str = Field(default="", max_length=32)
    created_at_from: str = Field(default="", max_length=32, description="a day, in the house's time zone")
    created_at_to: str = Field(default="", max_length=32, description="a day, the last one that counts")
    q: str = Field(default="", max_length=MAX_CHARACTERS, description="what was searched for")

    def of(self, tasks: QuerySet[Task], *, reads_content: bool) -> QuerySet[Task]:
        """Return those of `tasks` that match; reads_content: whoever asks may search in what people sent."""
        tasks = between(with_status(tasks, self.status), "created_at", self.created_at_from, self.created_at_to)
        for name in ("function", "source", "queue"):
            if wanted := getattr(self, name):
                tasks = tasks.filter(**{name: wanted})
        return search(tasks, self.q, reads_content=reads_content)


class Bounds(BaseModel, frozen=True):
    """From one id to another, both included; ids grow with time, so what comes later stays outside."""

    first: UUID
    last: UUID


def with_status(tasks: QuerySet[Task], wanted: str | None) -> QuerySet[Task]:
    """Return those of a state; `open` stands for all states that are no end, an empty word for any."""
    if wanted == OPEN_WORD:
        return tasks.filter(status__in=[status for status in Status if status not in FINAL])
    return tasks.filter(status=wanted) if wanted else tasks


def between(rows: QuerySet[Any], column: str, first: str, last: str) -> QuerySet[Any]:
    """Return the rows of whole days in the house's time zone, both ends included; what is no day bounds nothing."""
    begin, end = _day(first), _day(last)
    if begin is not None:
        rows = rows.filter(**{f"{column}__gte": _midnight(begin)})
    if end is not None:
        rows = rows.filter(**{f"{column}__lt": _midnight(end + timedelta(days=1))})
    return rows


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None  # well formed, but no day: 2026-02-31
    # Beyond the years that a database and a time zone can carry.
    return day if day is not None and 1970 <= day.year < 9000 else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
