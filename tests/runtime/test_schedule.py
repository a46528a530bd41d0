"""What is due is fired once in the whole house: declared periods, and the schedules of staff."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django_q.models
import django_q.tasks
import pytest
from django.core.exceptions import ValidationError
from pydantic import BaseModel

from jobs.runtime import cron, registry, schedule
from jobs.runtime.context import Context
from jobs.runtime.errors import NotFinished, ScheduleRefused
from jobs.runtime.models import Firing, Leader, Schedule, Source, Status, Task
from jobs.runtime.models.leader import LEADER_SECONDS
from jobs.runtime.models.schedule import CRON, FUNC, INTERVAL, ONCE, PAUSED, Outcome, Plan
from jobs.runtime.schedule import Periods
from tests.runtime.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


class Needy(BaseModel, frozen=True):
    word: str


def finish_all() -> None:
    Task.objects.update(status=Status.SUCCESS, completed_at=NOON)


Make = Callable[..., Schedule]


@pytest.fixture(autouse=True)
def one_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave one function with a period of its own, whatever rooms there are."""
    for spec in registry.every():
        if spec.every_seconds is not None and spec.name != "cleanup":
            monkeypatch.setitem(registry._functions, spec.name, replace(spec, every_seconds=None))


@pytest.fixture
def make() -> Make:
    """Make a schedule that is due at noon."""

    def make(**values: Any) -> Schedule:
        plan = {"function": "toy_echo", "inputs": {"word": "hello"}, "time_zone": "UTC"}
        plan |= {name: values.pop(name) for name in Plan.model_fields if name in values}
        row = {"name": "mine", "func": FUNC, "schedule_type": CRON, "cron": "* * * * *", "next_run": NOON}
        return Schedule.objects.create(**{**row, "kwargs": Plan(**plan).model_dump_json(), **values})

    return make


def mine() -> list[Task]:
    return list(Task.objects.filter(function="toy_echo"))


def outcomes() -> list[tuple[datetime, str]]:
    return list(Firing.objects.order_by("due_at").values_list("due_at", "outcome"))


# Declared periods


def test_a_period_is_fired_once_however_many_clusters_there_are(valkey: Any) -> None:
    fired = [schedule.fire_due(now=NOON, keeper="a"), Periods().fire(now=NOON)]

    assert fired == [1, 0]
    task = Task.objects.get()
    assert (task.function, task.source, task.owner.username) == ("cleanup", Source.SCHEDULE, "system")


def test_the_next_period_is_fired_again(valkey: Any) -> None:
    schedule.fire_due(now=NOON)
    finish_all()

    assert schedule.fire_due(now=NOON + MINUTE) == 1


def test_a_period_that_is_known_to_have_its_task_is_not_asked_for_again(
    valkey: Any, django_assert_num_queries: Any
) -> None:
    periods = Periods()
    Periods().fire(now=NOON)
    periods.fire(now=NOON)

    with django_assert_num_queries(0):
        assert periods.fire(now=NOON + timedelta(seconds=59)) == 0

    finish_all()
    assert periods.fire(now=NOON + MINUTE) == 1


def test_a_period_whose_last_run_goes_on_is_asked_for_again(valkey: Any) -> None:
    periods = Periods()
    periods.fire(now=NOON)

    fired = [periods.fire(now=NOON + MINUTE)]
    finish_all()
    fired += [periods.fire(now=NOON + MINUTE) for _look in range(2)]

    assert fired == [0, 1, 0]


def test_nothing_is_fired_while_the_last_one_still_runs(valkey: Any) -> None:
    schedule.fire_due(now=NOON)

    assert schedule.fire_due(now=NOON + MINUTE) == 0


def test_periods_missed_while_nothing_ran_are_not_caught_up(valkey: Any) -> None:
    schedule.fire_due(now=NOON)
    finish_all()

    assert schedule.fire_due(now=NOON + DAY) == 1
    assert Task.objects.count() == 2


def test_a_function_that_needs_an_input_does_not_keep_the_others(valkey: Any, make: Make) -> None:
    @registry.function("toy_needy", queue="bulk", timeout_seconds=5, every_seconds=60)
    def toy_needy(inputs: Needy, context: Context) -> Needy:
        return inputs

    make()
    try:
        fired = schedule.fire_due(now=NOON)
    finally:
        registry.forget("toy_needy")

    assert fired == 2
    assert set(Task.objects.values_list("function", flat=True)) == {"cleanup", "toy_echo"}


def test_nobody_can_log_in_as_the_schedule() -> None:
    user = schedule.system_user()

    assert (user.is_active, user.has_usable_password(), user.is_staff) == (False, False, False)


# One leader


def test_one_keeper_leads_and_the_other_takes_over_when_it_has_died(valkey: Any) -> None:
    soon, later = NOON + timedelta(seconds=LEADER_SECONDS - 1), NOON + timedelta(seconds=LEADER_SECONDS)

    assert Leader.take("test", holder="a", now=NOON)
    assert not Leader.take("test", holder="b", now=soon)
    assert Leader.take("test", holder="b", now=later)
    assert not Leader.take("test", holder="a", now=later)


def test_a_leader_that_goes_on_is_never_replaced(valkey: Any) -> None:
    for second in range(60):
        now = NOON + timedelta(seconds=second)
        assert Leader.take("test", holder="a", now=now)
        assert not Leader.take("test", holder="b", now=now)


def test_a_leader_that_died_before_the_clock_was_set_back_is_followed_at_once(valkey: Any) -> None:
    Leader.take("test", holder="a", now=NOON)
    earlier = NOON - timedelta(hours=1)

    assert Leader.take("test", holder="b", now=earlier)
    assert not Leader.take("test", holder="a", now=earlier)


def test_a_leader_that_lives_leads_on_when_the_clock_is_set_back(valkey: Any) -> None:
    Leader.take("test", holder="a", now=NOON)
    earlier = NOON - timedelta(hours=1)

    assert Leader.take("test", holder="a", now=earlier)
    assert not Leader.take("test", holder="b", now=earlier)


def test_who_does_not_lead_fires_nothing(valkey: Any, make: Make) -> None:
    make()
    Leader.take(schedule.DUTY, holder="a", now=NOON)

    assert schedule.fire_due(now=NOON, keeper="b") == 0
    assert Task.objects.count() == 0


# Rows


def test_a_due_schedule_makes_a_task_of_the_system_user(valkey: Any, make: Make) -> None:
    row = make(priority=2)

    assert schedule.fire_rows(now=NOON) == 1

    task = Task.objects.get()
    assert (task.function, task.inputs["word"], task.priority) == ("toy_echo", "hello", 2)
    assert (task.source, task.owner.username) == (Source.SCHEDULE, "system")
    assert task.idempotency_key == f"schedule:{row.pk}:{NOON.isoformat()}"
    row.refresh_from_db()
    assert (row.task_id(), row.next_run) == (task.pk, NOON + MINUTE)
    assert outcomes() == [(NOON, Outcome.STARTED)]


def test_nothing_is_fired_a_second_before_its_time(valkey: Any, make: Make) -> None:
    make()

    assert schedule.fire_rows(now=NOON - timedelta(seconds=1)) == 0


def test_two_leaders_with_the_same_row_in_hand_make_one_task(valkey: Any, make: Make) -> None:
    row = make()
    both = [Schedule.objects.get(pk=row.pk), Schedule.objects.get(pk=row.pk)]

    assert [schedule._fire(each, NOON) for each in both] == [True, False]
    assert len(mine()) == 1


def test_a_row_that_was_set_back_to_a_time_that_has_run_makes_no_second_task(valkey: Any, make: Make) -> None:
    row = make()
    schedule.fire_rows(now=NOON)
    finish_all()
    Schedule.objects.filter(pk=row.pk).update(next_run=NOON)

    assert schedule.fire_rows(now=NOON) == 0
    assert len(mine()) == 1


def test_a_time_at_which_the_last_run_has_not_ended_is_left_out_and_recorded(valkey: Any, make: Make) -> None:
    make()
    schedule.fire_rows(now=NOON)

    assert schedule.fire_rows(now=NOON + MINUTE) == 0
    finish_all()
    assert schedule.fire_rows(now=NOON + 2 * MINUTE) == 1

    assert [outcome for _due, outcome in outcomes()] == [Outcome.STARTED, Outcome.STILL_RUNNING, Outcome.STARTED]


def test_after_a_downtime_the_newest_time_is_made_up_for_and_no_other(valkey: Any, make: Make) -> None:
    row = make()
    back = NOON + DAY + timedelta(seconds=30)

    assert schedule.fire_rows(now=back) == 1
    finish_all()
    assert schedule.fire_rows(now=back) == 0

    assert outcomes() == [(NOON, Outcome.MISSED), (NOON + DAY, Outcome.STARTED)]
    row.refresh_from_db()
    assert row.next_run == NOON + DAY + MINUTE


def test_who_makes_nothing_up_leaves_out_what_is_late(valkey: Any, make: Make) -> None:
    row = make(cron="0 12 * * *", makes_up=False)

    assert schedule.fire_rows(now=NOON + timedelta(hours=3)) == 0

    assert outcomes() == [(NOON, Outcome.MISSED)]
    row.refresh_from_db()
    assert row.next_run == NOON + DAY


def test_who_makes_nothing_up_still_fires_what_is_a_moment_late(valkey: Any, make: Make) -> None:
    make(cron="0 12 * * *", makes_up=False)

    assert schedule.fire_rows(now=NOON + timedelta(seconds=20)) == 1


def test_an_interval_goes_on_from_its_first_time(valkey: Any, make: Make) -> None:
    row = make(schedule_type=INTERVAL, minutes=45, cron=None)

    schedule.fire_rows(now=NOON + timedelta(minutes=100))

    row.refresh_from_db()
    assert row.next_run == NOON + timedelta(minutes=135)
    assert outcomes() == [(NOON, Outcome.MISSED), (NOON + timedelta(minutes=90), Outcome.STARTED)]


def test_once_is_once(valkey: Any, make: Make) -> None:
    row = make(schedule_type=ONCE, cron=None)

    assert [schedule.fire_rows(now=NOON), schedule.fire_rows(now=NOON + DAY)] == [1, 0]

    row.refresh_from_db()
    assert row.next_run is None


def test_a_paused_schedule_is_not_fired(valkey: Any, make: Make) -> None:
    make(repeats=PAUSED)

    assert schedule.fire_rows(now=NOON) == 0
    assert outcomes() == []


def test_only_the_newest_firings_are_kept(valkey: Any, make: Make) -> None:
    row = make()

    for minute in range(Firing.KEPT + 5):
        Firing.record(row.pk, NOON + minute * MINUTE, Outcome.MISSED, now=NOON)

    assert Firing.objects.count() == Firing.KEPT
    assert Firing.objects.earliest("due_at").due_at == NOON + 5 * MINUTE


def test_what_one_schedule_does_wrong_does_not_keep_the_others(
    valkey: Any, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = make(inputs={"word": "broken"}, next_run=NOON - MINUTE), make()
    invoke = schedule.invoke

    def breaks(function: str, inputs: Any, **values: Any) -> Any:
        if inputs == {"word": "broken"}:
            raise RuntimeError("a mistake in a function's check")
        return invoke(function, inputs, **values)

    monkeypatch.setattr(schedule, "invoke", breaks)

    assert schedule.fire_rows(now=NOON) == 1
    assert Firing.objects.get(schedule=broken).outcome == Outcome.REFUSED
    assert Firing.objects.get(schedule=sound).outcome == Outcome.STARTED


# What is not ours

FOREIGN: dict[str, dict[str, Any]] = {
    "func": {"func": "os.system"},
    "a function's name as func": {"func": "toy_echo"},
    "hook": {"hook": "os.system"},
    "args": {"args": "('rm',)"},
    "cluster": {"cluster": "other"},
    "date": {"intended_date_kwarg": "word"},
    "no plan": {"kwargs": ""},
    "django-q2's own kwargs": {"kwargs": "word='x'"},
    "a plan with more": {"kwargs": '{"function": "toy_echo", "shell": "rm"}'},
    "an unknown zone": {"kwargs": '{"function": "toy_echo", "time_zone": "../../etc/passwd"}'},
    "a rhythm of django-q2": {"schedule_type": "D"},
    "a bad cron": {"cron": "61 * * * *"},
}


@pytest.mark.parametrize("values", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("door", ["ours", "django-q2's", "clean"])
def test_a_foreign_row_is_refused_when_it_is_saved(make: Make, values: dict[str, Any], door: str) -> None:
    row = make()
    kind = django_q.models.Schedule if door == "django-q2's" else Schedule
    same = kind.objects.get(pk=row.pk)
    for name, value in values.items():
        setattr(same, name, value)

    with pytest.raises(ValidationError):
        same.full_clean() if door == "clean" else same.save()


def test_the_package_s_own_way_to_make_a_schedule_is_refused() -> None:
    with pytest.raises(ValidationError):
        django_q.tasks.schedule("os.system", "true", schedule_type="O")

    assert Schedule.objects.count() == 0


@pytest.mark.parametrize("values", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_row_that_came_by_the_back_door_is_set_aside(
    valkey: Any, make: Make, values: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    row = make()
    Schedule.objects.filter(pk=row.pk).update(**values)

    assert [schedule.fire_rows(now=NOON), schedule.fire_rows(now=NOON)] == [0, 0]

    row.refresh_from_db()
    assert (Task.objects.count(), row.is_paused(), bool(row.refusal())) == (0, True, True)
    assert outcomes() == [(NOON, Outcome.REFUSED)]
    assert [record.levelname for record in caplog.records if record.message == "schedule was due"] == ["WARNING"]


def test_a_function_that_has_left_the_code_is_set_aside(valkey: Any, make: Make) -> None:
    row = make(function="long_gone")

    assert schedule.fire_rows(now=NOON) == 0

    assert schedule.refusal(row) == "unknown_function"
    assert Firing.objects.get().reason == "unknown_function"


def test_input_that_does_not_fit_any_more_is_recorded_by_its_field(valkey: Any, make: Make) -> None:
    row = make(inputs={"word": ["a secret"]})

    assert schedule.fire_rows(now=NOON) == 0

    firing = Firing.objects.get()
    assert (firing.outcome, firing.reason) == (Outcome.REFUSED, "invalid_input: word")
    row.refresh_from_db()
    assert row.next_run == NOON + MINUTE


# Run now


def test_run_now_is_for_the_person_and_changes_no_time(valkey: Any, make: Make, owner: Any) -> None:
    row = make(repeats=PAUSED)

    task = schedule.run_now(row, actor=owner).task

    row.refresh_from_db()
    assert (task.owner, task.source, row.task_id(), row.next_run) == (owner, Source.ADMIN, task.pk, NOON)


def test_run_now_waits_for_the_last_run(valkey: Any, make: Make, owner: Any) -> None:
    row = make()
    schedule.run_now(row, actor=owner)
    row.refresh_from_db()

    with pytest.raises(NotFinished):
        schedule.run_now(row, actor=owner)


def test_run_now_refuses_what_is_not_ours(valkey: Any, make: Make, owner: Any) -> None:
    row = make()
    Schedule.objects.filter(pk=row.pk).update(func="os.system")
    row.refresh_from_db()

    with pytest.raises(ScheduleRefused):
        schedule.run_now(row, actor=owner)


# Clocks that are put forward and back


def due(expression: str, begin: str, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    moment = datetime.fromisoformat(begin).replace(tzinfo=zone)
    times = []
    for _ in range(count):
        moment = cron.next_after(expression, zone, moment)
        times.append(moment.astimezone(zone).strftime("%d %H:%M %z"))
    return times


def test_a_time_that_the_spring_night_lacks_comes_once_when_the_clock_has_jumped() -> None:
    assert due("30 2 * * *", "2026-03-28T12:00", 2) == ["29 03:00 +0200", "30 02:30 +0200"]


def test_a_time_that_the_autumn_night_has_twice_comes_once() -> None:
    assert due("30 2 * * *", "2026-10-24T12:00", 2) == ["25 02:30 +0200", "26 02:30 +0100"]


def test_every_half_hour_goes_on_through_both_nights() -> None:
    assert due("*/30 * * * *", "2026-03-29T01:00", 2) == ["29 01:30 +0100", "29 03:00 +0200"]
    assert due("*/30 * * * *", "2026-10-25T01:30", 5) == [
        "25 02:00 +0200", "25 02:30 +0200", "25 02:00 +0100", "25 02:30 +0100", "25 03:00 +0100",
    ]  # fmt: skip


def test_midnight_that_a_zone_lacks_comes_at_one() -> None:
    times = due("0 0 * * *", "2024-09-07T12:00", 2, ZoneInfo("America/Santiago"))

    assert times == ["08 01:00 -0300", "09 00:00 -0300"]


@pytest.mark.parametrize(("night", "at"), [("2026-03-28", "01:00"), ("2026-10-24", "00:30")])
def test_half_past_two_is_fired_once_in_the_nights_that_change_the_clock(
    valkey: Any, make: Make, night: str, at: str
) -> None:
    begin = datetime.fromisoformat(f"{night}T12:00").replace(tzinfo=BERLIN).astimezone(UTC)
    first = cron.next_after("30 2 * * *", BERLIN, begin)
    make(cron="30 2 * * *", time_zone="Europe/Berlin", next_run=first)

    for minute in range(18 * 60):
        schedule.fire_rows(now=begin + minute * MINUTE)
        Task.objects.update(status=Status.SUCCESS, completed_at=NOON)

    assert [when.strftime("%H:%M") for when, _outcome in outcomes()] == [at]
    assert len(mine()) == 1


@pytest.mark.parametrize("expression", ["", "bad", "* * * *", "* * * * * *", "0 24 * * *", "0 0 30 2 *", "R * * * *",
                                        "H H * * *", "@reboot"])  # fmt: skip
def test_what_is_no_cron_or_never_due_is_refused(expression: str) -> None:
    with pytest.raises(cron.BadCron):
        cron.check(expression)


@pytest.mark.parametrize("expression", ["* * * * *", "0 7 * * mon-fri", "@daily", "@hourly", "0 0 29 2 *"])
def test_a_cron_of_five_fields_or_an_alias_is_taken(expression: str) -> None:
    cron.check(expression)


def test_a_declared_period_begins_at_the_same_moment_in_every_house() -> None:
    assert schedule.period_of(60, NOON + timedelta(seconds=59)) == NOON
    assert registry.get("cleanup").every_seconds == 60
