"""The analysis routes, in the words of section 7 of the requirements."""

from datetime import timedelta

import pytest

from jobs.access.models import Action, AuditEntry
from jobs.engines.errors import EngineRefused, InputRejected
from jobs.functions import analysis as function_file
from jobs.practice import recordings
from jobs.practice.models import PracticeRecord, PracticeSession
from jobs.runtime import clock, queue, stats
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Task
from jobs.runtime.providers import Provider, Providers
from tests.practice.conftest import BEEP, SENTENCE, Ear
from tests.runtime.conftest import LocalWorker

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/tasks/analysis"


@pytest.fixture
def ear(monkeypatch, valkey):
    made = Ear()
    listening = Providers("pronunciation", [Provider("local", made, version=made.version, is_local=True)])
    monkeypatch.setattr(function_file, "providers", lambda: listening)
    return made


@pytest.fixture
def work(ear):
    return LocalWorker("tests:0:1:1").work


@pytest.fixture
def session(owner):
    return PracticeSession.objects.create(owner=owner, created_at=clock.now())


@pytest.fixture
def add(session):
    return lambda: recordings.take_in(session, [BEEP], sentence=SENTENCE, language="ja")


@pytest.fixture
def submit(as_owner, ear):
    def submit(*, client=as_owner, headers=None, **body):
        return client.post(f"{URL}/submit", body, content_type="application/json", headers=headers or {})

    return submit


def names(answer):
    return [(each["field"], each["code"]) for each in answer.json()["errors"]]


def test_a_session_is_submitted_one_task_for_each_record(submit, session, add):
    records = [add(), add()]

    answer = submit(
        practice_session_id=str(session.pk),
        parameters={"analysis_type": "full", "include_suggestions": True, "model_version": "latest"},
    )

    said = answer.json()
    assert answer.status_code == 202, said
    assert said["status"] == "pending"
    assert said["task_ids"] == [str(PracticeRecord.objects.get(pk=each.pk).task_id) for each in records]
    assert (said["task_id"], said["queue_position"], said["queued"]) == (said["task_ids"][0], 0, True)
    assert "estimated_completion_time" in said
    assert answer["Location"] == said["status_url"] == f"http://testserver{URL}/{said['task_id']}/status"


@pytest.mark.parametrize("is_away", [False, True])
def test_a_task_without_a_place_is_kept_only_when_there_is_no_queue(submit, session, add, monkeypatch, is_away):
    def sizes():
        if is_away:
            raise QueueUnreachable
        return {}

    add()
    # As when a worker has taken it before anybody looked.
    monkeypatch.setattr(queue, "position_or_none", lambda _task: None)
    monkeypatch.setattr(queue, "sizes", sizes)

    said = submit(practice_session_id=str(session.pk)).json()

    assert (said["queue_position"], said["queued"]) == (None, not is_away)


def test_a_record_is_told_the_place_that_it_was_given(submit, add, monkeypatch):
    # It has left that place before anybody looks again.
    monkeypatch.setattr(queue, "position_or_none", lambda _task: None)

    said = submit(practice_record_id=str(add().pk)).json()

    assert (said["queue_position"], said["queued"]) == (0, True)


def test_only_what_is_not_analysed_is_submitted(submit, session, add, work):
    add()
    first = submit(practice_session_id=str(session.pk)).json()
    work()
    added = add()

    second = submit(practice_session_id=str(session.pk)).json()

    assert len(second["task_ids"]) == 1
    assert second["task_id"] != first["task_id"]
    assert Task.objects.get(pk=second["task_id"]).inputs["practice_record_id"] == str(added.pk)


def test_the_story_of_one_record(submit, as_owner, add, work, ear):
    record = add()
    seen = []
    task_id = submit(practice_record_id=str(record.pk)).json()["task_id"]
    ear.act = lambda: seen.append(as_owner.get(f"{URL}/{task_id}/status").json())

    waiting = as_owner.get(f"{URL}/{task_id}/status").json()
    early = as_owner.get(f"{URL}/{task_id}/result")
    work()
    done = as_owner.get(f"{URL}/{task_id}/status").json()
    result = as_owner.get(f"{URL}/{task_id}/result").json()

    assert (waiting["status"], waiting["progress"], waiting["worker_name"]) == ("pending", 0, "")
    assert (early.status_code, early.json()["type"]) == (409, "urn:koebako:problem:not-finished")
    assert (seen[0]["status"], seen[0]["worker_name"]) == ("processing", "tests:0:1:1")
    assert seen[0]["started_at"]
    assert (done["status"], done["progress"], done["estimated_remaining_time"]) == ("success", 100, "PT0S")
    assert done["total_steps"] == 7
    scores = ("overall_score", "pronunciation_accuracy", "fluency_score", "rhythm_score")
    assert [result[name] for name in scores] == [81.5, 78.25, 90.0, 66.67]
    assert set(result["detailed_analysis"]) >= {"phoneme_analysis", "timing_analysis", "pitch_analysis"}
    assert result["task_id"] == task_id
    assert result["result_id"] == str(record.results.get().pk)
    assert result["model_version"] == "ear/1 on a test"
    assert isinstance(result["suggestions"], list)
    assert result["improvement_areas"]
    assert result["processing_time_seconds"] >= 0
    assert result["completed_at"] == done["completed_at"]
    shown = as_owner.get(f"/api/v1/practice/records/{record.pk}").json()
    assert (shown["record_status"], shown["latest_result"]["overall_score"]) == ("ai_analyzed", 81.5)


@pytest.mark.parametrize(
    ("seconds", "told"), [(44.5, "PT45S"), (60, "PT1M"), (61, "PT1M1S"), (3600, "PT1H"), (-5, "PT0S"), (None, None)]
)
def test_the_time_that_is_left_is_iso_8601(submit, as_owner, add, monkeypatch, seconds, told):
    now = clock.now()
    monkeypatch.setattr("jobs.api.analysis_told.clock.now", lambda: now)
    end = None if seconds is None else now + timedelta(seconds=seconds)
    monkeypatch.setattr("jobs.api.analysis_told.completion_estimate", lambda _task, _position: end)
    task_id = submit(practice_record_id=str(add().pk)).json()["task_id"]

    assert as_owner.get(f"{URL}/{task_id}/status").json()["estimated_remaining_time"] == told


def test_a_gate_is_named_where_the_result_would_be(submit, as_owner, add, work, ear):
    def refuse():
        raise InputRejected("recording", "silence", "the recording is silent")

    ear.act = refuse
    record = add()
    task_id = submit(practice_record_id=str(record.pk)).json()["task_id"]
    work()

    answer = as_owner.get(f"{URL}/{task_id}/result")
    told = as_owner.get(f"{URL}/{task_id}/status").json()

    assert (answer.status_code, names(answer)) == (422, [("recording", "silence")])
    assert (told["status"], told["error"]["type"], told["error"]["code"]) == (
        "failure", "data_validation_error", "silence",
    )  # fmt: skip
    assert as_owner.get(f"/api/v1/practice/records/{record.pk}").json()["record_status"] == "recorded"
    assert submit(practice_record_id=str(record.pk)).status_code == 202


def test_another_failure_is_a_conflict(submit, as_owner, add, work, ear):
    def refuse():
        raise EngineRefused("ear", "will not")

    ear.act = refuse
    task_id = submit(practice_record_id=str(add().pk)).json()["task_id"]
    work()

    answer = as_owner.get(f"{URL}/{task_id}/result")

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:koebako:problem:task-failed")


def test_a_session_tells_of_all_its_tasks(submit, as_owner, session, add, work, ear):
    records = [add(), add()]
    submit(practice_record_id=str(records[0].pk))
    work()
    submit(practice_session_id=str(session.pk))

    told = as_owner.get(f"{URL}/session/{session.pk}/status").json()

    assert [each["practice_record_id"] for each in told["tasks"]] == [str(each.pk) for each in records]
    assert (told["total"], told["counts"]["success"], told["counts"]["pending"], told["progress"]) == (2, 1, 1, 50)
    work()
    told = as_owner.get(f"{URL}/session/{session.pk}/status").json()
    assert (told["progress"], told["estimated_remaining_time"]) == (100, "PT0S")


def test_what_is_queued_cannot_be_queued_again(submit, session, add):
    record = add()
    submit(practice_record_id=str(record.pk))

    for body in ({"practice_record_id": str(record.pk)}, {"practice_session_id": str(session.pk)}):
        answer = submit(**body)
        assert (answer.status_code, names(answer)) == (409, [(next(iter(body)), "already_queued")])
    assert Task.objects.count() == 1


def test_an_empty_session_has_nothing_to_analyse(submit, session):
    answer = submit(practice_session_id=str(session.pk))

    assert (answer.status_code, names(answer)) == (422, [("practice_session_id", "nothing_to_analyse")])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"parameters": {"analysis_type": "half"}}, "parameters.analysis_type"),
        ({"parameters": {"model_version": "gpt"}}, "parameters.model_version"),
        ({"parameters": {"include_suggestions": "perhaps"}}, "parameters.include_suggestions"),
        ({"parameters": {"more": 1}}, "parameters.more"),
        ({"priority": 7}, "priority"),
        ({"practice_session_id": "0190c0de-0000-7000-8000-000000000000"}, "body"),
        ({"practice_record_id": None}, "body"),
        ({"practice_record_id": "x"}, "practice_record_id"),
    ],
)
def test_what_does_not_fit_is_named(submit, add, change, field):
    answer = submit(**{"practice_record_id": str(add().pk), **change})

    assert (answer.status_code, names(answer)[0][0]) == (422, field)
    assert not Task.objects.exists()


def test_a_stranger_sees_nothing(submit, as_stranger, as_staff, session, add, work):
    record = add()
    task_id = submit(practice_record_id=str(record.pk)).json()["task_id"]
    work()

    for client in (as_stranger, as_staff):
        assert submit(client=client, practice_record_id=str(record.pk)).status_code == 404
        assert submit(client=client, practice_session_id=str(session.pk)).status_code == 404
        places = (f"{task_id}/status", f"{task_id}/result", f"session/{session.pk}/status")
        assert {client.get(f"{URL}/{place}").status_code for place in places} == {404}


def test_a_task_of_another_function_is_none_of_these(as_owner, make_task):
    task = make_task()

    assert {as_owner.get(f"{URL}/{task.pk}/{what}").status_code for what in ("status", "result")} == {404}


@pytest.mark.parametrize(("accepted", "language"), [("zh-TW,en;q=0.5", "zh-TW"), ("fr,en-GB", "en"), ("fr", None)])
def test_the_learners_language_is_the_callers(submit, add, accepted, language):
    task_id = submit(practice_record_id=str(add().pk), headers={"accept-language": accepted}).json()["task_id"]

    assert Task.objects.get(pk=task_id).inputs["feedback_language"] == language


def test_the_result_is_there_when_the_task_has_gone(submit, as_owner, add, work):
    task_id = submit(practice_record_id=str(add().pk)).json()["task_id"]
    work()
    Task.objects.filter(pk=task_id).delete()

    assert as_owner.get(f"{URL}/{task_id}/result").status_code == 200
    assert as_owner.get(f"{URL}/{task_id}/status").json()["status"] == "success"


def test_the_end_is_told_by_how_long_others_took(submit, as_owner, add, work, monkeypatch):
    monkeypatch.setattr(stats, "recent_seconds", lambda names: {name: [4.0] for name in names})
    monkeypatch.setattr(stats, "live_workers", lambda: [{"lane": "bulk", "name": "w"}])

    said = submit(practice_record_id=str(add().pk)).json()

    assert said["estimated_completion_time"]
    told = as_owner.get(f"{URL}/{said['task_id']}/status").json()
    assert told["estimated_remaining_time"] in ("PT4S", "PT5S")


def test_before_it_begins_it_is_known_how_many_steps_there_are(submit, as_owner, add):
    task_id = submit(practice_record_id=str(add().pk)).json()["task_id"]
    held = {"worker": "elsewhere:0:1:1", "leased_until": clock.now() + timedelta(minutes=1), "attempt": 1}
    Task.objects.filter(pk=task_id).update(status="processing", started_at=clock.now(), **held)

    told = as_owner.get(f"{URL}/{task_id}/status").json()

    assert (told["status"], told["current_step"], told["total_steps"]) == ("processing", "reading", 7)


def test_a_default_model_loads_no_engine_where_it_is_asked_for(submit, add, monkeypatch):
    monkeypatch.setattr(function_file, "providers", lambda: pytest.fail("a web process has no use for it"))

    answers = [submit(practice_record_id=str(add().pk), parameters=each) for each in ({}, {"model_version": "latest"})]

    assert [answer.status_code for answer in answers] == [202, 202]


def test_staff_cancel_a_learners_analysis_and_run_it_again(submit, as_owner, as_staff, staff, add):
    record = add()
    task_id = submit(practice_record_id=str(record.pk)).json()["task_id"]

    cancelled = as_staff.delete(f"/api/v1/admin/tasks/{task_id}")
    again = as_staff.post(f"/api/v1/admin/tasks/{task_id}/retry", content_type="application/json")

    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert again.status_code == 202, again.content
    assert again.json()["task_id"] != task_id
    record.refresh_from_db()
    assert (record.status, str(record.task_id)) == ("ai_queued", again.json()["task_id"])
    assert as_owner.get(f"{URL}/{again.json()['task_id']}/status").json()["status"] == "pending"
    acts = AuditEntry.objects.filter(actor=staff).order_by("id").values_list("action", flat=True)
    assert list(acts) == [Action.TASK_CANCELLED, Action.TASK_RETRIED]


def test_the_generic_route_guards_the_record_as_well(as_owner, as_stranger, add, ear):
    record = add()
    body = {"input": {"practice_record_id": str(record.pk)}}
    url = "/api/v1/functions/analysis/invoke"

    refused = as_stranger.post(url, body, content_type="application/json")
    accepted = as_owner.post(url, body, content_type="application/json")

    assert (refused.status_code, names(refused)) == (422, [("input.practice_record_id", "unknown_record")])
    assert accepted.status_code == 202
