"""Staff make schedules, pause them, run them now, and see what became of them; what is not ours is shown refused."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.contrib.messages import get_messages

from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock, schedule
from jobs.runtime.models import Firing, Schedule, Source, Task
from jobs.runtime.models.schedule import CRON, FUNC, INTERVAL, ONCE, PAUSED, Outcome, Plan
from tests.runtime.admin_site import PAYLOAD, client_of, person
from tests.runtime.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/jobs/schedule/"
ADD = f"{LIST}add/?function=toy_echo"
RIGHTS = ("jobs.view_schedule", "jobs.add_schedule", "jobs.change_schedule", "jobs.delete_schedule")

FORM = {
    "name": "mornings", "input_word": "hello", "input_seconds": "0", "input_times": "1", "priority": "2",
    "rhythm": CRON, "cron": "30 7 * * *", "minutes": "", "moment": "", "time_zone": "Europe/Berlin", "makes_up": "on",
}  # fmt: skip


@pytest.fixture
def client(valkey: redis.Redis, staff: Any) -> Any:
    return client_of(staff)


@pytest.fixture
def make() -> Callable[..., Schedule]:
    def make(**values: Any) -> Schedule:
        plan = Plan(function="toy_echo", inputs={"word": "hello"}, time_zone="Europe/Berlin").model_dump_json()
        later = clock.now().replace(microsecond=0) + timedelta(days=1)
        row = {"name": "mine", "func": FUNC, "kwargs": plan, "schedule_type": CRON, "cron": "30 7 * * *"}
        return Schedule.objects.create(**{**row, "next_run": later, **values})

    return make


def page_of(row: Schedule) -> str:
    return f"{LIST}{row.pk}/change/"


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def select(client: Any, action: str, *rows: Schedule) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [str(row.pk) for row in rows]})


# Making one


def test_adding_begins_with_the_choice_of_a_function(client: Any) -> None:
    content = client.get(f"{LIST}add/").content.decode()

    assert f'href="{LIST}add/?function=toy_echo"' in content


def test_a_schedule_is_made_as_ours_with_its_next_run(client: Any, staff: Any) -> None:
    answer = client.post(ADD, FORM)

    row = Schedule.objects.get()
    assert answer.status_code == 302
    assert row.plan() == Plan(
        function="toy_echo", inputs={"word": "hello", "seconds": 0.0, "times": 1}, time_zone="Europe/Berlin", priority=2
    )
    assert (row.func, row.hook, row.args, row.cluster, row.schedule_type) == (FUNC, None, None, None, CRON)
    assert row.next_run is not None
    assert clock.now() < row.next_run <= clock.now() + timedelta(days=1, hours=1)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.details) == (Action.SCHEDULE_MADE, staff, {"function": "toy_echo"})


def test_what_was_made_is_fired(client: Any) -> None:
    client.post(ADD, FORM)
    row = Schedule.objects.get()

    assert schedule.fire_rows(now=row.next_run) == 1
    assert Task.objects.get().inputs["word"] == "hello"


def test_an_interval_and_a_moment(client: Any) -> None:
    client.post(ADD, FORM | {"name": "often", "rhythm": INTERVAL, "minutes": "15"})
    client.post(ADD, FORM | {"name": "once", "rhythm": ONCE, "moment": "2099-07-01T12:00:30"})

    often, once = Schedule.objects.get(name="often"), Schedule.objects.get(name="once")
    assert timedelta(minutes=14) < often.next_run - clock.now() <= timedelta(minutes=15)
    assert (often.minutes, often.cron) == (15, None)
    assert once.next_run.isoformat() == "2099-07-01T10:00:30+00:00"


BAD = {
    "name": ({"name": ""}, "name"),
    "the function's input": ({"input_word": "x" * 21}, "input_word"),
    "cron": ({"cron": "61 * * * *"}, "cron"),
    "no cron": ({"cron": ""}, "cron"),
    "never due": ({"cron": "0 0 30 2 *"}, "cron"),
    "no minutes": ({"rhythm": INTERVAL}, "minutes"),
    "no minutes at all": ({"rhythm": INTERVAL, "minutes": "0"}, "minutes"),
    "no moment": ({"rhythm": ONCE}, "moment"),
    "a bad moment": ({"rhythm": ONCE, "moment": "soon"}, "moment"),
    "a moment that has passed": ({"rhythm": ONCE, "moment": "2020-01-01T00:00"}, "moment"),
    "zone": ({"time_zone": "Mars/Base"}, "time_zone"),
    "rhythm": ({"rhythm": "D"}, "rhythm"),
}


@pytest.mark.parametrize(("changes", "field"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(
    client: Any, changes: dict[str, str], field: str
) -> None:
    answer = client.post(ADD, FORM | changes)

    assert list(answer.context["adminform"].form.errors) == [field]
    assert (Schedule.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_func_and_its_like_cannot_be_sent_in(client: Any) -> None:
    client.post(ADD, FORM | {"func": "os.system", "hook": "os.system", "args": "('true',)", "kwargs": "{}"})

    row = Schedule.objects.get()
    assert (row.func, row.hook, row.args, row.plan().function) == (FUNC, None, None, "toy_echo")


# Changing one


def test_what_stands_in_the_row_stands_in_the_form(client: Any, make: Any) -> None:
    form = client.get(page_of(make())).context["adminform"].form

    shown = {name: form[name].value() for name in ("name", "rhythm", "cron", "time_zone", "makes_up", "paused")}
    assert shown == {
        "name": "mine", "rhythm": CRON, "cron": "30 7 * * *", "time_zone": "Europe/Berlin", "makes_up": True,
        "paused": False,
    }  # fmt: skip
    assert (form["input_word"].value(), form["priority"].value()) == ("hello", 1)


def test_a_change_of_the_input_leaves_the_next_run_and_one_of_the_time_moves_it(client: Any, make: Any) -> None:
    row = make()

    client.post(page_of(row), FORM | {"input_word": "other"})
    same = Schedule.objects.get(pk=row.pk)
    client.post(page_of(row), FORM | {"cron": "0 0 1 1 *"})
    moved = Schedule.objects.get(pk=row.pk)

    assert (same.plan().inputs["word"], same.next_run) == ("other", row.next_run)
    assert moved.next_run != row.next_run
    entries = AuditEntry.objects.filter(action=Action.SCHEDULE_CHANGED)
    assert sorted(entry.details["fields"] for entry in entries)[0][0] == "cron"
    assert "other" not in json.dumps([entry.details for entry in entries])


def test_a_change_does_not_undo_a_firing_that_came_between(client: Any, make: Any) -> None:
    row = make(next_run=NOON)
    schedule.fire_rows(now=NOON)
    fired = Schedule.objects.get(pk=row.pk)

    client.post(page_of(row), FORM | {"input_word": "other"})

    row.refresh_from_db()
    assert (row.next_run, row.task) == (fired.next_run, fired.task)


def test_pause_and_resume(client: Any, make: Any) -> None:
    row = make(next_run=NOON)

    select(client, "pause_selected", row)
    row.refresh_from_db()
    assert (row.repeats, schedule.fire_rows(now=clock.now())) == (PAUSED, 0)
    select(client, "resume_selected", row)

    row.refresh_from_db()
    assert row.next_run > clock.now()
    assert [entry.details["paused"] for entry in AuditEntry.objects.order_by("pk")] == [True, False]


def test_it_is_deleted_with_its_firings_and_a_line_in_the_book(client: Any, make: Any) -> None:
    row = make(next_run=NOON)
    schedule.fire_rows(now=NOON)

    client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})

    assert (Schedule.objects.count(), Firing.objects.count(), Task.objects.count()) == (0, 0, 1)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id) == (Action.SCHEDULE_DELETED, str(row.pk))


# Running one now


@pytest.mark.parametrize("door", ["page", "list"])
def test_run_now(client: Any, make: Any, staff: Any, door: str) -> None:
    row = make()

    answer = client.post(f"{LIST}{row.pk}/run/") if door == "page" else select(client, "run_selected", row)

    task = Task.objects.get()
    assert (task.owner, task.source) == (staff, Source.ADMIN)
    assert answer.status_code == 302
    if door == "page":
        assert answer.headers["Location"] == f"/admin/jobs/task/{task.pk}/change/"
    assert AuditEntry.objects.get().details == {"function": "toy_echo", "schedule": row.pk}


def test_run_now_says_that_the_last_run_goes_on(client: Any, make: Any) -> None:
    row = make()
    client.post(f"{LIST}{row.pk}/run/")

    answer = client.post(f"{LIST}{row.pk}/run/")

    assert said(answer) == ["mine: the last run has not ended yet."]
    assert Task.objects.count() == 1


def test_a_get_runs_nothing(client: Any, make: Any) -> None:
    assert client.get(f"{LIST}{make().pk}/run/").status_code == 405
    assert Task.objects.count() == 0


def test_run_now_asks_for_its_token(valkey: redis.Redis, make: Any, staff: Any) -> None:
    client = client_of(staff, enforce_csrf_checks=True)

    assert client.post(f"{LIST}{make().pk}/run/").status_code == 403
    assert Task.objects.count() == 0


# What is shown


def test_the_list_says_state_times_and_the_last_run(client: Any, make: Any) -> None:
    row = make(next_run=NOON)
    schedule.fire_rows(now=NOON)
    task = Task.objects.get()
    make(name="stopped", repeats=PAUSED)
    make(name="done", schedule_type=ONCE, next_run=None)

    content = client.get(LIST).content.decode()

    for words in (
        ">active<",
        ">paused<",
        ">over<",
        "30 7 * * *",
        "Europe/Berlin",
        f"/admin/jobs/task/{task.pk}/change/",
    ):
        assert words in content
    assert str(row.pk) in content


def test_the_list_asks_as_often_for_many_as_for_few(client: Any, make: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        make(name=f"s{number}")

    with django_assert_max_num_queries(14):
        client.get(LIST)


def test_functions_with_a_period_of_their_own_stand_beside_and_cannot_be_changed(client: Any) -> None:
    schedule.Periods().fire(now=clock.now())

    content = client.get(LIST).content.decode()

    assert "Schedules in the code" in content
    assert "cleanup" in content
    assert f"/admin/jobs/task/{Task.objects.get(function='cleanup').pk}/change/" in content


def test_the_page_says_what_became_of_the_last_times(client: Any, make: Any) -> None:
    row = make(next_run=NOON)
    schedule.fire_rows(now=NOON)
    Firing.record(row.pk, NOON + timedelta(days=1), Outcome.STILL_RUNNING, now=NOON)
    Firing.record(row.pk, NOON + timedelta(days=2), Outcome.REFUSED, now=NOON, reason="invalid_input: word")

    content = client.get(page_of(row)).content.decode()

    for words in (">started<", "the run before had not ended", "its input does not fit any more: word"):
        assert words in content


FOREIGN = {"func": {"func": "os.system"}, "hook": {"hook": "os.system"}, "plan": {"kwargs": PAYLOAD}}


@pytest.mark.parametrize("values", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_row_is_shown_refused_and_can_only_be_deleted(client: Any, make: Any, values: dict[str, str]) -> None:
    row = make()
    Schedule.objects.filter(pk=row.pk).update(**values)

    listed, page = client.get(LIST).content.decode(), client.get(page_of(row)).content.decode()

    assert ">refused<" in listed
    assert "Refused:" in page
    # The conditions of the form know nothing of this page; Alpine would complain.
    assert 'x-show="rhythm' not in page
    assert "<script>alert" not in page
    assert f"{LIST}{row.pk}/run/" not in page
    assert client.post(page_of(row), FORM).status_code == 403
    assert "refused" in said(client.post(f"{LIST}{row.pk}/run/"))[0]
    assert Task.objects.count() == 0
    assert client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert Schedule.objects.count() == 0


def test_a_function_that_has_left_the_code_is_shown_refused(client: Any, make: Any) -> None:
    row = make(kwargs=Plan(function="long_gone").model_dump_json())

    assert "its function has left the code" in client.get(page_of(row)).content.decode()


def test_a_name_cannot_leave_its_place(client: Any, make: Any) -> None:
    row = make(name=PAYLOAD)

    for content in (client.get(LIST).content.decode(), client.get(page_of(row)).content.decode()):
        assert "alert(1)" in content
        assert "<script>alert" not in content


# Who may


@pytest.mark.parametrize("right", ["", *RIGHTS, "jobs.run_schedule"])
def test_each_right_is_for_its_act_only(valkey: redis.Redis, make: Any, right: str) -> None:
    row = make()
    rights = {right, "jobs.view_schedule"} - {""} if right else set()
    client = client_of(person("p", *rights, is_staff=True))

    client.post(f"{LIST}{row.pk}/run/")
    client.post(page_of(row), FORM | {"name": "changed"})
    client.post(ADD, FORM | {"name": "added"})
    names = set(Schedule.objects.values_list("name", flat=True))
    client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})

    assert (client.get(LIST).status_code == 200) == bool(right)
    assert ("added" in names) == (right == "jobs.add_schedule")
    assert ("changed" in names) == (right == "jobs.change_schedule")
    assert Schedule.objects.filter(pk=row.pk).exists() == (right != "jobs.delete_schedule")
    assert (Task.objects.count() == 1) == (right == "jobs.run_schedule")


def test_a_viewer_sees_what_is_asked_without_a_form(valkey: redis.Redis, make: Any) -> None:
    content = client_of(person("p", "jobs.view_schedule", is_staff=True)).get(page_of(make())).content.decode()

    assert "hello" in content
    assert 'name="input_word"' not in content
    assert 'id="run-now"' not in content


def test_the_package_s_own_pages_are_still_for_nobody(client: Any) -> None:
    assert client.get("/admin/django_q/schedule/").status_code == 404
