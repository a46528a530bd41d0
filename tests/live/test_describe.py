"""What a task is in JSON: the names are literal, for scripts that know nothing of the code."""

from datetime import timedelta

import pytest

from jobs.access import links
from jobs.live.describe import completion_estimate, describe, event, progress_event, with_details
from jobs.runtime import clock, estimate, stats
from jobs.runtime.context import Context
from jobs.runtime.models import ErrorType, Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.telling import Telling
from tests.live.conftest import NOON, add_attempt

PROMISED = {
    "task_id", "function", "status", "progress", "current_step", "queue_position", "attempt", "attempts", "created_at",
    "started_at", "completed_at", "error", "result", "artifacts",
}  # fmt: skip
ADDED = {
    "step", "total_steps", "steps", "version", "page_url", "estimated_completion_time", "retried_from", "priority",
    "source",
}  # fmt: skip
LIVE = {
    "task_id", "status", "progress", "current_step", "step", "total_steps", "attempt", "queue_position", "timestamp",
    "version", "error", "log_lines",
}  # fmt: skip


@pytest.mark.parametrize("status", Status)
def test_every_state_is_told_under_the_promised_names(make_task, status):
    told = describe(make_task(status))

    assert told.keys() == PROMISED | ADDED
    assert told["status"] == status.value


def test_a_finished_task_tells_its_result_and_where_its_sound_is(make_sound):
    task = make_sound()

    told = describe(task, base_url="https://voice.test")

    assert told["result"]["duration_seconds"] == 3.5
    assert told["created_at"] == "2026-11-01T12:00:00.000Z"
    assert told["completed_at"] == "2026-11-01T12:00:03.000Z"
    [sound] = told["artifacts"]
    assert sound.keys() == {"name", "content_type", "bytes", "url", "expires_at"}
    assert (sound["name"], sound["bytes"]) == ("speech.ogg", 27_000)
    assert sound["url"].startswith(f"https://voice.test/api/v1/tasks/{task.pk}/artifacts/speech.ogg?link=")
    link = told["page_url"].partition("?link=")[2]
    assert told["page_url"].startswith(f"https://voice.test/tasks/{task.pk}?")
    assert links.opens_page(link, task.pk)


def test_a_link_says_the_sooner_end_its_own_or_its_files(make_sound):
    soon = make_sound(content_until=NOON + timedelta(seconds=303))

    assert describe(soon)["artifacts"][0]["expires_at"] == "2026-11-01T12:05:03.000Z"


def test_ended_attempts_and_the_running_one_stand_in_order(make_task):
    task = make_task(Status.PROCESSING, attempt=2)
    add_attempt(task, 1, Outcome.RETRY, error_type=ErrorType.NETWORK, error_message="the connection failed")

    first, second = describe(task)["attempts"]

    assert (first["attempt"], first["outcome"]) == (1, "retry")
    assert first["error"] == {"type": "network_error", "message": "the connection failed", "code": ""}
    assert (second["attempt"], second["outcome"], second["ended_at"]) == (2, None, None)


def test_steps_and_errors_are_told(make_task):
    task = make_task(
        Status.FAILURE, steps=[["analysis", 0.01]], error_type=ErrorType.RESOURCE, error_code="worker_died",
        error_message="the worker died",
    )  # fmt: skip

    told = describe(task)

    assert told["steps"] == [{"step": "analysis", "seconds": 0.01}]
    assert told["error"] == {"type": "resource_error", "message": "the worker died", "code": "worker_died"}


def test_a_list_of_tasks_costs_the_same_queries_as_one(make_sound, django_assert_num_queries):
    for _ in range(5):
        make_sound()

    with django_assert_num_queries(3):
        told = [describe(task) for task in with_details(Task.objects.all())]

    assert len(told) == 5


def test_the_live_message_has_the_same_names_for_a_row_and_for_a_running_attempt(make_task):
    task = make_task(Status.PROCESSING, progress=40, step=2)
    context = Context(
        task_id=task.pk, function="speech", attempt=1, owner_id=task.owner_id, source="page", percent=64,
        current_step="synthesis", step=2, total_steps=3,
    )  # fmt: skip

    row, running = event(task, 3), progress_event(context)

    assert row.keys() == running.keys() == LIVE
    assert row["queue_position"] == 3
    assert (running["status"], running["progress"], running["step"], running["total_steps"]) == ("processing", 64, 2, 3)
    assert running["version"] > row["version"]


def test_a_task_well_under_way_tells_its_end_by_its_own_pace(make_task):
    task = make_task(Status.PROCESSING, started_at=NOON, updated_at=NOON + timedelta(seconds=3), progress=30)

    assert completion_estimate(task, None) == NOON + timedelta(seconds=10)


def test_a_task_that_has_hardly_begun_is_expected_to_take_what_others_took(make_task):
    started = clock.now()
    task = make_task(Status.PROCESSING, started_at=started, progress=5)
    assert completion_estimate(task, None) is None

    # What is known is looked at once a second.
    stats.beat({"here:1": {"host": "here", "pid": 1, "lane": "all", "task": None}})
    told = Telling()
    told.run("speech", 30.0)
    told.send()
    estimate.forget()

    assert completion_estimate(task, None) == started + timedelta(seconds=30)
    assert completion_estimate(make_task(Status.FAILURE), None) is None


def test_the_lines_of_an_attempt_are_told_from_info_on(make_task):
    task = make_task(Status.SUCCESS)
    lines = [[0.1, "debug", "looked", {}], [0.2, "warning", "odd", {"count": 2, "where": "a.py:1"}]]
    add_attempt(task, 1, Outcome.SUCCESS, log=lines)

    [attempt] = describe(task)["attempts"]

    assert attempt["log"] == [{"seconds": 0.2, "level": "warning", "message": "odd", "fields": {"count": 2}}]


def test_the_message_of_a_running_attempt_counts_its_lines(make_task):
    task = make_task(Status.PROCESSING)
    context = Context(task.pk, "speech", 1, task.owner_id, "api")
    assert progress_event(context)["log_lines"] == 0

    context.log.info("one")

    assert progress_event(context)["log_lines"] == 1
    assert event(task)["log_lines"] is None


def test_a_task_that_was_just_claimed_is_at_its_functions_first_step(make_task):
    claimed = make_task(Status.PROCESSING)

    told = [event(make_task()), event(claimed), event(make_task(Status.PROCESSING, current_step="saving"))]

    assert [message["current_step"] for message in told] == ["", "analysis", "saving"]
    assert describe(claimed)["current_step"] == "analysis"
