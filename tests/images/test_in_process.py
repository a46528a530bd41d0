"""Without a queue a job is drawn in this process, under the same claims and leases."""

import threading
from contextlib import closing

import pytest
from django.core.management import call_command
from django.db import connection

from jobs.images import in_process
from jobs.images.models import ImageJob
from jobs.runtime import queue
from jobs.runtime.cancel import cancel
from jobs.runtime.models import Status, Task
from tests.images.conftest import MENU, job_of, menu_of


def join() -> None:
    for thread in threading.enumerate():
        if thread.name == "pictures":
            thread.join(timeout=60)
            assert not thread.is_alive()


def statuses(task: Task) -> set[str]:
    return {Task.objects.get(pk=task.pk).status, *task.children.values_list("status", flat=True)}


def test_a_job_is_drawn_without_workers(ask, local_alone):
    accepted = ask(send=False)

    assert in_process.start(job_of(accepted)) is True
    join()

    assert statuses(accepted.task) == {Status.SUCCESS}
    job = job_of(accepted)
    assert (job.mode, job.images.filter(status="done").count()) == ("sync", 5)


def test_a_queue_that_comes_back_runs_nothing_again(ask, local_alone, worker):
    accepted = ask(send=False)
    begun, gate = threading.Event(), threading.Event()

    def act(_dish):
        begun.set()
        gate.wait(60)

    local_alone.act = act
    in_process.start(job_of(accepted))
    begun.wait(60)
    queue.send_all(list(accepted.task.children.all()))

    ran = worker.work()
    gate.set()
    join()

    assert ran == []
    assert len(local_alone.drawn) == 5
    assert set(accepted.task.children.values_list("attempt", flat=True)) == {1}
    assert statuses(accepted.task) == {Status.SUCCESS}


def test_a_lease_is_held_while_it_draws(ask, local_alone):
    accepted = ask(send=False)
    held = []

    def act(_dish):
        with closing(connection):
            chunks = accepted.task.children.values_list("status", "leased_until")
            held.append({(status, until is not None) for status, until in chunks})

    local_alone.act = act
    in_process.start(job_of(accepted))
    join()

    # All chunks are claimed before the first is drawn.
    assert held[0] == {(Status.PROCESSING, True)}


def test_one_job_at_a_time(ask, local_alone):
    gate = threading.Event()
    local_alone.act = lambda _dish: gate.wait(60)
    first, second = ask(send=False), ask(send=False)

    started = [in_process.start(job_of(first)), in_process.start(job_of(second))]
    gate.set()
    join()

    assert started == [True, False]
    assert job_of(second).mode == "queue"
    assert in_process.start(job_of(second)) is True
    join()
    assert statuses(second.task) == {Status.SUCCESS}


def test_a_long_job_waits_for_the_queue(ask, local_alone, settings):
    settings.IMAGE_SYNC_MAX_ITEMS = 60

    assert in_process.start(job_of(ask(menu_of(61), send=False))) is False


def test_a_job_may_be_cancelled_meanwhile(ask, local_alone, monkeypatch):
    monkeypatch.setattr(in_process, "LOOK_SECONDS", 0.0)
    accepted = ask(send=False)

    def act(dish):
        if dish.name == "鯖の味噌煮":
            with closing(connection):
                cancel(accepted.task)

    local_alone.act = act
    in_process.start(job_of(accepted))
    join()

    assert statuses(accepted.task) == {Status.CANCELLED}
    assert ImageJob.objects.get(pk=accepted.task.pk).images.filter(status="done").count() < 5


def test_a_command_draws_a_menu_in_its_own_process(transactional_db, valkey, local_alone, capsys):
    import json

    call_command("invoke", "image", "--local", "--input", json.dumps({"final_menu": MENU}))

    said = capsys.readouterr().out
    assert json.loads(said.partition("\n")[2])["result"]["total_images"] == 5


def test_a_chunk_is_nobodys_to_ask_for(ask, local_alone):
    with pytest.raises(SystemExit) as left:
        call_command("invoke", "image_chunk", "--local", "--input", "{}")

    assert left.value.code == 2
