"""Asking for a run that is to wait until a moment."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from jobs.runtime import clock
from jobs.runtime.models import Task
from tests.api.test_functions import fields, invoke
from tests.runtime.conftest import LocalWorker


@pytest.fixture
def at(monkeypatch):
    """Set the house's clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_asked_for_later_waits_until_then(as_owner, valkey, at):
    now = datetime.now(UTC).replace(microsecond=0)
    due = now + timedelta(minutes=10)
    worker = LocalWorker("here:0:1:1")
    at(now)

    answer = invoke(as_owner, {"input": {}, "not_before": due.isoformat()})

    said = answer.json()
    assert answer.status_code == 202
    assert (said["status"], said["queued"], said["queue_position"]) == ("pending", True, None)
    assert said["estimated_completion_time"] is None
    assert answer["Retry-After"] == "60"
    at(due - timedelta(seconds=1))
    assert worker.work() == []
    assert as_owner.get(said["status_url"]).json()["status"] == "pending"
    at(due)
    assert [str(task.pk) for task in worker.work()] == [said["task_id"]]
    assert as_owner.get(said["status_url"]).json()["status"] == "success"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["2001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_moment_in_the_past_means_now(as_owner, valkey, moment):
    answer = invoke(as_owner, {"input": {}, "not_before": moment})

    assert answer.status_code == 202
    assert answer.json()["queue_position"] == 0
    assert Task.objects.get().not_before is None


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-12-01T12:00:00", "timezone_aware"),
        ("2026-12-01", "timezone_aware"),
        ("2026-12-31T12:00:01Z", "too_far_ahead"),
        ("9999-12-31T23:59:59-14:00", "too_far_ahead"),
        ("2026-13-01T12:00:00Z", "datetime_from_date_parsing"),
        ("tomorrow", "datetime_type"),
        ("", "datetime_type"),
        ("1800000000", "datetime_type"),
        (1800000000, "datetime_type"),
        (True, "datetime_type"),
        (["2026-12-01T12:00:00Z"], "datetime_type"),
    ],
)
def test_a_moment_that_cannot_be_kept_is_named(as_owner, valkey, at, moment, code):
    at(datetime(2026, 12, 1, 12, 0, tzinfo=UTC))

    answer = invoke(as_owner, {"input": {}, "not_before": moment})

    assert answer.status_code == 422
    assert fields(answer) == {"not_before": code}
    assert not Task.objects.exists()


def test_thirty_days_ahead_are_taken(as_owner, valkey, at):
    at(datetime(2026, 12, 1, 12, 0, tzinfo=UTC))

    assert invoke(as_owner, {"input": {}, "not_before": "2026-12-31T12:00:00Z"}).status_code == 202


def test_a_replay_after_the_moment_is_still_the_same_request(as_owner, valkey, at):
    due = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    body = {"input": {}, "not_before": due.isoformat()}
    at(due - timedelta(hours=1))
    first = invoke(as_owner, body, idempotency_key="one")
    at(due + timedelta(hours=1))

    again = invoke(as_owner, body, idempotency_key="one")
    in_tokyo = due.astimezone(timezone(timedelta(hours=9))).isoformat()
    elsewhere = invoke(as_owner, body | {"not_before": in_tokyo}, idempotency_key="one")

    ids = {answer.json()["task_id"] for answer in (first, again, elsewhere)}
    assert ids == {str(Task.objects.get().pk)}
