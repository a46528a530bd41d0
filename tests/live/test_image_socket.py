"""The socket of a job of pictures: a snapshot, each picture as it ends, and a normal end."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest
from django.test import Client

from jobs.access import links, tokens
from jobs.images import progress
from jobs.images.models import ImageJob
from jobs.live import consumers
from jobs.live.picture_watch import Pauses, watch
from jobs.live.wire import Wire
from jobs.runtime import clock
from jobs.runtime.cancel import cancel
from jobs.runtime.models import Status, Task
from jobs.runtime.signals import task_changed
from tests.images.conftest import MENU
from tests.live.test_sockets import close_code, opened, socket

pytestmark = pytest.mark.django_db(transaction=True)

NEVER = Pauses(look_seconds=60, pace_seconds=0.0)


def of(job: ImageJob) -> str:
    return f"/api/v1/image/ws/{job.job_id}"


def everybody(_task: Task) -> bool:
    return True


def ends(task: Task, status: Status) -> None:
    """End the job's own run, and say so."""
    values = {"completed_at": clock.now(), "kept_until": clock.now() + timedelta(days=30)}
    Task.objects.filter(pk=task.pk).update(status=status, attempt=1, progress=100, **values)
    task_changed.send(Task, task=Task.objects.get(pk=task.pk), position=None)


async def test_an_owner_hears_the_snapshot_each_picture_and_a_normal_end(make_job, draw, owner):
    job = make_job()
    draw(job, 0)

    connection = await opened(socket(of(job), user=owner))
    first = await connection.receive_json_from(timeout=60)
    draw(job, 1, failed="engine_refused")
    second = await connection.receive_json_from(timeout=60)
    ends(job.task, Status.SUCCESS)
    last = await connection.receive_json_from(timeout=60)

    assert (first["status"], first["progress_percent"], first["processing_info"]["total_items"]) == (
        "processing",
        20,
        5,
    )
    assert [picture["japanese_name"] for picture in first["pictures"]] == ["鯖の味噌煮"]
    assert first["pictures"][0]["image_url"].startswith("/uploads/menu_image_mackerel_in_miso_")
    assert [(each["position"], each["error"]) for each in second["pictures"]] == [(1, "engine_refused")]
    assert first["version"] < second["version"] < last["version"]
    assert (last["status"], last["progress_percent"], last["success_rate"]) == ("completed", 100, 20.0)
    assert list(last["images_generated"]) == list(MENU)
    assert await close_code(connection) == 1000


async def test_a_job_that_has_ended_is_told_in_one_message(make_job, owner):
    job = make_job()
    cancel(job.task)

    connection = await opened(socket(of(job), user=owner))

    assert (await connection.receive_json_from(timeout=60))["status"] == "cancelled"
    assert await close_code(connection) == 1000


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's", "no id at all"])
async def test_unknown_and_foreign_jobs_are_not_found_alike(make_job, stranger, whose):
    paths = {
        "somebody else's": of(make_job()),
        "nobody's": "/api/v1/image/ws/img_20260101_000000_000000",
        "no id at all": "/api/v1/image/ws/x",
    }

    assert await close_code(await opened(socket(paths[whose], user=stranger))) == 4404


async def test_a_signed_link_opens_its_own_job_only(make_job):
    job, other = make_job(), make_job()
    cancel(job.task)
    link = links.page_link(job.pk)

    right = await opened(socket(f"{of(job)}?link={link}"))
    wrong = await opened(socket(f"{of(other)}?link={link}"))

    assert (await right.receive_json_from(timeout=60))["status"] == "cancelled"
    assert await close_code(right) == 1000
    assert await close_code(wrong) == 4404


async def test_a_program_sends_its_token_first(make_job, owner, stranger):
    job = make_job()
    cancel(job.task)

    answers = []
    for user in (owner, stranger):
        connection = await opened(socket(of(job), origin=None))
        await connection.send_json_to({"token": tokens.issue(user, name="watcher")[1]})
        if user == owner:
            answers.append((await connection.receive_json_from(timeout=60))["status"])
        answers.append(await close_code(connection))

    assert answers == ["cancelled", 1000, 4404]


async def test_who_says_nothing_in_time_is_turned_away(make_job, monkeypatch):
    monkeypatch.setattr(consumers, "TOKEN_SECONDS", 0.01)

    assert await close_code(await opened(socket(of(make_job())))) == 4401


async def test_a_burst_is_told_in_few_messages_and_leaves_nothing_out(make_job, draw):
    job = make_job()

    async with aclosing(watch(job.job_id, may_see=everybody, pauses=Pauses(look_seconds=60, pace_seconds=0.2))) as told:
        messages = [await anext(told)]
        for position in range(5):
            draw(job, position)
        ends(job.task, Status.SUCCESS)
        # All of it is on its way before the first is taken.
        assert Wire.of_this_process().drain(60)
        async with asyncio.timeout(60):
            messages += [message async for message in told]

    assert [each["position"] for message in messages for each in message["pictures"]] == [0, 1, 2, 3, 4]
    assert len(messages) <= 3
    assert messages[-1]["status"] == "completed"


async def test_a_lost_message_costs_no_more_than_a_look(make_job, draw, monkeypatch):
    job = make_job()
    monkeypatch.setattr(progress.task_changed, "send_robust", lambda *_args, **_facts: [])

    async with aclosing(watch(job.job_id, may_see=everybody, pauses=Pauses(0.05, 0.0))) as told:
        await anext(told)
        draw(job, 2)
        async with asyncio.timeout(60):
            news = await anext(told)

    assert [each["position"] for each in news["pictures"]] == [2]


async def test_who_may_not_see_it_any_more_is_told_nothing_more(make_job, draw):
    job, seen = make_job(), iter([True, True])

    async with aclosing(watch(job.job_id, may_see=lambda _task: next(seen, False), pauses=NEVER)) as told:
        await anext(told)
        draw(job, 0)
        with pytest.raises(consumers.Gone):
            await anext(told)


@pytest.mark.parametrize("has_ended", [False, True])
async def test_the_socket_says_what_the_api_says(make_job, draw, owner, has_ended):
    job = make_job()
    draw(job, 0)
    draw(job, 1, failed="timed_out")
    if has_ended:
        ends(job.task, Status.SUCCESS)

    connection = await opened(socket(of(job), user=owner))
    said = await connection.receive_json_from(timeout=60)
    await connection.disconnect()

    browser = Client()
    browser.force_login(owner)
    answer = browser.get(f"/api/v1/image/status/{job.job_id}").json()
    assert {name: value for name, value in said.items() if name not in {"version", "timestamp", "pictures"}} == answer
