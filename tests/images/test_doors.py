"""Whichever door asks for pictures gets the job, its dishes and its chunks at once."""

import json

from django.core.management import call_command

from jobs.images.models import ImageJob
from jobs.runtime.invoke import invoke_many
from jobs.runtime.models import Source, Status, Task
from tests.images.conftest import MENU, job_of, menu_of
from tests.runtime.admin_site import client_of


def test_the_admins_form_makes_a_job(transactional_db, valkey, staff, worker, local_alone):
    client = client_of(staff)
    form = client.get("/admin/run/image")
    assert form.status_code == 200

    client.post("/admin/run/image", {"input_final_menu": json.dumps(MENU), "input_session_id": "", "priority": "1"})
    worker.work()

    job = ImageJob.objects.get()
    assert (job.categories, job.images.filter(status="done").count()) == (list(MENU), 5)


def test_the_admin_offers_no_chunks(transactional_db, staff):
    client = client_of(staff)

    assert "/admin/run/image_chunk" not in client.get("/admin/run/").content.decode()
    assert client.get("/admin/run/image_chunk").status_code == 404


def test_a_command_makes_a_job_for_the_workers(transactional_db, valkey, worker, local_alone, capsys):
    call_command("invoke", "image", "--no-wait", "--input", json.dumps({"final_menu": MENU}))
    worker.work()

    task = Task.objects.get(pk=capsys.readouterr().out.strip())
    assert (task.status, task.children.count()) == (Status.SUCCESS, 2)


def test_many_jobs_are_stored_at_once(transactional_db, valkey, owner, worker, local_alone):
    tasks = invoke_many(
        "image", [{"final_menu": menu_of(2)}, {"final_menu": menu_of(4)}], owner=owner, source=Source.SCHEDULE
    )
    worker.work()

    assert [task.children.count() for task in tasks] == [1, 2]
    assert set(Task.objects.values_list("status", flat=True)) == {Status.SUCCESS}


def test_a_chunk_is_not_run_again_by_hand(ask, worker, local_alone, owner):
    accepted = ask()
    worker.work()
    client = client_of(owner)

    answer = client.post(f"/tasks/{accepted.task.children.first().pk}/again")

    assert answer.status_code == 302
    assert Task.objects.count() == 1 + 2
    assert job_of(accepted).images.count() == 5
