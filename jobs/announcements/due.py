"""Find whose announcement is due, and have all of them made: one look by one index, then batch by batch.

A batch is one transaction: its subscriptions are moved on by a conditional UPDATE on the moment that was read, and the
tasks and announcements of those that were moved are stored with it. So of many runs at once one makes a user's
announcement, and one that dies leaves what it has not moved to the next. An announcement whose time has passed by
more than moments.LATE is not made any more; its row says `missed`.

Called by the function `weather_due` each minute.
"""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from jobs.announcements import moments
from jobs.announcements.models import Announcement, Condition, WeatherSubscription
from jobs.announcements.moments import AHEAD, LATE
from jobs.runtime import clock
from jobs.runtime.errors import InvalidInput
from jobs.runtime.gate import writing
from jobs.runtime.identity import new_task_id
from jobs.runtime.invoke import store_prepared
from jobs.runtime.models import Source, Task
from jobs.runtime.preparing import Asked, prepare_alike
from jobs.runtime.rows import insert_many

logger = logging.getLogger(__name__)

FUNCTION = "weather_announcement"
# In one transaction: a tenth of a second on SQLite, for which other writers wait.
BATCH = 1000
# In one run; a minute later comes the next.
MAX_FOUND = 20_000
COLUMNS = (
    "id",
    "user_id",
    "user__is_active",
    "announcement_time",
    "time_zone",
    "place",
    "is_by_coordinates",
    "latitude",
    "longitude",
    "voice",
    "next_due_at",
    "next_date",
)
# Read as they are written: of ten thousand rows nearly all say the same, which is parsed once.
AS_TEXT = {"days_text": Cast("days", TextField()), "deliver_to_text": Cast("deliver_to", TextField())}
# Of these, equal values become one object: rows.py asks how a value is stored once for each object.
ALIKE = ("announcement_time", "time_zone", "place", "voice", "next_due_at", "next_date", "days_text", "deliver_to_text")
QUEUED = {"status": Condition.QUEUED.value, "error": ""}
MISSED = {"status": Condition.MISSED.value, "error": "too_late"}
FAILED = {"status": Condition.FAILED.value, "error": "invalid_input"}
# What decides the next moment of a subscription.
STEP = ("next_due_at", "next_date", "announcement_time", "time_zone", "days_text", "user__is_active")
# Of those who are due, all that their announcement depends on.
TOLD_APART = (
    "place",
    "is_by_coordinates",
    "latitude",
    "longitude",
    "time_zone",
    "next_date",
    "voice",
    "next_due_at",
)


@dataclass(frozen=True)
class Found:
    """What a run came upon: `queued` are being made now, `missed` were too late, `taken` by another run."""

    due: int = 0
    queued: int = 0
    missed: int = 0
    taken: int = 0

    def plus(self, *, queued: int, missed: int, taken: int) -> "Found":
        return replace(self, queued=self.queued + queued, missed=self.missed + missed, taken=self.taken + taken)


def announce_due() -> Found:
    """Have every announcement made that is due by the clock of the house."""
    now = clock.now()
    rows = _due(now)
    found = Found(due=len(rows))
    for start in range(0, len(rows), BATCH):
        found = _settle(found, rows[start : start + BATCH], now)
    # No id and no place: who listens to the weather where is theirs.
    logger.info(
        "weather announcements due",
        extra={"due": found.due, "queued": found.queued, "missed": found.missed, "taken": found.taken},
    )
    return found


def _due(now: datetime) -> list[dict[str, Any]]:
    """Return who is due, the earliest first, by one query on its index."""
    due = WeatherSubscription.objects.filter(next_due_at__lte=now).order_by("next_due_at", "id")
    rows = list(due.values(*COLUMNS, **AS_TEXT)[:MAX_FOUND])
    one: dict[Any, Any] = {}
    for row in rows:
        for name in ALIKE:
            row[name] = one.setdefault(row[name], row[name])
    return rows


def _settle(found: Found, rows: Sequence[dict[str, Any]], now: datetime) -> Found:
    with writing(), transaction.atomic():
        mine = [row for row in _moved_on(rows, now) if row["user__is_active"]]
        made = _made_already(mine)
        new = [row for row in mine if (row["user_id"], row["next_date"]) not in made]
        tasks = _tasks([row for row in new if not _is_late(row, now)], now)
        announcements = _announcements(new, now, tasks)
        store_prepared(list(tasks.values()))
        insert_many(Announcement, announcements)
    counts = Counter(each["status"] for each in announcements)
    return found.plus(queued=counts[Condition.QUEUED], missed=counts[Condition.MISSED], taken=len(rows) - len(new))


def _moved_on(rows: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Set the next moment of each of `rows`; return those that stood where they were read, and so are ours."""
    # Most of those who are due in a minute take the same step.
    return [row for alike in _grouped(rows, STEP) for row in _take(alike, now)]


def _grouped(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[list[dict[str, Any]]]:
    """Return the rows in groups that have the same values under these names."""
    key, groups = itemgetter(*names), defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return list(groups.values())


def _take(alike: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    first = alike[0]
    due = _following(first, now) if first["user__is_active"] else None
    standing = WeatherSubscription.objects.filter(next_due_at=first["next_due_at"])
    values = {"next_due_at": due.made_at if due else None, "next_date": due.date if due else None}
    point = transaction.savepoint()
    moved = standing.filter(pk__in=[row["id"] for row in alike]).update(**values)
    if moved == len(alike):
        transaction.savepoint_commit(point)
        return alike
    # Another run, or the subscriber, was at some of them: then one by one, to know which.
    transaction.savepoint_rollback(point)
    return [row for row in alike if moved and standing.filter(pk=row["id"]).update(**values)]


def _following(row: dict[str, Any], now: datetime) -> moments.Due | None:
    # Not before `now`: of days that were missed altogether, only the first is told as missed.
    after = max(row["next_due_at"] + AHEAD, now - LATE)
    zone, days = ZoneInfo(row["time_zone"]), json.loads(row["days_text"])
    return moments.next_due(row["announcement_time"], zone, days, after=after, skipping={row["next_date"]})


def _made_already(rows: Sequence[dict[str, Any]]) -> set[tuple[int, date]]:
    """Return the days that have their announcement: a subscription was deleted and made anew, or its zone changed."""
    known = Announcement.objects.filter(
        user_id__in=[row["user_id"] for row in rows], date__in={row["next_date"] for row in rows}
    )
    return set(known.values_list("user_id", "date"))


def _tasks(rows: Sequence[dict[str, Any]], now: datetime) -> dict[int, Task]:
    """Return the tasks that make these, by subscription, not stored yet; none for what nobody can make."""
    made: dict[int, Task] = {}
    # Ten thousand who are due in a minute live in some hundred places.
    for some in _grouped(rows, TOLD_APART):
        day = some[0]["next_date"].isoformat()
        asked = [
            Asked(
                task_id=new_task_id(),
                owner_id=row["user_id"],
                order_key=f"user:{row['user_id']}",
                idempotency_key=f"weather:{row['user_id']}:{day}",
            )
            for row in some
        ]
        try:
            tasks = prepare_alike(FUNCTION, _inputs(some[0], now), asked, source=Source.SCHEDULE)
        except InvalidInput as error:
            # A voice of a service that has gone, a place whose name has changed: the others must not pay for it.
            fields = [each.field for each in error.errors]
            logger.warning("announcements cannot be asked for", extra={"fields": fields, "count": len(some)})
            continue
        made |= zip((row["id"] for row in some), tasks, strict=True)
    return made


def _inputs(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    spoken_at = row["next_due_at"] + AHEAD
    where = {name: row[name] for name in ("latitude", "longitude")} if row["is_by_coordinates"] else {}
    return {
        "place": row["place"],
        **where,
        "time_zone": row["time_zone"],
        "date": row["next_date"],
        "voice": row["voice"],
        "announcement_at": spoken_at,
        # What is made up for after an outage of ours has the bound past its time.
        "give_up_at": spoken_at if now < spoken_at else spoken_at + LATE,
    }


def _announcements(rows: Sequence[dict[str, Any]], now: datetime, tasks: Mapping[int, Task]) -> list[dict[str, Any]]:
    """Return the rows of the announcements, for insert_many(); `tasks`: who makes them, by subscription."""
    made: list[dict[str, Any]] = []
    for some in _grouped(rows, ("next_due_at", "next_date", "place", "deliver_to_text")):
        first = some[0]
        same = {
            "date": first["next_date"],
            "announcement_at": first["next_due_at"] + AHEAD,
            "place": first["place"],
            "file": "",
            "deliver_to": json.loads(first["deliver_to_text"]),
            "created_at": now,
        }
        unmade = MISSED if _is_late(first, now) else FAILED
        for row in some:
            task = tasks.get(row["id"])
            state = {**unmade, "ended_at": now} if task is None else {**QUEUED, "ended_at": None}
            made.append({"user_id": row["user_id"], "task_id": task and task.id, **same, **state})
    return made


def _is_late(row: dict[str, Any], now: datetime) -> bool:
    due_at: datetime = row["next_due_at"]
    return due_at + AHEAD + LATE <= now
