"""A menu becomes a batch of chunks, and each dish a picture that is kept the moment it is there."""

import itertools
import re
import threading
from contextlib import closing

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection

from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.images import report, store
from jobs.images.models import ImageJob, MenuImage
from jobs.runtime.batch import parts_of
from jobs.runtime.cancel import cancel
from jobs.runtime.invoke import invoke_again
from jobs.runtime.models import Result, Source, Status, Task
from jobs.runtime.storage import StorageUnreachable
from tests.flows.house import eventually
from tests.images.conftest import DISHES, MENU, job_of, menu_of


def outcome(job: ImageJob) -> list[tuple[str, str]]:
    return list(job.images.order_by("position").values_list("status", "error"))


def fresh(task: Task) -> Task:
    return Task.objects.get(pk=task.pk)


def test_asking_stores_job_dishes_and_chunks_at_once(ask):
    accepted = ask()

    job = job_of(accepted)
    assert re.fullmatch(r"img_\d{8}_\d{6}_[0-9a-f]{6}", job.job_id)
    assert job.categories == list(MENU)
    assert list(job.images.values_list("japanese_name", flat=True)) == DISHES
    assert [part.inputs for part in accepted.task.children.order_by("id")] == [
        {"job": str(job.pk), "first": 0, "count": 3},
        {"job": str(job.pk), "first": 3, "count": 2},
    ]
    assert accepted.task.children.first().siblings_at_once == 3


def test_a_menu_keeps_its_order_through_the_database(ask, worker, local_alone):
    accepted = ask()

    worker.work()

    output = Result.objects.get(task=accepted.task).output
    assert [each["category"] for each in output["images_generated"]] == list(MENU)
    assert [name for name, _dishes in Task.objects.get(pk=accepted.task.pk).inputs["final_menu"]] == list(MENU)
    assert [dish["japanese_name"] for each in output["images_generated"] for dish in each["images"]] == DISHES


def test_every_dish_gets_a_picture_with_its_provider(ask, worker, service_first):
    accepted = ask()

    worker.work()

    job = job_of(accepted)
    assert fresh(accepted.task).status == Status.SUCCESS
    for image in job.images.all():
        assert (image.status, image.provider, image.model, image.is_placeholder) == ("done", "gemini", "pen/1", False)
        assert float(image.cost_usd) == 0.04
        with image.file.open("rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    assert re.fullmatch(r"menu_image_green_tea_\d{8}_\d{6}\.png", job.images.get(position=2).name)


def test_a_menu_may_come_as_pairs(ask, worker, local_alone):
    accepted = ask([[name, dishes] for name, dishes in MENU.items()])

    worker.work()

    assert job_of(accepted).categories == list(MENU)
    assert [status for status, _error in outcome(job_of(accepted))] == ["done"] * 5


def test_what_one_dish_meets_stays_its_own(ask, worker, local_alone):
    def act(dish):
        if dish.name == "肉じゃが":
            raise RuntimeError("the renderer has a fault")

    local_alone.act = act
    accepted = ask()

    worker.work()

    assert outcome(job_of(accepted)) == [("done", ""), ("failed", "unexpected")] + [("done", "")] * 3
    assert [part.status for part in parts_of(accepted.task.pk)] == [Status.SUCCESS, Status.SUCCESS]
    result = Result.objects.get(task=accepted.task).output
    assert (result["total_images"], result["failed_images"], result["success_rate"]) == (4, 1, 80.0)


@pytest.mark.parametrize(
    ("error", "why"), [(EngineUnavailable("gemini"), "unavailable"), (EngineRefused("gemini", "safety"), "refused")]
)
def test_the_house_draws_what_a_service_does_not(ask, worker, service_first, local, error, why):
    def act(dish):
        if dish.name == "うなぎ":
            raise error

    service_first.act = act
    accepted = ask()

    worker.work()

    eel = job_of(accepted).images.get(japanese_name="うなぎ")
    assert (eel.status, eel.provider, eel.is_placeholder) == ("done", "local", True)
    assert eel.skipped == [{"provider": "gemini", "why": why}]
    assert local.drawn == ["うなぎ"]


def test_a_job_without_any_picture_has_failed(ask, worker, local_alone):
    def act(_dish):
        raise RuntimeError

    local_alone.act = act
    accepted = ask()

    worker.work()

    assert fresh(accepted.task).status == Status.FAILURE
    [standing] = report.standings([job_of(accepted)]).values()
    assert (standing.word, standing.failed, standing.success_rate) == ("failed", 5, 0.0)


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (OSError(28, "No space left on device"), "resource_error"),
        (StorageUnreachable("SlowDown"), "network_error"),
    ],
    ids=["the disk is full", "the bucket is away"],
)
def test_a_chunk_that_runs_again_draws_only_what_is_missing(ask, worker, local_alone, monkeypatch, trouble, kind):
    class TroubledOnce(FileSystemStorage):
        troubles = iter([trouble])

        def save(self, name, content):
            for error in self.troubles if "green_tea" in name else ():
                raise error
            return super().save(name, content)

    monkeypatch.setattr(store, "default_storage", TroubledOnce(default_storage.location))
    accepted = ask()
    worker.work()
    first_time = list(local_alone.drawn)

    chunk = accepted.task.children.order_by("id").first()
    assert (chunk.status, chunk.error_type) == (Status.RETRY, kind)
    Task.objects.filter(pk=chunk.pk).update(not_before=None)
    from jobs.runtime import queue

    queue.send(fresh(chunk))
    worker.work()

    assert sorted(first_time) == sorted(DISHES)
    assert local_alone.drawn[len(first_time) :] == ["緑茶"]
    assert [status for status, _error in outcome(job_of(accepted))] == ["done"] * 5


def test_pictures_are_there_one_by_one(ask, worker, local_alone):
    seen, gate, first = [], threading.Event(), threading.Lock()

    def act(_dish):
        # Each has a thread; the first of them to come is drawn at once.
        if not first.acquire(blocking=False):
            gate.wait(60)

    local_alone.act = act
    accepted = ask()
    from jobs.images import progress

    tell = progress.tell

    def look(image):
        tell(image)
        seen.append((image.position, fresh(accepted.task).progress))
        gate.set()

    progress.tell = look
    try:
        worker.work()
    finally:
        progress.tell = tell

    assert sorted(position for position, _progress in seen) == [0, 1, 2, 3, 4]
    assert seen[0][1] == 99 // 5
    assert seen[-1][1] == 99


def test_a_picture_that_comes_after_the_end_is_taken_away_again(ask, worker, local_alone):
    accepted = ask()

    def act(dish):
        if dish.name == "鯖の味噌煮":
            with closing(connection):
                cancel(accepted.task)

    local_alone.act = act
    worker.work()

    job = job_of(accepted)
    assert fresh(accepted.task).status == Status.CANCELLED
    assert {part.status for part in parts_of(accepted.task.pk)} == {Status.CANCELLED}
    stored = default_storage.listdir("pictures")[1] if default_storage.exists("pictures") else []
    assert set(stored) == {image.name for image in job.images.exclude(file="")}
    [standing] = report.standings([job]).values()
    assert standing.word == "cancelled"


def test_of_two_who_draw_one_dish_the_first_is_kept(ask, service, valkey):
    from jobs.runtime.providers import Served

    accepted = ask()
    image = job_of(accepted).images.first()
    dish = store.dish_of(image, "本日のおすすめ")
    picture, served = service.draw(dish), Served(provider="gemini")

    kept = [store.keep(image, dish, picture, served, seconds=1.0) for _twice in range(2)]

    assert kept == [True, False]
    image.refresh_from_db()
    assert default_storage.listdir("pictures")[1] == [image.name]


def test_dishes_that_wait_past_the_jobs_time_have_failed(ask, worker, local_alone, settings):
    settings.IMAGE_JOB_TIMEOUT = 0
    accepted = ask()

    worker.work()

    assert outcome(job_of(accepted)) == [("failed", "timed_out")] * 5
    assert local_alone.drawn == []
    assert fresh(accepted.task).status == Status.FAILURE


def test_a_service_that_hangs_is_left_when_the_jobs_time_is_over(ask, worker, local_alone, settings):
    gate, drawn = threading.Event(), itertools.count(1)

    def act(_dish):
        if next(drawn) < 3:
            return
        with closing(connection):
            kept = MenuImage.objects.filter(status="done")
            eventually(lambda: kept.count() == 2, what="the two before are kept")
        settings.IMAGE_JOB_TIMEOUT = 0
        gate.wait(60)

    local_alone.act = act
    accepted = ask()

    worker.work()
    gate.set()

    assert sorted(outcome(job_of(accepted))[:3]) == [("done", ""), ("done", ""), ("failed", "timed_out")]


def test_a_job_that_is_run_again_is_a_new_job(ask, worker, local_alone):
    first = ask(menu_of(4))
    worker.work()

    again = invoke_again(fresh(first.task), source=Source.API)
    worker.work()

    assert again.task.children.count() == 2
    assert job_of(again).job_id != job_of(first).job_id
    assert MenuImage.objects.filter(job=job_of(again), status="done").count() == 4
