"""Each minute finds those whose time is an hour away: all of them, each once, also after an outage."""

import logging
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.announcements import due, edit
from jobs.announcements.models import Announcement, Condition, WeatherSubscription
from jobs.runtime import queue
from jobs.runtime.models import Source, Task
from tests.announcements.conftest import EVENING

pytestmark = pytest.mark.django_db(transaction=True)

DUE_AT = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
MORNING = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _queue(valkey):
    """Whatever is accepted is sent."""


def test_nobody_is_due_before_the_minute_comes(subscribe, at, caplog):
    subscribe()
    at(DUE_AT - timedelta(seconds=1))

    with caplog.at_level(logging.INFO, logger="jobs.announcements.due"):
        assert due.announce_due() == due.Found()

    assert "weather announcements due" in caplog.text
    assert not Task.objects.exists()


def test_who_is_due_gets_one_task_and_is_moved_to_the_next_day(owner, subscribe, at):
    subscribe()
    at(DUE_AT)

    found = due.announce_due()
    again = due.announce_due()

    assert (found, again) == (due.Found(due=1, queued=1), due.Found())
    (task,) = Task.objects.all()
    assert (task.function, task.source, task.idempotency_key) == (
        "weather_announcement",
        Source.SCHEDULE,
        f"weather:{owner.pk}:2026-11-23",
    )
    assert task.inputs["date"] == "2026-11-23"
    assert datetime.fromisoformat(task.inputs["announcement_at"]) == DUE_AT + timedelta(hours=1)
    assert queue.position_or_none(task) == 0
    row = Announcement.objects.get()
    assert (row.user, row.date, row.status, row.task) == (owner, MORNING, Condition.QUEUED, task)
    assert WeatherSubscription.objects.get().next_due_at == DUE_AT + timedelta(days=1)


def test_an_outage_is_made_up_for_until_the_time_has_passed_by_half_an_hour(subscribe, at):
    subscribe()
    at(DUE_AT + timedelta(minutes=89))

    assert due.announce_due() == due.Found(due=1, queued=1)


def test_what_is_later_than_that_is_missed_and_said_once(subscribe, at):
    subscribe()
    at(DUE_AT + timedelta(days=3, hours=3))  # Thursday's is past as well

    assert due.announce_due() == due.Found(due=1, missed=1)

    row = Announcement.objects.get()
    assert (row.date, row.status, row.error, row.task) == (MORNING, Condition.MISSED, "too_late", None)
    assert WeatherSubscription.objects.get().next_date == date(2026, 11, 27)


def test_after_days_of_silence_todays_is_made_when_there_is_still_time(subscribe, at):
    subscribe()
    at(DUE_AT + timedelta(days=2, minutes=30))

    first, second = due.announce_due(), due.announce_due()

    assert (first.missed, second.queued) == (1, 1)
    assert set(Announcement.objects.values_list("date", flat=True)) == {MORNING, date(2026, 11, 25)}


def test_a_subscription_made_anew_does_not_announce_a_day_twice(owner, subscribe, at):
    subscribe()
    at(DUE_AT)
    due.announce_due()

    edit.delete(owner)
    subscribe(announcement_time="08:00")
    WeatherSubscription.objects.update(next_due_at=DUE_AT, next_date=MORNING)  # as an older version might have said

    assert due.announce_due() == due.Found(due=1, taken=1)
    assert Task.objects.count() == 1


def test_who_may_not_log_in_any_more_hears_nothing(owner, subscribe, at):
    subscribe()
    owner.is_active = False
    owner.save()
    at(DUE_AT)

    assert due.announce_due().queued == 0
    assert WeatherSubscription.objects.get().next_due_at is None


def test_a_place_that_is_no_place_any_more_keeps_nobody_else(subscribe, stranger, at):
    subscribe(stranger, place="札幌市")
    subscribe()
    WeatherSubscription.objects.filter(user=stranger).update(place="消滅市")
    at(DUE_AT)

    assert due.announce_due().queued == 1
    row = Announcement.objects.get(user=stranger)
    assert (row.status, row.error) == (Condition.FAILED, "invalid_input")


def test_the_due_are_found_by_one_query_on_an_index(many, at):
    many(30)
    at(DUE_AT)

    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert due.announce_due() == due.Found(due=30, queued=30)

    about = [each["sql"] for each in asked if "announcements_weathersubscription" in each["sql"]]
    looks = [sql for sql in about if sql.startswith("SELECT")]
    assert len(looks) == 1
    # A batch moves on all that take the same step with one statement.
    assert len(about) == 2
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {looks[0]}")
            assert any("weather_due" in str(line) for line in cursor.fetchall())


def test_many_runs_at_once_make_each_announcement_once(many, at):
    many(40)
    at(DUE_AT)
    gate, found = threading.Barrier(6), []

    def run() -> None:
        gate.wait()
        try:
            found.append(due.announce_due())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(found) == 6
    assert sum(each.queued for each in found) == 40
    assert (Task.objects.count(), Announcement.objects.count()) == (40, 40)


@pytest.fixture
def many(django_user_model, at):
    """Subscribe so many people for 07:30 in Yokohama."""

    def make(count: int) -> None:
        users = django_user_model.objects.bulk_create(
            [django_user_model(username=f"early-{number}") for number in range(count)]
        )
        edit.save(users[0], edit.Wish(announcement_time="07:30", place="横浜市"))
        row = WeatherSubscription.objects.get()
        for user in users[1:]:
            row.pk, row.user = None, user
            row.save(force_insert=True)

    assert EVENING < DUE_AT
    return make
