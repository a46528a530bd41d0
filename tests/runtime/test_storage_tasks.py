"""Tasks whose files lie in a bucket: served through the house, erased with the task, and not lost by an outage."""

import asyncio
import errno
import os

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from jobs.access import tokens
from jobs.access.caller import DEFAULT_SCOPES
from jobs.runtime import queue, retention
from jobs.runtime.models import Artifact, Task
from jobs.runtime.models.artifact import folder_of
from tests import s3_service
from tests.api.conftest import bearer
from tests.s3_service import BUCKET, in_bucket


def test_a_tasks_file_is_served_by_the_house_whole_and_in_part(house_in_moto, accept, worker, owner):
    task = accept("toy_echo").task
    worker.work()
    client = bearer(tokens.issue(owner, name="test", scopes=DEFAULT_SCOPES)[1])
    address = f"/api/v1/tasks/{task.pk}/artifacts/word.txt"

    whole = client.get(address)
    part = client.get(address, headers={"range": "bytes=3-4"})

    assert (whole.status_code, whole.content, whole["Content-Type"]) == (200, b"onetwo", "text/plain")
    assert (part.status_code, part.content, part["Content-Range"]) == (206, b"tw", "bytes 3-4/6")
    listed = house_in_moto.client.list_objects_v2(Bucket=BUCKET, Prefix="house/")["Contents"]
    assert [each["Key"] for each in listed] == [f"house/{folder_of(task.pk)}/1-word.txt"]


def test_a_long_file_is_streamed_from_where_it_is_asked_for(house_in_moto, accept, worker, owner):
    task = accept("toy_echo").task
    worker.work()
    data = os.urandom(2_500_000)
    name = default_storage.save(f"{folder_of(task.pk)}/1-long.bin", ContentFile(data))
    Artifact.objects.filter(task=task).update(name="long.bin", file=name, bytes=len(data))
    client = bearer(tokens.issue(owner, name="test", scopes=DEFAULT_SCOPES)[1])

    answer = client.get(f"/api/v1/tasks/{task.pk}/artifacts/long.bin", headers={"range": "bytes=100-2000099"})

    async def read() -> bytes:
        return b"".join([piece async for piece in answer])

    assert answer.status_code == 206
    assert asyncio.run(read()) == data[100:2_000_100]


def test_a_finished_tasks_objects_are_gone_with_it(house_in_moto, accept, worker):
    task = accept("toy_echo").task
    worker.work()
    default_storage.save(f"{folder_of(task.pk)}/9-orphan.txt", ContentFile(b"of an attempt that died"))
    kept = default_storage.save("menu_image_soup.png", ContentFile(b"of nobody's task"))

    Task.objects.update(kept_until=task.created_at)
    assert retention.delete_tasks(task.created_at, 10) == 1

    listed = house_in_moto.client.list_objects_v2(Bucket=BUCKET, Prefix="house/")["Contents"]
    assert [each["Key"] for each in listed] == [f"house/{kept}"]


def ready_again(task: Task) -> Task:
    """Let the delay before a retry be over; return the row as it waited."""
    waiting = Task.objects.get(pk=task.pk)
    Task.objects.filter(pk=task.pk).update(not_before=None)
    queue.send(Task.objects.get(pk=task.pk))
    return waiting


def test_a_bucket_that_is_away_costs_a_task_a_retry_and_nothing_else(accept, worker, settings, monkeypatch):
    with s3_service.failing_bucket() as service:
        in_bucket(settings, monkeypatch, service.url, attempts=1)
        service.fails((503, "SlowDown"))
        task = accept("toy_echo", word="hello").task

        worker.work()
        waiting = ready_again(task)
        worker.work()

        task.refresh_from_db()
        assert (waiting.status, waiting.retries) == ("retry", 1)
        assert waiting.attempts.get(number=1).error_type == "network_error"
        assert (task.status, task.attempt, task.result.output["word"]) == ("success", 2, "hello")
        assert service.keys == [f"house/{folder_of(task.pk)}/2-word.txt"]
        with Artifact.objects.get(task=task).file.open() as file:
            assert file.read() == b"onetwo"
        default_storage.client.close()


def test_a_bucket_that_is_away_is_told_to_who_asks_for_a_file(accept, worker, owner, settings, monkeypatch):
    with s3_service.failing_bucket() as service:
        in_bucket(settings, monkeypatch, service.url, attempts=1)
        task = accept("toy_echo").task
        worker.work()
        client = bearer(tokens.issue(owner, name="test", scopes=DEFAULT_SCOPES)[1])
        service.fails((503, "SlowDown"))

        answer = client.get(f"/api/v1/tasks/{task.pk}/artifacts/word.txt")

        assert (answer.status_code, answer.json()["detail"]) == (503, "The storage does not answer.")
        assert answer["Retry-After"] == "5"
        default_storage.client.close()


def test_a_full_disk_costs_a_task_a_retry_and_leaves_no_file(accept, worker, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    task = accept("toy_echo", word="hello").task
    with monkeypatch.context() as disk:
        disk.setattr("os.fdatasync", full)
        worker.work()
    waiting = ready_again(task)
    assert waiting.attempts.get(number=1).error_type == "resource_error"
    assert not default_storage.exists(folder_of(task.pk))

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.retries, task.result.output["word"]) == ("success", 1, "hello")
