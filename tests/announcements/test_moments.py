"""A time on a clock somewhere becomes one moment, or none, whatever daylight saving does to it."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jobs.announcements.moments import DAYS, Due, moment_of, next_due

NEW_YORK, LORD_HOWE, APIA = "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"
ZONES = ("Asia/Tokyo", NEW_YORK, LORD_HOWE, APIA, "UTC", "Asia/Kolkata", "Africa/Casablanca", "America/Scoresbysund")


@pytest.mark.parametrize(
    ("zone", "day", "clock", "moment"),
    [
        ("Asia/Tokyo", (2026, 11, 23), (7, 30), "2026-11-22T22:30"),
        ("Asia/Tokyo", (2026, 1, 1), (0, 0), "2025-12-31T15:00"),
        ("UTC", (2026, 11, 23), (0, 30), "2026-11-23T00:30"),
        # The gap of 8 March is 02:00 to 03:00: all of it is spoken at 03:00.
        (NEW_YORK, (2026, 3, 8), (1, 59), "2026-03-08T06:59"),
        (NEW_YORK, (2026, 3, 8), (2, 0), "2026-03-08T07:00"),
        (NEW_YORK, (2026, 3, 8), (2, 59), "2026-03-08T07:00"),
        (NEW_YORK, (2026, 3, 8), (3, 0), "2026-03-08T07:00"),
        # On 1 November 01:30 comes twice: the first time counts.
        (NEW_YORK, (2026, 11, 1), (1, 30), "2026-11-01T05:30"),
        (NEW_YORK, (2026, 11, 1), (2, 0), "2026-11-01T07:00"),
        # A gap of half an hour: 02:00 to 02:30.
        (LORD_HOWE, (2026, 10, 4), (2, 15), "2026-10-03T15:30"),
        (LORD_HOWE, (2026, 4, 5), (1, 45), "2026-04-04T14:45"),
        # Samoa went over the date line: 30 December 2011 was nowhere on its clocks.
        (APIA, (2011, 12, 29), (23, 59), "2011-12-30T09:59"),
        (APIA, (2011, 12, 30), (7, 30), None),
        (APIA, (2011, 12, 31), (7, 30), "2011-12-30T17:30"),
    ],
)
def test_a_time_on_a_clock_is_one_moment(zone, day, clock, moment):
    expected = None if moment is None else datetime.fromisoformat(moment).replace(tzinfo=UTC)

    assert moment_of(date(*day), time(*clock), ZoneInfo(zone)) == expected


def test_the_day_of_the_week_is_the_one_of_the_local_date():
    friday_in_utc = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)  # Saturday 05:00 in Tokyo

    due = next_due(time(5, 30), ZoneInfo("Asia/Tokyo"), ["sat"], after=friday_in_utc)

    assert due == Due(date(2026, 11, 21), datetime(2026, 11, 20, 20, 30, tzinfo=UTC))


def test_an_announcement_after_midnight_is_made_the_evening_before_for_its_own_date():
    due = next_due(time(0, 30), ZoneInfo("Asia/Tokyo"), DAYS, after=datetime(2026, 11, 22, 3, 0, tzinfo=UTC))

    assert (due.date, due.made_at) == (date(2026, 11, 23), datetime(2026, 11, 22, 14, 30, tzinfo=UTC))


def test_a_day_that_has_its_announcement_is_skipped():
    after = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)

    due = next_due(time(7, 30), ZoneInfo("UTC"), DAYS, after=after, skipping=[date(2026, 11, 22)])

    assert due.date == date(2026, 11, 23)


@given(
    zone=some.sampled_from(ZONES),
    clock=some.times().map(lambda each: each.replace(second=0, microsecond=0)),
    days=some.sets(some.sampled_from(DAYS), min_size=1),
    after=some.datetimes(datetime(2008, 1, 1), datetime(2037, 1, 1)),
)
def test_the_next_one_is_later_on_a_chosen_day_and_none_is_left_out(zone, clock, days, after):
    place, after = ZoneInfo(zone), after.replace(tzinfo=UTC)

    due = next_due(clock, place, days, after=after)

    assert due.at > after
    assert DAYS[due.date.weekday()] in days
    # Whatever chosen day lies between has had its moment before, or none.
    between = (moment_of(date.fromordinal(day), clock, place)
               for day in range(after.astimezone(place).date().toordinal() - 1, due.date.toordinal())
               if DAYS[date.fromordinal(day).weekday()] in days)  # fmt: skip
    assert all(moment is None or moment <= after for moment in between)
