"""One task on one worker: claimed, run, committed under its attempt, or retried."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError

from jobs.runtime import commit, lease, queue, registry
from jobs.runtime.clock import now
from jobs.runtime.models import Artifact, Attempt, ErrorType, Result, Status, Task
from jobs.runtime.retry import TABLE, Retry
from jobs.runtime.signals import task_finished


def test_a_task_is_run_and_its_result_and_files_are_stored(accept, worker):
    task = accept("toy_echo", word="hello").task

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.progress, task.attempt, task.worker) == ("success", 100, 1, "")
    assert (task.completed_at is not None, task.leased_until) == (True, None)
    assert (task.steps[0][0], task.total_steps) == ("thinking", 2)
    assert (task.result.output["word"], task.result.model_version) == ("hello", "toy-1")
    artifact = Artifact.objects.get(task=task)
    assert (artifact.name, artifact.content_type, artifact.bytes) == ("word.txt", "text/plain", 6)
    with artifact.file.open() as file:
        assert file.read() == b"onetwo"
    assert [(each.number, each.outcome) for each in task.attempts.all()] == [(1, "success")]


def test_nothing_is_left_in_redis_when_all_work_is_done(accept, worker, valkey):
    for word in "abc":
        accept("toy_echo", word=word)

    worker.work()

    assert queue.sizes() == {"interactive": 0, "bulk": 0}
    assert queue.holders() == []


def test_two_workers_cannot_claim_the_same_task(accept, worker, other_worker):
    task = accept("toy_echo").task
    queue.send(task)
    first = worker.claim()
    queue.send(task)  # a copy of the message, as a sweep in a hurry might make

    second = other_worker.claim()

    assert first == task
    assert second is None
    task.refresh_from_db()
    assert task.attempt == 1


def test_a_worker_that_was_passed_over_changes_nothing(accept, worker, other_worker):
    task = accept("toy_echo", word="hello").task
    worker.claim()
    late = worker.feed.run
    Task.objects.update(leased_until=now() - timedelta(seconds=1))
    for rescued in lease.rescue_expired(now=now()):
        queue.send(rescued)
    other_worker.work()

    late()
    worker.feed.put({})
    worker.feed.close()

    task.refresh_from_db()
    assert (task.status, task.attempt) == ("success", 2)
    assert [(each.number, each.worker) for each in task.attempts.all()] == [(1, "here:0:1:1"), (2, "there:0:2:2")]
    assert Result.objects.count() == 1
    # The late attempt's file is gone, its successor's is there.
    _folders, files = default_storage.listdir(Artifact.objects.get().file.name.rpartition("/")[0])
    assert files == ["2-word.txt"]


def test_a_passing_trouble_is_retried_and_counted(accept, worker):
    task = accept("toy_flaky", word="hello", times=2).task

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.attempt, task.retries, task.deaths) == ("success", 3, 2, 0)
    assert [each.outcome for each in task.attempts.all()] == ["retry", "retry", "success"]
    assert task.error is None


def test_retries_end(accept, worker):
    task = accept("toy_flaky", times=9).task

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.attempt, task.retries) == ("failure", 3, 2)
    assert task.error == {"type": "ai_service_error", "message": "toy did not answer", "code": "engine_unavailable"}


def test_bad_data_found_late_is_never_retried_and_names_the_field(accept, worker):
    task = accept("toy_bad", word="hello").task

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.attempt) == ("failure", 1)
    assert (task.error["type"], task.error["code"], task.error["field"]) == (
        "data_validation_error",
        "no_such_word",
        "word",
    )


def test_a_retry_with_a_delay_waits_for_its_time(accept, worker, monkeypatch):
    slow = replace(registry.get("toy_flaky"), retry=Retry(2, first_seconds=30))
    monkeypatch.setitem(registry._functions, "toy_flaky", slow)
    task = accept("toy_flaky", times=1).task

    worker.work()

    task.refresh_from_db()
    assert task.status == Status.RETRY
    assert timedelta(seconds=28) < task.not_before - task.updated_at <= timedelta(seconds=30)
    assert queue.due(now=now()) == []
    assert queue.due(now=now() + timedelta(seconds=31)) == [queue.member_of(task.pk).encode()]


def test_sys_exit_in_a_function_is_an_error_and_no_death(accept, worker):
    task = accept("toy_exit").task

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.deaths, task.error["message"]) == ("failure", 0, "unexpected SystemExit")


def test_an_unforeseen_error_keeps_the_persons_words_out_of_row_and_log(accept, worker, caplog):
    task = accept("toy_secret", word="himitsu").task

    with caplog.at_level(logging.DEBUG):
        worker.work()

    task.refresh_from_db()
    assert "himitsu" not in task.error["message"]
    assert "himitsu" not in caplog.text
    assert "toy_secret" in " ".join(getattr(record, "where", "") for record in caplog.records)


def test_a_function_of_another_version_is_set_aside_for_workers_that_know_it(make_task, worker):
    task = make_task(function="of_tomorrow")
    queue.send(task)

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.error["code"]) == ("retry", "no_function")
    assert task.not_before is not None


def test_a_function_that_left_the_code_fails_with_a_reason(make_task, worker):
    task = make_task(function="gone", retries=TABLE[ErrorType.RESOURCE].maximum)
    queue.send(task)

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.error["code"]) == ("failure", "no_function")


def test_a_receiver_of_the_end_joins_its_transaction(accept, worker):
    seen = []

    def receiver(task, **_):
        seen.append(Task.objects.get(pk=task.pk).status)
        Attempt.objects.filter(task=task).update(error_message="written by a receiver")

    task_finished.connect(receiver)
    try:
        accept("toy_echo")
        worker.work()
    finally:
        task_finished.disconnect(receiver)

    assert seen == ["success"]
    assert Attempt.objects.get().error_message == "written by a receiver"


def test_a_receiver_that_fails_undoes_the_success_and_the_task_still_ends(accept, worker, valkey):
    def receiver(task, **_):
        raise LookupError("no outbox")

    task_finished.connect(receiver)
    try:
        task = accept("toy_echo").task
        worker.work()
    finally:
        task_finished.disconnect(receiver)

    task.refresh_from_db()
    assert (task.status, task.error["code"]) == ("failure", "not_stored")
    assert valkey.xrevrange(f"koebako:parts:{task.pk.hex}", count=1)[0][1][b"e"] == b"failure"
    assert Result.objects.count() == 0


def test_a_claim_that_fails_takes_nothing_from_the_task_finished_with_it(accept, worker, monkeypatch):
    first, second = accept("toy_echo", word="first").task, accept("toy_echo", word="second").task
    real = commit.claim

    def claim(ids, **options):
        if second.pk in ids:
            raise LookupError("a row nobody can read")
        return real(ids, **options)

    monkeypatch.setattr(commit, "claim", claim)

    worker.work()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("success", "pending")


def test_a_database_that_is_away_at_the_commit_loses_nothing(accept, worker, monkeypatch):
    accept("toy_echo", word="hello")
    failures = iter([OperationalError("database is locked")] * 3)
    real = commit.finish

    def finish_later(done):
        for error in failures:
            raise error
        return real(done)

    monkeypatch.setattr(commit, "finish", finish_later)
    monkeypatch.setattr("jobs.runtime.feed.FIRST_PAUSE_SECONDS", 0.0)

    worker.work()

    task = Task.objects.get()
    assert (task.status, task.attempt, task.attempts.count()) == ("success", 1, 1)


@pytest.mark.parametrize(
    "member", [b"", b"\xff\xfe", b"x" * 32 + b".forged", b"0" * 32 + b"." + "é".encode(), b"\x80\x04K\x01."]
)
def test_a_foreign_entry_is_set_aside_and_the_work_behind_it_is_done(accept, worker, valkey, member):
    valkey.zadd("koebako:ready:bulk", {member: 0})
    task = accept("toy_echo", word="hello").task

    worker.work()

    task.refresh_from_db()
    assert task.status == "success"
    assert valkey.lrange("koebako:aside", 0, -1) == [member]
    assert valkey.get("koebako:aside_total") == b"1"


def test_an_entry_signed_with_another_key_is_not_run(accept, worker, settings, valkey):
    task = accept("toy_echo").task
    settings.SECRET_KEY = "another house entirely, with its own key"

    worker.work()

    task.refresh_from_db()
    assert task.status == "pending"
    assert valkey.get("koebako:aside_total") == b"1"
