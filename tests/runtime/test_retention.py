"""Texts, files and rows go when their time is over, and not before."""

from datetime import timedelta

from django.core.files.storage import default_storage

from jobs.runtime import clock, registry, retention
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Artifact, Result, Source, Task
from jobs.runtime.models.artifact import folder_of


def brief(owner, source, worker):
    task = invoke("toy_brief", {"word": "himitsu"}, owner=owner, source=source).task
    worker.work()
    return Task.objects.get(pk=task.pk)


def test_a_finished_row_is_kept_for_as_long_as_its_function_declares(transactional_db, valkey, owner, worker):
    task = brief(owner, Source.API, worker)

    assert task.kept_until == task.completed_at + timedelta(seconds=60)
    assert task.content_until is None
    assert retention.delete_tasks(task.kept_until - timedelta(seconds=1), 10) == 0
    assert retention.delete_tasks(task.kept_until, 10) == 1

    assert (Task.objects.count(), Artifact.objects.count()) == (0, 0)
    assert not default_storage.exists(folder_of(task.pk))


def test_a_chats_words_and_sound_go_first_and_the_row_stays(transactional_db, valkey, owner, worker):
    task = brief(owner, Source.DISCORD, worker)

    assert retention.erase_content(task.completed_at + timedelta(seconds=9), 10) == 0
    assert retention.erase_content(task.completed_at + timedelta(seconds=10), 10) == 1

    task.refresh_from_db()
    assert (task.status, task.inputs) == ("success", {"erased": True})
    assert "himitsu" not in str(Result.objects.get().output)
    assert [attempt.error_message for attempt in task.attempts.all()] == [""]
    assert Artifact.objects.count() == 0
    assert not default_storage.exists(folder_of(task.pk))
    assert valkey.exists(f"koebako:parts:{task.pk.hex}") == 0


def test_speech_from_a_chat_is_erased_after_300_seconds_and_other_speech_after_a_week():
    declared = registry.get("speech").retention

    assert (declared.chat_content_seconds, declared.row_seconds) == (300, 7 * 86_400)


def test_a_file_of_an_attempt_that_died_goes_with_its_task(transactional_db, valkey, owner, worker):
    from django.core.files.base import ContentFile

    task = brief(owner, Source.API, worker)
    default_storage.save(f"{folder_of(task.pk)}/9-orphan.txt", ContentFile(b"left behind"))

    retention.delete_tasks(task.kept_until, 10)

    assert not default_storage.exists(folder_of(task.pk))


def test_a_task_under_way_is_never_erased(accept):
    accept("toy_brief", word="x")

    later = clock.now() + timedelta(days=400)
    assert (retention.erase_content(later, 10), retention.delete_tasks(later, 10)) == (0, 0)


def test_the_clean_up_runs_as_a_function_and_counts(transactional_db, valkey, owner, worker):
    for _ in range(3):
        brief(owner, Source.API, worker)
    Task.objects.update(kept_until=clock.now() - timedelta(seconds=1))

    task = invoke("cleanup", {"batch": 2}, owner=owner, source=Source.SCHEDULE).task
    worker.work()

    assert Result.objects.get(task=task).output == {"erased": dict.fromkeys(retention.cleaners(), 0) | {"tasks": 3}}
