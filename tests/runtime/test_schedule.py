"""A function with a period runs once per period in the whole house."""

from datetime import timedelta

import pytest

from jobs.runtime import schedule
from jobs.runtime.models import Source, Status, Task
from tests.runtime.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)


def finish_all():
    Task.objects.update(status=Status.SUCCESS, completed_at=NOON)


def test_a_period_is_fired_once_however_many_clusters_there_are(valkey):
    assert [schedule.fire_due(now=NOON), schedule.fire_due(now=NOON)] == [1, 0]

    task = Task.objects.get()
    assert (task.function, task.source, task.owner.username) == ("cleanup", Source.SCHEDULE, "system")


def test_the_next_period_is_fired_again(valkey):
    schedule.fire_due(now=NOON)
    finish_all()

    assert schedule.fire_due(now=NOON + timedelta(seconds=60)) == 1


def test_nothing_is_fired_while_the_last_one_still_runs(valkey):
    schedule.fire_due(now=NOON)

    assert schedule.fire_due(now=NOON + timedelta(seconds=60)) == 0


def test_periods_missed_while_nothing_ran_are_not_caught_up(valkey):
    schedule.fire_due(now=NOON)
    finish_all()

    assert schedule.fire_due(now=NOON + timedelta(days=1)) == 1
    assert Task.objects.count() == 2


def test_nobody_can_log_in_as_the_schedule():
    user = schedule.system_user()

    assert (user.is_active, user.has_usable_password(), user.is_staff) == (False, False, False)
