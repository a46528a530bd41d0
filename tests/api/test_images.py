"""The image routes, in the words of section 5 of the requirements."""

import json
import re
from contextlib import closing

import pytest
from django.db import connection
from django.test import Client

from jobs.access import links
from jobs.functions import image as function_file
from jobs.images import in_process
from jobs.images.models import ImageJob, MenuImage
from jobs.runtime import invoke as invoke_file
from jobs.runtime import queue
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Task
from jobs.runtime.providers import Provider, Providers
from tests.images.conftest import MENU, Pen, menu_of
from tests.images.test_in_process import join
from tests.runtime.conftest import LocalWorker

GENERATE, BATCH, HISTORY = (f"/api/v1/image/{name}" for name in ("generate-async", "generate-batch", "history"))


@pytest.fixture
def draw(transactional_db, valkey, monkeypatch, tmp_path, settings):
    """Let a worker in this process draw all that waits, with a pen of the tests."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": str(tmp_path)}},
    }
    pen = Pen(is_placeholder=True)
    monkeypatch.setattr(function_file, "providers", lambda: Providers("image", [Provider("local", pen, is_local=True)]))

    def work():
        LocalWorker("here:0:1:1").work()

    work.pen = pen
    return work


@pytest.fixture
def post(as_owner, transactional_db, valkey):
    def post(address=GENERATE, *, client=as_owner, key="", **body):
        headers = {"Idempotency-Key": key} if key else {}
        return client.post(address, json.dumps(body), content_type="application/json", headers=headers)

    return post


def of(answer):
    return ImageJob.objects.get(job_id=answer.json()["job_id"])


def without_a_queue(monkeypatch):
    def unreachable(*_args, **_options):
        raise QueueUnreachable

    monkeypatch.setattr(queue, "send_all", unreachable)
    monkeypatch.setattr(queue, "send", unreachable)
    assert invoke_file.queue is queue


# The request of the requirements, and what comes of it


def test_the_request_of_the_requirements(post, as_owner, draw):
    menu = {"前菜": [{"japanese_name": "枝豆", "english_name": "Edamame", "description": "Salted soy beans"}]}

    accepted = post(final_menu=menu, session_id="abc")

    assert accepted.status_code == 202
    said = accepted.json()
    job_id = said["job_id"]
    assert re.fullmatch(r"img_\d{8}_\d{6}_[0-9a-z]{6}", job_id)
    assert said["success"] is True
    assert (said["status"], said["total_items"]) == ("queued", 1)
    assert said["estimated_time_seconds"] >= 1
    assert said["status_endpoint"] == f"/api/v1/image/status/{job_id}"
    assert (said["mode"], said["message"]) == ("queue", None)
    assert accepted["Location"].endswith(said["status_endpoint"])

    waiting = as_owner.get(said["status_endpoint"]).json()
    assert (waiting["job_id"], waiting["status"], waiting["progress_percent"]) == (job_id, "queued", 0)
    assert waiting["processing_info"] == {
        "total_chunks": 1,
        "completed_chunks": 0,
        "total_items": 1,
        "completed_items": 0,
        "failed_items": 0,
    }
    assert "images_generated" not in waiting

    draw()

    ended = as_owner.get(said["status_endpoint"]).json()
    assert (ended["status"], ended["progress_percent"], ended["total_images"]) == ("completed", 100, 1)
    assert ended["success_rate"] == 100.0
    [dish] = ended["images_generated"]["前菜"]
    assert (dish["japanese_name"], dish["english_name"], dish["generation_success"]) == ("枝豆", "Edamame", True)
    assert (dish["provider"], dish["is_placeholder"]) == ("local", True)
    assert re.fullmatch(r"/uploads/menu_image_edamame_\d{8}_\d{6}\.png\?link=.+", dish["image_url"])
    picture = Client().get(dish["image_url"])
    assert picture.status_code == 200
    assert picture["Content-Type"] == "image/png"
    assert picture["X-Content-Type-Options"] == "nosniff"
    assert picture.content.startswith(b"\x89PNG")


def test_the_categories_keep_their_order(post, as_owner, draw):
    job_id = post(final_menu=MENU).json()["job_id"]
    draw()

    answer = as_owner.get(f"/api/v1/image/status/{job_id}")

    assert list(json.loads(answer.content)["images_generated"]) == list(MENU)


def test_a_running_job_says_how_far_it_is(post, as_owner, draw):
    accepted = post(final_menu=menu_of(4))
    halfway = {}

    def act(dish):
        if dish.name == "料理3":
            with closing(connection):
                halfway.update(as_owner.get(accepted.json()["status_endpoint"]).json())

    draw.pen.act = act
    # The second chunk is drawn after the first.
    draw()

    assert (halfway["status"], halfway["progress_percent"]) == ("processing", 75)
    assert (halfway["processing_info"]["total_chunks"], halfway["processing_info"]["completed_chunks"]) == (2, 1)


def test_a_dish_that_failed_says_why(post, as_owner, draw):
    def act(dish):
        if dish.name == "料理1":
            raise RuntimeError

    draw.pen.act = act
    job_id = post(final_menu=menu_of(3)).json()["job_id"]
    draw()

    ended = as_owner.get(f"/api/v1/image/status/{job_id}").json()

    dish = ended["images_generated"]["主菜"][1]
    assert (dish["generation_success"], dish["image_url"], dish["error"]) == (False, None, "unexpected")
    assert (ended["status"], ended["total_images"], ended["success_rate"]) == ("completed", 2, 66.67)


def test_the_generic_route_makes_the_same_job(as_owner, draw):
    answer = as_owner.post(
        "/api/v1/functions/image/invoke", json.dumps({"input": {"final_menu": MENU}}), content_type="application/json"
    )
    draw()

    task = as_owner.get(f"/api/v1/tasks/{answer.json()['task_id']}").json()
    assert task["status"] == "success"
    assert [each["category"] for each in task["result"]["images_generated"]] == list(MENU)
    url = task["result"]["images_generated"][0]["images"][0]["image_url"]
    assert as_owner.get(url).status_code == 200


def test_chunks_are_not_offered(as_owner, post):
    names = [each["name"] for each in as_owner.get("/api/v1/functions").json()["functions"]]
    invoked = post("/api/v1/functions/image_chunk/invoke", input={"job": "x", "first": 0, "count": 1})

    assert "image" in names
    assert "image_chunk" not in names
    assert as_owner.get("/api/v1/functions/image_chunk").status_code == 404
    assert (invoked.status_code, invoked.json()["type"]) == (404, "urn:koebako:problem:unknown-function")


# Keys, priorities, several menus


def test_the_same_key_gives_the_same_job(post):
    first, again = (post(final_menu=MENU, key="order 7") for _twice in range(2))
    other = post(final_menu=menu_of(1), key="order 7")

    assert first.json()["job_id"] == again.json()["job_id"]
    assert again["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["type"]) == (422, "urn:koebako:problem:key-reused")
    assert ImageJob.objects.count() == 1


def test_priorities_reach_the_chunks_and_urgency_is_for_staff(post, as_staff):
    low = post(final_menu=MENU, priority=2)
    refused = post(final_menu=MENU, priority=0)

    assert set(Task.objects.filter(parent=of(low).pk).values_list("priority", flat=True)) == {2}
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "priority")
    assert post(client=as_staff, final_menu=MENU, priority=0).status_code == 202


def test_several_menus_are_several_jobs(post, as_owner, draw):
    answer = post(BATCH, menus=[{"final_menu": MENU, "session_id": "a"}, menu_of(2)])
    draw()

    said = answer.json()
    assert answer.status_code == 202
    assert (said["total_jobs"], said["total_items"]) == (2, 7)
    for job in said["jobs"]:
        assert as_owner.get(job["status_endpoint"]).json()["status"] == "completed"


def test_several_menus_are_accepted_all_of_them_or_none(post):
    answer = post(BATCH, menus=[MENU, {"final_menu": {"主菜": [{"japanese_name": "x" * 5000}]}}])

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "menus.1.final_menu.主菜.0.japanese_name"
    assert ImageJob.objects.count() == 0


def test_a_batch_under_its_key_is_the_same_jobs(post):
    first, again = (post(BATCH, menus=[MENU, menu_of(1)], key="k") for _twice in range(2))
    shorter = post(BATCH, menus=[MENU], key="k")

    assert [job["job_id"] for job in first.json()["jobs"]] == [job["job_id"] for job in again.json()["jobs"]]
    assert shorter.status_code == 422


# History, cancelling, strangers


def test_the_history_goes_on_with_the_cursor(post, as_owner, as_stranger):
    jobs = [post(final_menu=menu_of(1), session_id=str(number)).json()["job_id"] for number in range(3)]

    page = as_owner.get(HISTORY, {"limit": 2}).json()
    rest = as_owner.get(HISTORY, {"cursor": page["next_cursor"]}).json()

    assert [job["job_id"] for job in page["jobs"] + rest["jobs"]] == jobs[::-1]
    assert rest["next_cursor"] is None
    assert page["jobs"][0] | {"created_at": ""} == {
        "job_id": jobs[2],
        "status": "queued",
        "progress_percent": 0,
        "session_id": "2",
        "mode": "queue",
        "total_items": 1,
        "total_images": 0,
        "failed_items": 0,
        "success_rate": 0.0,
        "created_at": "",
        "status_endpoint": f"/api/v1/image/status/{jobs[2]}",
    }
    assert as_owner.get(HISTORY, {"limit": "", "cursor": ""}).json() == as_owner.get(HISTORY).json()
    assert as_stranger.get(HISTORY).json()["jobs"] == []
    assert as_stranger.get(HISTORY, {"cursor": page["next_cursor"]}).status_code == 422


def test_a_job_is_cancelled_with_its_chunks(post, as_owner, draw):
    accepted = post(final_menu=MENU).json()

    cancelled = as_owner.delete(f"/api/v1/image/jobs/{accepted['job_id']}")
    draw()

    assert cancelled.json() == {"success": True, "job_id": accepted["job_id"], "status": "cancelled"}
    said = as_owner.get(accepted["status_endpoint"]).json()
    assert (said["status"], said["total_images"]) == ("cancelled", 0)
    assert {dish["error"] for dishes in said["images_generated"].values() for dish in dishes} == {"cancelled"}
    assert draw.pen.drawn == []
    assert as_owner.delete(f"/api/v1/image/jobs/{accepted['job_id']}").status_code == 409


def test_foreign_and_unknown_jobs_are_not_there(post, as_stranger, draw):
    job_id = post(final_menu=MENU).json()["job_id"]
    draw()
    name = MenuImage.objects.first().name

    for path in (f"status/{job_id}", "status/img_20260101_000000_abcdef", "status/%00"):
        assert as_stranger.get(f"/api/v1/image/{path}").status_code == 404
    assert as_stranger.delete(f"/api/v1/image/jobs/{job_id}").status_code == 404
    assert as_stranger.get(f"/uploads/{name}").status_code == 404
    assert as_stranger.get("/uploads/menu_image_x_20260101_000000.png").status_code == 404
    assert Client().get(f"/api/v1/image/status/{job_id}").status_code == 401


# Pictures


def test_a_picture_is_for_its_owner_or_a_link(post, as_owner, draw):
    post(final_menu=menu_of(2))
    draw()
    first, second = (image.name for image in MenuImage.objects.order_by("position"))

    assert as_owner.get(f"/uploads/{first}").status_code == 200
    assert Client().get(links.picture_url(first)).status_code == 200
    assert Client().get(f"/uploads/{first}").status_code == 401
    assert Client().get(f"/uploads/{second}?link={links.picture_link(first)}").status_code == 403
    assert Client().get(f"/uploads/{first}?link=1-{'x' * 43}").status_code == 403
    assert Client().get("/uploads/../pictures/x.png").status_code in (401, 404)


def test_a_picture_comes_in_parts_and_not_twice(post, as_owner, draw):
    post(final_menu=menu_of(1))
    draw()
    url = f"/uploads/{MenuImage.objects.get().name}"

    whole = as_owner.get(url)
    part = as_owner.get(url, headers={"range": "bytes=0-3"})
    again = as_owner.get(url, headers={"if-none-match": whole["ETag"]})

    assert (part.status_code, part.content) == (206, b"\x89PNG")
    assert again.status_code == 304
    assert as_owner.head(url)["Content-Length"] == str(len(whole.content))


# Without a queue


def test_without_a_queue_the_web_process_draws_and_says_so(post, as_owner, draw, monkeypatch):
    without_a_queue(monkeypatch)

    said = post(final_menu=MENU).json()
    join()

    assert (said["mode"], bool(said["message"])) == ("sync", True)
    ended = as_owner.get(said["status_endpoint"]).json()
    assert (ended["status"], ended["mode"], ended["total_images"]) == ("completed", "sync", 5)


def test_a_job_too_long_for_the_web_process_waits_and_says_so(post, as_owner, draw, monkeypatch, settings):
    settings.IMAGE_SYNC_MAX_ITEMS = 4
    with monkeypatch.context() as outage:
        without_a_queue(outage)
        said = post(final_menu=MENU).json()
    join()

    assert (said["mode"], "4" in said["message"]) == ("queue", True)
    assert as_owner.get(said["status_endpoint"]).json()["status"] == "queued"
    queue.send_all(list(Task.objects.filter(parent=of_id(said).pk)))
    draw()
    assert as_owner.get(said["status_endpoint"]).json()["status"] == "completed"


def of_id(said):
    return ImageJob.objects.get(job_id=said["job_id"])


def test_nothing_is_queued_when_that_is_not_wanted(post, as_owner, draw, settings):
    settings.ASYNC_IMAGE_ENABLED = False
    waiting = []
    draw.pen.act = lambda _dish: waiting.append(sum(queue.sizes().values()))

    said = post(final_menu=MENU).json()
    join()

    assert (said["mode"], set(waiting)) == ("sync", {0})
    assert as_owner.get(said["status_endpoint"]).json()["status"] == "completed"
    assert in_process._place.acquire(blocking=False)
    in_process._place.release()


# What is refused at once


@pytest.mark.parametrize(
    ("menu", "field", "code"),
    [
        ({}, "final_menu", "empty_menu"),
        ({"前菜": []}, "final_menu", "empty_menu"),
        ([], "final_menu", "empty_menu"),
        ({"前菜": [{"english_name": "x"}]}, "final_menu.前菜.0.japanese_name", "missing"),
        ({"前菜": [{"japanese_name": " "}]}, "final_menu.前菜.0.japanese_name", "string_too_short"),
        ({"前菜": [{"japanese_name": 5}]}, "final_menu.前菜.0.japanese_name", "string_type"),
        ({"前菜": [{"japanese_name": "あ" * 5000}]}, "final_menu.前菜.0.japanese_name", "string_too_long"),
        ({"前菜": [{"japanese_name": "あ", "english_name": "x" * 5000}]}, "final_menu.前菜.0.english_name",
         "string_too_long"),
        ({"前菜": {"japanese_name": "あ"}}, "final_menu.前菜", "tuple_type"),
        ([["前菜", []], ["前菜", []]], "final_menu.前菜", "category_twice"),
        ([["前菜"]], "final_menu.0", "pair_expected"),
        ({"前菜": [{"japanese_name": "あ"}], "前菜 ": [{"japanese_name": "い"}]}, "final_menu.前菜", "category_twice"),
        ("枝豆", "final_menu", "dict_type"),
        (None, "final_menu", "dict_type"),
    ],
)  # fmt: skip
def test_a_menu_that_does_not_fit_is_refused_by_its_field(post, menu, field, code):
    answer = post(final_menu=menu)

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]
    assert Task.objects.count() == 0


def test_ten_thousand_dishes_are_refused(post):
    answer = post(final_menu={"主菜": [{"japanese_name": "あ"}] * 10_000})

    assert answer.status_code == 422
    assert answer.json()["errors"][0] | {"message": ""} == {
        "field": "final_menu",
        "code": "too_many_items",
        "message": "",
    }


def test_odd_names_are_drawn_and_harm_nothing(post, as_owner, draw, tmp_path):
    names = [
        "🍣🍶",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "同じ",
        "同じ",
        "a/b\\c",
        "%2e%2e%2f",
        "' OR 1=1 --",
    ]
    menu = {"<b>🍱</b>": [{"japanese_name": name, "english_name": name, "price": 500} for name in names]}

    job_id = post(final_menu=menu).json()["job_id"]
    draw()

    dishes = as_owner.get(f"/api/v1/image/status/{job_id}").json()["images_generated"]["<b>🍱</b>"]
    assert [dish["japanese_name"] for dish in dishes] == names
    assert all(Client().get(dish["image_url"]).status_code == 200 for dish in dishes)
    assert len({dish["image_url"] for dish in dishes}) == len(names)
    stored = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.png")]
    assert {str(path.parent) for path in stored} == {"pictures"}


@pytest.mark.parametrize("address", [GENERATE, BATCH])
def test_pictures_may_be_switched_off(post, settings, address):
    settings.IMAGE_GENERATION_ENABLED = False

    answer = post(address, final_menu=MENU) if address == GENERATE else post(address, menus=[MENU])

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:koebako:problem:function-off")


def test_the_generic_route_says_too_that_it_is_off(post, settings):
    settings.IMAGE_GENERATION_ENABLED = False

    answer = post("/api/v1/functions/image/invoke", input={"final_menu": MENU})

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:koebako:problem:function-off")
