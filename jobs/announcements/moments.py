"""When an announcement is due: from a wall clock in some zone, on some days of the week, to one moment in UTC.

A time that daylight saving leaves out is the first moment after the gap; one that comes twice is its first coming.
A date that a zone's calendar left out altogether (Samoa, 30 December 2011) has no announcement. Days of the week
are those of the local date of the announcement, whatever the date is in UTC or when it is made.

Called by edit.py and due.py.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# So long before the announcement it is made: room for providers that are away, and for ten thousand others.
AHEAD = timedelta(hours=1)
# What could not be made in time is made up for until here; later than this nobody is waiting for it any more.
LATE = timedelta(minutes=30)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A week, and some more for dates that are left out or announced already.
_LOOKED_AT_DAYS = 16


@dataclass(frozen=True)
class Due:
    """date: the local one of the announcement; at: when it is spoken, in UTC."""

    date: date
    at: datetime

    @property
    def made_at(self) -> datetime:
        return self.at - AHEAD


def moment_of(day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    """Return when the clocks of `zone` show `clock` on `day`, in UTC; None for a date that they never showed."""
    wall = datetime.combine(day, clock)
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # In a gap: with fold=1 the offset of after it counts, which gives a moment before it.
    change = _first_after(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment, zone)
    before, after = (change - timedelta(seconds=1)).astimezone(zone), change.astimezone(zone)
    return change if day in (before.date(), after.date()) else None


def _first_after(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second between two moments, in UTC, at which the zone's clocks are as they are at the latter."""
    low, high = int(before.timestamp()), int(after.timestamp())
    offset = after.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)


def next_due(
    clock: time, zone: ZoneInfo, days: Collection[str], *, after: datetime, skipping: Collection[date] = ()
) -> Due | None:
    """
    Return the first announcement that is spoken later than `after`; None when there is none within two weeks.

    skipping: local dates that have theirs already.
    """
    first = after.astimezone(zone).date() - timedelta(days=1)
    for ahead in range(_LOOKED_AT_DAYS):
        day = first + timedelta(days=ahead)
        if DAYS[day.weekday()] not in days or day in skipping:
            continue
        at = moment_of(day, clock, zone)
        if at is not None and at > after:
            return Due(day, at)
    return None
