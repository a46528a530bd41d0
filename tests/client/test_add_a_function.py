"""README's "Add a function": the file as it stands there, and all that it is said to give."""

import importlib.util
import io
import json

import pytest
from django.core.management import call_command
from django.test import Client

from jobs.runtime import registry
from jobs.runtime.local import run_batch_here
from jobs.runtime.models import Priority, Source, Task
from tests.client.readme import example, section

MOST_LINES = 20


@pytest.fixture
def code():
    return example("python", "Add a function", having="@function")


@pytest.fixture
def greeting(code, tmp_path):
    """The example as a module of its own, registered for one test."""
    place = tmp_path / "greeting.py"
    place.write_text(code)
    spec = importlib.util.spec_from_file_location("greeting", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    registry.forget("greeting")


def test_it_is_twenty_lines(code):
    assert len([line for line in code.splitlines() if line.strip()]) <= MOST_LINES


def test_it_has_a_route_a_schema_a_form_and_a_command(greeting, token, staff, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(headers={"authorization": f"Bearer {token}"})

    accepted = client.post(
        "/api/v1/functions/greeting/invoke", {"input": {"name": "花"}}, content_type="application/json"
    )
    assert accepted.status_code == 202, accepted.content
    run_batch_here(Task.objects.get().pk)
    task = client.get(f"/api/v1/tasks/{accepted.json()['task_id']}").json()
    refused = client.post(
        "/api/v1/functions/greeting/invoke", {"input": {"name": "花" * 81}}, content_type="application/json"
    )
    told = client.get("/api/v1/functions/greeting").json()
    admin = Client()
    admin.force_login(staff)
    form = admin.get("/admin/run/greeting")
    printed = io.StringIO()
    call_command("functions", "--json", stdout=printed)

    assert (task["status"], task["result"]) == ("success", {"words": "花さん、こんにちは。"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "input.name")
    assert told["input_schema"]["properties"]["name"]["description"] == "who is greeted"
    assert (form.status_code, b"who is greeted" in form.content) == (200, True)
    assert "greeting" in {each["name"] for each in json.loads(printed.getvalue())}


def test_its_first_call_from_code_stands_as_it_is_written(greeting, owner, valkey):
    from jobs.runtime.invoke import invoke

    [line] = [line for line in section("Add a function").splitlines() if line.startswith('invoke("greeting", {"name"')]

    invocation = eval(line.partition("#")[0], {"invoke": invoke, "user": owner, "Source": Source})

    assert (invocation.task.function, invocation.task.priority) == ("greeting", Priority.NORMAL)
