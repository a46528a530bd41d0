"""When a cron expression is due next, on the clock of a time zone, whatever that clock does in spring and autumn.

The rules are those of Debian's cron. An expression that names hours runs once for each: a time
that the spring night leaves out runs when the clock has jumped, a time that the autumn night has
twice runs at the first. An expression for every hour (`*` or `*/n` there) follows time as it
passes: it runs in both of the two hours, and makes up for none that was left out.

Five fields or an @alias. No I/O; croniter does the calendar on a clock without a zone.
Called by models/schedule.py.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

# "R" and "H" mean another moment at each reading.
MOVING = re.compile(r"(?<![a-z])[rh](?![a-z])", re.IGNORECASE)
# How far back the last due moment is looked for, nearest first, so that few steps find it.
LOOKED_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=366))
ONE_SECOND = timedelta(seconds=1)


class BadCron(ValueError):
    """No cron expression of five fields, or one that is never due."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        super().__init__(f"{expression!r} is no cron expression: minute hour day month weekday")


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name; raise ValueError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f"there is no time zone {name!r}") from None


def check(expression: str) -> None:
    """Raise BadCron when the expression cannot be read, or is due on no day."""
    _next_wall(expression, datetime(2024, 1, 1))  # noqa: DTZ001 - a clock without a zone


def next_after(expression: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first moment later than `after` (aware) at which the expression is due, in UTC. Raises BadCron."""
    find = _next_of_every_hour if _is_every_hour(expression) else _next_of_named_hours
    return find(expression, zone, after.astimezone(UTC))


def last_due(expression: str, zone: ZoneInfo, *, first: datetime, now: datetime) -> datetime:
    """Return the latest moment it was due, from `first`, itself one, to `now`."""
    for span in LOOKED_BACK:
        begin = max(first, now - span)
        found = first if begin == first else None
        moment = next_after(expression, zone, begin)
        while moment <= now:
            found, moment = moment, next_after(expression, zone, moment)
        if found is not None:
            return found
    return first


def _next_of_named_hours(expression: str, zone: ZoneInfo, after: datetime) -> datetime:
    wall = after.astimezone(zone).replace(tzinfo=None)
    while True:
        wall = _next_wall(expression, wall)
        # fold=0: of two equal times the first.
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != wall:
            # The clock never shows it; the offsets before and after the jump enclose the moment of the jump.
            moment = _change(zone, moment - timedelta(days=1), moment)
        if moment > after:
            return moment


def _next_of_every_hour(expression: str, zone: ZoneInfo, after: datetime) -> datetime:
    begin = after
    while True:
        offset = _offset(zone, begin)
        moment = _next_wall(expression, (begin + offset).replace(tzinfo=None)).replace(tzinfo=UTC) - offset
        if _offset(zone, moment) == offset:
            return moment
        # The clock changes before that: look again from the change on, which may itself be due.
        begin = _change(zone, begin, moment) - ONE_SECOND
        offset = _offset(zone, begin + ONE_SECOND)
        moment = _next_wall(expression, (begin + offset).replace(tzinfo=None)).replace(tzinfo=UTC) - offset
        if _offset(zone, moment) == offset:
            return moment
        begin += ONE_SECOND


def _change(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """Return the first second of the offset that holds at `late`, between two moments of different offsets."""
    old = _offset(zone, early)
    early, late = early.replace(microsecond=0), late.replace(microsecond=0)
    while late - early > ONE_SECOND:
        middle = early + timedelta(seconds=int((late - early).total_seconds()) // 2)
        if _offset(zone, middle) == old:
            early = middle
        else:
            late = middle
    return late


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _is_every_hour(expression: str) -> bool:
    fields = expression.split()
    return (len(fields) == 5 and fields[1].startswith("*")) or expression.strip() == "@hourly"


def _next_wall(expression: str, wall: datetime) -> datetime:
    is_readable = len(expression.split()) == 5 or expression.startswith("@")
    if not is_readable or MOVING.search(expression.removeprefix("@hourly")):
        raise BadCron(expression)
    try:
        found: datetime = croniter(expression, wall).get_next(datetime)
    except ValueError:  # croniter's own errors are ValueErrors
        raise BadCron(expression) from None
    return found
