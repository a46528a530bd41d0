"""The admin's form of a function: made from its input type, said back at the field, run as whoever asked."""

import enum
import io
import json
import uuid
import wave
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

import pytest
import redis
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from pydantic import BaseModel, Field

from jobs.access.models import Action, AuditEntry
from jobs.runtime import registry, uploads
from jobs.runtime.admin.run_form import RunForm
from jobs.runtime.admin.typed_form import PREFIX
from jobs.runtime.context import Context
from jobs.runtime.models import Priority, Source, Status, Task, Upload
from jobs.runtime.uploads import FileId
from tests.runtime.admin_site import PAYLOAD, client_of, person

RUN = "/admin/run/"


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Place(BaseModel, frozen=True):
    town: str
    floors: int = Field(default=1, ge=1)


class Everything(BaseModel, frozen=True):
    """One field of each kind that a function may ask for."""

    short: str = Field(min_length=2, max_length=20, description="a few words")
    long: str = Field(default="", max_length=5000)
    count: int = Field(default=3, ge=1, le=9)
    above: int = Field(default=5, gt=0, lt=10)
    share: float = Field(default=0.5, ge=0, le=1)
    yes: bool = True
    mode: Literal["a", "b"] = "a"
    level: Literal[1, 2] | None = None
    colour: Colour = Colour.BLUE
    note: str | None = Field(default=None, max_length=50)
    maybe: bool | None = None
    limit: int | None = None
    day: date | None = None
    words: list[Annotated[str, Field(max_length=5)]] = []
    place: Place = Place(town="Kobe")
    priority: int = 0


class Nothing(BaseModel, frozen=True):
    pass


def wav(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * int(8000 * seconds)))
    return file.getvalue()


@pytest.fixture
def spec() -> Iterator[registry.Function]:
    @registry.function("everything", queue="bulk", timeout_seconds=5)
    def everything(inputs: Everything, context: Context) -> Nothing:
        """Take one of each."""
        return Nothing()

    yield registry.get("everything")
    registry.forget("everything")


@pytest.fixture
def client(valkey: redis.Redis, transactional_db: None, staff: Any) -> Any:
    return client_of(staff)


def filled(spec: registry.Function, **changes: Any) -> dict[str, Any]:
    """Return what a browser sends for the form as it is first shown, with changes by the input's names."""
    form = RunForm(spec)
    sent = {"priority": "1"}
    for name, field in form.fields.items():
        value = field.widget.format_value(field.prepare_value(form.get_initial_for_field(field, name)))
        if isinstance(field, forms.BooleanField) and not isinstance(field.widget, forms.Select):
            if field.initial:
                sent[name] = "on"
        elif name.startswith(PREFIX):
            sent[name] = value[0] if isinstance(value, list) else "" if value is None else value
    sent |= {PREFIX + "short": "hello"} if spec.name == "everything" else {}
    for name, value in changes.items():
        if value is None:
            sent.pop(PREFIX + name)
        else:
            sent[PREFIX + name] = value
    return sent


def accepted(spec: registry.Function, **changes: Any) -> dict[str, Any]:
    form = RunForm(spec, filled(spec, **changes))
    assert form.is_valid(), form.errors
    assert form.accepted is not None
    return form.accepted


def test_what_is_shown_first_is_the_default_of_every_field(spec: registry.Function) -> None:
    assert accepted(spec) == Everything(short="hello").model_dump(mode="json")


def test_every_kind_of_field_takes_what_is_written(spec: registry.Function) -> None:
    written = {
        "short": " two ", "long": "one\r\ntwo", "count": "9", "above": "1", "share": "0.25", "yes": None, "mode": "b",
        "level": "2", "colour": "red", "note": "n", "maybe": "false", "limit": "-4", "day": "2026-11-22",
        "words": '["a", "b"]', "place": '{"town": "Nara", "floors": 2}', "priority": "7",
    }  # fmt: skip

    assert accepted(spec, **written) == {
        "short": " two ", "long": "one\ntwo", "count": 9, "above": 1, "share": 0.25, "yes": False, "mode": "b",
        "level": 2, "colour": "red", "note": "n", "maybe": False, "limit": -4, "day": "2026-11-22",
        "words": ["a", "b"], "place": {"town": "Nara", "floors": 2}, "priority": 7,
    }  # fmt: skip


def test_an_empty_field_is_nothing_where_that_is_allowed_and_the_default_where_it_is_not(
    spec: registry.Function,
) -> None:
    taken = accepted(spec, note="", limit="", maybe="", level="", count="", words="", place="")

    assert [taken[name] for name in ("note", "limit", "maybe", "level", "count", "words")] == [None] * 4 + [3, []]
    assert taken["place"]["town"] == "Kobe"


BAD = {
    "missing": {"short": ""},
    "too short": {"short": "x"},
    "too long": {"short": "x" * 21},
    "no number": {"count": "many"},
    "too much": {"count": "10"},
    "not above": {"above": "0"},
    "no share": {"share": "1.01"},
    "no choice": {"mode": "c"},
    "no colour": {"colour": "green"},
    "no date": {"day": "yesterday"},
    "no JSON": {"words": "a, b"},
    "an item too long": {"words": '["longer than five"]'},
    "a nested field": {"place": '{"town": "Nara", "floors": 0}'},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_bad_input_is_said_at_its_field(spec: registry.Function, changes: dict[str, str]) -> None:
    form = RunForm(spec, filled(spec, **changes))

    assert not form.is_valid()
    assert list(form.errors) == [PREFIX + next(iter(changes))]


def test_limits_defaults_and_descriptions_stand_in_the_page(spec: registry.Function, client: Any) -> None:
    content = client.get(f"{RUN}everything").content.decode()

    assert "Take one of each." in content
    assert "a few words" in content
    form = RunForm(spec)
    assert form.fields["input_short"].widget.attrs.items() >= {"minlength": "2", "maxlength": "20"}.items()
    assert form.fields["input_count"].widget.attrs.items() >= {"min": 1, "max": 9}.items()
    assert form.fields["input_above"].widget.attrs.items() >= {"min": 1, "max": 9}.items()
    assert 'name="input_priority"' in content
    assert 'name="priority"' in content
    assert [value for value, _word in form.fields["input_level"].choices] == ["", "1", "2"]


def test_the_list_says_what_each_function_does_and_where_it_waits(client: Any) -> None:
    content = client.get(RUN).content.decode()

    for words in (registry.get("speech").summary, f'href="{RUN}speech"', ">interactive<", "toy_echo"):
        assert words in content


def test_a_function_is_run_as_the_person_and_its_task_is_shown(client: Any, worker: Any, staff: Any) -> None:
    sent = filled(registry.get("toy_echo"), word="hello") | {"priority": "2"}

    answer = client.post(f"{RUN}toy_echo", sent)

    task = Task.objects.get()
    assert answer.headers["Location"] == f"/admin/jobs/task/{task.pk}/change/"
    assert (task.owner, task.source, task.priority) == (staff, Source.ADMIN, Priority.LOW)
    assert task.inputs == {"word": "hello", "seconds": 0.0, "times": 1}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.object_id) == (Action.TASK_INVOKED, staff, str(task.pk))
    assert "hello" not in json.dumps(entry.details)
    worker.work()
    task.refresh_from_db()
    assert task.status == Status.SUCCESS
    assert client.get(answer.headers["Location"]).status_code == 200


def test_what_was_typed_stays_when_something_is_wrong(client: Any) -> None:
    sent = filled(registry.get("toy_echo"), word="x" * 21, seconds="7.5")

    content = client.post(f"{RUN}toy_echo", sent).content.decode()

    assert Task.objects.count() == 0
    assert "x" * 21 in content
    assert 'value="7.5"' in content
    assert "Nothing was run" in content
    assert "at most 20 characters" in content


def test_what_a_function_checks_itself_is_said_at_the_field(client: Any) -> None:
    sent = filled(registry.get("speech"), text="…", voice="nobody")

    form = client.post(f"{RUN}speech", sent).context["form"]

    assert form.errors == {"input_voice": ["no voice is named 'nobody'"]}


def test_a_form_that_is_sent_twice_makes_one_task(client: Any) -> None:
    token = client.get(f"{RUN}toy_echo").context["form"]["token"].value()
    sent = filled(registry.get("toy_echo"), word="hello") | {"token": str(token)}

    places = [client.post(f"{RUN}toy_echo", sent).headers["Location"] for _ in range(2)]
    changed = client.post(f"{RUN}toy_echo", sent | {"input_word": "other"}).headers["Location"]

    assert places[0] == places[1] != changed
    assert (Task.objects.count(), AuditEntry.objects.count()) == (2, 2)


def test_a_get_runs_nothing(client: Any) -> None:
    assert client.get(f"{RUN}toy_echo", {"input_word": "hello", "priority": "1"}).status_code == 200
    assert client.get(f"{RUN}nobody").status_code == 404

    assert Task.objects.count() == 0


def test_a_post_without_its_token_is_refused(valkey: redis.Redis, transactional_db: None, staff: Any) -> None:
    client = client_of(staff, enforce_csrf_checks=True)

    assert client.post(f"{RUN}toy_echo", {"input_word": "hello", "priority": "1"}).status_code == 403
    assert Task.objects.count() == 0


@pytest.mark.parametrize(
    ("permissions", "may"), [((), False), (("jobs.view_task",), False), (("jobs.add_task",), True)]
)
def test_only_who_may_runs(
    valkey: redis.Redis, transactional_db: None, permissions: tuple[str, ...], may: bool
) -> None:
    client = client_of(person("p", *permissions, is_staff=True))

    sent = filled(registry.get("toy_echo"))

    answers = [client.get(RUN), client.get(f"{RUN}toy_echo"), client.post(f"{RUN}toy_echo", sent)]

    assert [answer.status_code for answer in answers] == ([200, 200, 302] if may else [403] * 3)
    assert Task.objects.count() == may


def test_nobody_gets_in_without_being_staff(valkey: redis.Redis, transactional_db: None) -> None:
    for user in (None, person("p", "jobs.add_task")):
        client = client_of(user)
        assert client.get(RUN).status_code == 302
        assert client.post(f"{RUN}toy_echo", filled(registry.get("toy_echo"))).status_code == 302

    assert Task.objects.count() == 0


def test_who_may_not_see_tasks_is_shown_their_own(valkey: redis.Redis, transactional_db: None) -> None:
    client = client_of(person("p", "jobs.add_task", is_staff=True))

    answer = client.post(f"{RUN}toy_echo", filled(registry.get("toy_echo")))

    assert answer.headers["Location"] == f"/tasks/{Task.objects.get().pk}"


def test_what_was_typed_cannot_leave_its_field(client: Any) -> None:
    content = client.post(f"{RUN}toy_echo", filled(registry.get("toy_echo"), word=PAYLOAD)).content.decode()

    assert "alert(1)" in content
    assert "<script>alert" not in content
    assert "<img src=x" not in content


# Run again with a changed input


@pytest.fixture
def editor(transactional_db: None, valkey: redis.Redis) -> Any:
    permissions = ("jobs.view_task", "jobs.add_task", "jobs.retry_task", "jobs.view_content")
    return client_of(person("editor", *permissions, is_staff=True))


def test_an_ended_task_runs_again_with_a_changed_input(make_task: Any, editor: Any) -> None:
    task = make_task(
        status=Status.FAILURE, inputs={"word": "teh", "seconds": 0.0, "times": 3}, priority=2, order_key="guild:7"
    )
    assert f"/admin/jobs/task/{task.pk}/edit/" in editor.get(f"/admin/jobs/task/{task.pk}/change/").content.decode()
    form = editor.get(f"/admin/jobs/task/{task.pk}/edit/").context["form"]
    filled = {name: form[name].value() for name in form.fields}

    answers = [editor.post(f"/admin/jobs/task/{task.pk}/edit/", {**filled, "input_word": "the"}) for _twice in range(2)]

    assert (filled["input_word"], filled["input_times"], filled["priority"]) == ("teh", 3, 2)
    again = Task.objects.get(retried_from=task)
    assert {answer["Location"] for answer in answers} == {f"/admin/jobs/task/{again.pk}/change/"}
    assert again.inputs == {"word": "the", "seconds": 0.0, "times": 3}
    assert (again.owner, again.order_key, again.source) == (task.owner, "guild:7", Source.ADMIN)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id) == (Action.TASK_RETRIED, str(task.pk))
    assert entry.details == {"again": str(again.pk), "changed": ["word"]}


def test_a_changed_input_that_does_not_fit_is_said_at_its_field(make_task: Any, editor: Any) -> None:
    task = make_task(status=Status.SUCCESS, inputs={"word": "x", "left_the_code": 1})

    answer = editor.post(f"/admin/jobs/task/{task.pk}/edit/", {"input_word": "x" * 21, "priority": "1"})

    assert "input_word" in answer.context["form"].errors
    assert "left_the_code" in answer.content.decode()
    assert Task.objects.count() == 1


@pytest.mark.parametrize("lacking", ["jobs.view_task", "jobs.add_task", "jobs.retry_task", "jobs.view_content"])
def test_a_change_needs_every_permission(make_task: Any, valkey: redis.Redis, lacking: str) -> None:
    every = {"jobs.view_task", "jobs.add_task", "jobs.retry_task", "jobs.view_content"}
    client, task = client_of(person("low", *every - {lacking}, is_staff=True)), make_task(status=Status.SUCCESS)

    answers = [client.get(f"/admin/jobs/task/{task.pk}/edit/"), client.post(f"/admin/jobs/task/{task.pk}/edit/")]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "/edit/" not in client.get(f"/admin/jobs/task/{task.pk}/change/").content.decode()


@pytest.mark.parametrize(
    "values",
    [
        {},  # waits
        {"status": Status.SUCCESS, "inputs": {"erased": True}},
        {"status": Status.SUCCESS, "function": "left_the_code"},
        {"status": Status.SUCCESS, "awaits_children": True},
    ],
)
def test_what_cannot_be_shown_cannot_be_changed(make_task: Any, editor: Any, values: dict[str, Any]) -> None:
    task = make_task(**values)

    assert editor.get(f"/admin/jobs/task/{task.pk}/edit/").status_code == 403
    assert "/edit/" not in editor.get(f"/admin/jobs/task/{task.pk}/change/").content.decode()


class Recorded(BaseModel, frozen=True):
    recording: FileId
    language: str = ""


@pytest.fixture
def takes_a_file() -> Iterator[str]:
    @registry.function("toy_takes_a_file", queue="bulk", timeout_seconds=5)
    def takes(inputs: Recorded, context: Context) -> Nothing:
        return Nothing()

    yield "toy_takes_a_file"
    registry.forget("toy_takes_a_file")


def test_a_file_stays_unless_another_is_chosen(make_task: Any, editor: Any, owner: Any, takes_a_file: str) -> None:
    kept = uploads.store(owner, [wav(1.0)], field="recording")
    inputs = {"recording": str(kept.pk), "language": "ja"}
    task = make_task(status=Status.SUCCESS, function=takes_a_file, inputs=inputs)
    address = f"/admin/jobs/task/{task.pk}/edit/"

    shown = editor.get(address).content.decode()
    editor.post(address, {"input_language": "en", "priority": "1"})
    other = SimpleUploadedFile("x.wav", wav(2.0))
    editor.post(address, {"input_language": "en", "priority": "1", "input_recording": other})

    assert "Kept as it is unless you choose another: audio/wav" in shown
    assert 'enctype="multipart/form-data"' in shown
    same, replaced = Task.objects.filter(retried_from=task).order_by("id")
    assert same.inputs == {"recording": str(kept.pk), "language": "en"}
    assert replaced.inputs["recording"] != str(kept.pk)
    assert Upload.objects.get(pk=replaced.inputs["recording"]).owner == owner
    changed = [entry.details["changed"] for entry in AuditEntry.objects.order_by("pk")]
    assert changed == [["language"], ["language", "recording"]]


def test_a_file_is_taken_by_the_form_and_one_that_is_none_refused(editor: Any, takes_a_file: str) -> None:
    address = f"/admin/run/{takes_a_file}"

    lacking = editor.post(address, {"priority": "1"})
    refused = editor.post(address, {"priority": "1", "input_recording": SimpleUploadedFile("x.wav", b"<html>")})
    taken = editor.post(address, {"priority": "1", "input_recording": SimpleUploadedFile("x.wav", wav(1.0))})

    assert "input_recording" in lacking.context["form"].errors
    assert "no recording" in str(refused.context["form"].errors["input_recording"])
    assert taken.status_code == 302
    assert Upload.objects.get().pk == uuid.UUID(Task.objects.get().inputs["recording"])
