"""Files of a form, on their way into a function: taken, refused by name, kept for their owner, and gone in time."""

import contextlib
import io
import json
import socket
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest
import requests
from django.core.files.storage import default_storage
from django.core.management import call_command

from jobs.access import tokens
from jobs.api.problem import translate
from jobs.engines.errors import EngineUnavailable
from jobs.runtime import clock, retention, uploads
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke, invoke_again
from jobs.runtime.models import Source, Status, Task, Upload
from tests.engines.recordings import KINDS, said, sound, tone

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/functions/transcription/invoke"
BEEP = tone(1.0)
SENT = ("a", sound(BEEP))


@pytest.fixture
def post(web, owner, valkey):
    """Send a form to the web process of the session, as the owner."""
    secret = tokens.issue(owner, name="n")[1]

    def post(files, *, url=URL, **headers):
        told = {"Authorization": f"Bearer {secret}", "Accept-Language": "en", **headers}
        return requests.post(web + url, files=files, headers=told, timeout=30)

    return post


@pytest.fixture
def upload(owner):
    return uploads.store(owner, [sound(BEEP)], field="recording")


def test_a_form_with_a_file_is_an_invocation(post, owner):
    data = sound(BEEP)
    form = {
        "input": (None, '{"language": "ja"}'),
        "priority": (None, "2"),
        "recording": ("../../x.txt", data, "text/html"),
    }

    answer = post(form)

    assert answer.status_code == 202, answer.text
    task, upload = Task.objects.get(), Upload.objects.get()
    assert answer.json()["task_id"] == str(task.pk)
    assert task.inputs == {"recording": str(upload.pk), "language": "ja", "model": None}
    assert (task.priority, task.queue, upload.owner) == (2, "interactive", owner)
    # By its content: neither the name nor the type that were sent are looked at.
    assert (upload.content_type, upload.file.name) == ("audio/ogg", f"uploads/{upload.pk.hex[-2:]}/{upload.pk.hex}")
    with upload.file.open() as stored:
        assert stored.read() == data


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_taken(owner, kind):
    upload = uploads.store(owner, [sound(BEEP, kind)], field="recording")

    assert (upload.content_type, upload.seconds) == (KINDS[kind][2], pytest.approx(1.0, abs=0.1))


@pytest.mark.parametrize(
    ("form", "field", "code"),
    [
        ({"recording": ("a.wav", b"no sound")}, "input.recording", "not_audio"),
        ({"recording": ("a.wav", b"")}, "input.recording", "empty_file"),
        ({"recording": (None, "text")}, "recording", "extra_forbidden"),
        ({"input": (None, "{}")}, "input.recording", "missing"),
        ({"input": (None, "{")}, "input", "json_invalid"),
        ({"language": ("a.wav", sound(BEEP))}, "input.language", "extra_forbidden"),
        ({"input": (None, '{"language": "xx"}'), "recording": SENT}, "input.language", "unknown_language"),
        ({"priority": (None, "high"), "recording": ("a", sound(BEEP))}, "priority", "int_type"),
        ([("recording", ("a", sound(BEEP))), ("recording", ("b", sound(BEEP)))], "input.recording", "too_many_files"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name_and_leaves_nothing(post, form, field, code):
    answer = post(form)

    assert answer.status_code == 422, answer.text
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]
    assert not Upload.objects.exists()
    assert not Task.objects.exists()


def test_a_form_that_is_broken_is_a_400(post):
    answer = post(None, **{"Content-Type": "multipart/form-data; boundary="})

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:koebako:problem:bad-request")


def test_a_function_that_takes_no_file_takes_no_form(post):
    answer = post({"input": (None, "{}")}, url="/api/v1/functions/toy_echo/invoke")

    assert (answer.status_code, answer.json()["type"]) == (415, "urn:koebako:problem:not-json")


def test_the_same_key_and_file_give_the_same_task(post):
    data = sound(BEEP)

    first, again = (post({"recording": ("a", data)}, **{"Idempotency-Key": "one"}) for _ in range(2))
    other = post({"recording": ("a", sound(tone(0.5)))}, **{"Idempotency-Key": "one"})

    assert first.json()["task_id"] == again.json()["task_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["type"]) == (422, "urn:koebako:problem:key-reused")
    assert Upload.objects.count() == 1


def test_a_file_of_50_mb_and_a_byte_is_a_413(post, settings):
    answer = post({"recording": ("a.wav", bytes(settings.UPLOAD_MAX_BYTES + 1))})

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:koebako:problem:too-large")
    assert answer.json()["errors"][0]["field"] == "input.recording"
    assert not Upload.objects.exists()


def test_a_body_that_is_far_too_large_is_a_413_although_nobody_declared_its_length(web, owner, settings, valkey):
    secret = tokens.issue(owner, name="n")[1]
    most = settings.UPLOAD_MAX_BYTES + settings.MAX_BODY_BYTES
    piece = bytes(1_000_000)

    answer = requests.post(
        web + URL,
        data=(piece for _ in range(most // len(piece) + 2)),
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "multipart/form-data; boundary=x"},
        timeout=60,
    )

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:koebako:problem:too-large")


def test_who_never_stops_sending_is_cut_off(web, settings, valkey):
    address = urlsplit(web)
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % URL.encode()
    chunk = b"f4240\r\n" + bytes(1_000_000) + b"\r\n"
    most = (settings.UPLOAD_MAX_BYTES + settings.MAX_BODY_BYTES) * 5 // 1_000_000

    with socket.create_connection((address.hostname, address.port), timeout=30) as line:
        line.sendall(head)
        with pytest.raises(OSError):
            line.sendall(chunk * most)


def test_a_large_file_is_not_held_in_memory(post, web):
    port = urlsplit(web).port
    [pid] = {each.pid for each in psutil.net_connections("tcp") if each.status == "LISTEN" and each.laddr.port == port}
    form = {"recording": ("a.wav", sound(np.zeros(48_000 * 400), "wav"))}
    post({"recording": ("a.wav", sound(BEEP, "wav"))})
    highest = [before := anonymous_megabytes(pid)]
    over = threading.Event()

    def look():
        while not over.wait(0.005):
            highest.append(anonymous_megabytes(pid))

    looking = threading.Thread(target=look)
    looking.start()
    with contextlib.ExitStack() as ending:
        ending.callback(looking.join)
        ending.callback(over.set)
        assert post(form).status_code == 202

    # 38 MB were sent; Django's buffers and the windows into the file take a few.
    assert max(highest) - before < 20


def anonymous_megabytes(pid):
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.split("RssAnon:")[1].split()[0]) / 1000


# Kept, and gone


def test_a_file_that_has_expired_is_deleted_and_unknown(upload, owner, settings):
    name = upload.file.name
    later = clock.now() + timedelta(seconds=settings.UPLOAD_SECONDS + 1)

    assert retention.cleaners()["uploads"](later, 10) == 1

    assert not default_storage.exists(name)
    with pytest.raises(InvalidInput) as refused:
        invoke("transcription", {"recording": upload.pk}, owner=owner, source=Source.API)
    assert refused.value.errors[0].code == "unknown_file"


def test_a_file_that_an_open_task_needs_is_kept(upload, owner, settings, valkey):
    task = invoke("transcription", {"recording": upload.pk}, owner=owner, source=Source.API).task
    later = clock.now() + timedelta(seconds=settings.UPLOAD_SECONDS + 1)

    for _ in range(2):
        uploads.delete_expired(later, 10)

    assert Upload.objects.filter(expires_at__gt=later).exists()
    Task.objects.filter(pk=task.pk).update(status=Status.FAILURE, completed_at=clock.now())
    uploads.delete_expired(later + timedelta(seconds=settings.UPLOAD_SECONDS), 10)
    assert not Upload.objects.exists()


def test_a_file_goes_with_the_content_of_its_last_task(upload, owner, valkey):
    task = invoke("transcription", {"recording": upload.pk}, owner=owner, source=Source.TELEGRAM).task
    Task.objects.filter(pk=task.pk).update(status=Status.SUCCESS, completed_at=clock.now(), content_until=clock.now())
    task.refresh_from_db()
    again = invoke_again(task, source=Source.TELEGRAM).task
    retention.erase([task.pk])
    assert default_storage.exists(upload.file.name)

    Task.objects.filter(pk=again.pk).update(status=Status.SUCCESS, completed_at=clock.now())
    retention.erase([again.pk])

    assert not Upload.objects.exists()
    assert not default_storage.exists(upload.file.name)


def test_running_again_what_is_gone_is_refused(upload, owner, valkey):
    task = invoke("transcription", {"recording": upload.pk}, owner=owner, source=Source.API).task
    Task.objects.filter(pk=task.pk).update(status=Status.FAILURE, completed_at=clock.now())
    task.refresh_from_db()
    uploads.discard(upload)

    with pytest.raises(InvalidInput):
        invoke_again(task, source=Source.API)


def test_a_file_is_not_held_open_by_anybodys_name_for_it(owner, stranger, upload):
    with pytest.raises(InvalidInput):
        invoke("transcription", {"recording": upload.pk}, owner=stranger, source=Source.API)

    assert owner.uploads.count() == 1


# The command


def test_the_command_takes_a_file(tmp_path, model_folder, valkey):
    (tmp_path / "note.bin").write_bytes(said("はい、わかりました。"))
    told = io.StringIO()

    call_command("invoke", "transcription", "--local", "--file", f"recording={tmp_path / 'note.bin'}", stdout=told)

    report = json.loads(told.getvalue().partition("\n")[2])
    assert report["status"] == "success"
    assert report["result"]["text"].startswith("はい")


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("recording", "FIELD=PATH"),
        ("recording=/nowhere/at/all", "cannot be read"),
        ("text=/etc/hostname", "takes no file"),
        ("recording=/etc/hostname", "not_audio"),
    ],
)
def test_a_file_that_the_command_cannot_use_is_bad_input(valkey, argument, said):
    told = io.StringIO()

    with pytest.raises(SystemExit) as left:
        call_command("invoke", "transcription", "--local", "--file", argument, stderr=told)

    assert left.value.code == 2
    assert said in told.getvalue()


@pytest.mark.parametrize(
    ("setting", "room", "status", "code"),
    [("UPLOAD_OWNER_BYTES", 10, 413, "no_room_for_file"), ("UPLOAD_OWNER_FILES", 0, 429, "too_many_files")],
)
def test_one_owner_has_room_for_so_much_and_is_told_what_is_used_up(
    owner, upload, stranger, settings, setting, room, status, code
):
    setattr(settings, setting, (upload.bytes if setting.endswith("BYTES") else 1) + room)

    with pytest.raises(InvalidInput) as refused:
        uploads.store(owner, [sound(BEEP)], field="recording")

    told = translate(refused.value)
    assert (told.status, [(each.field, each.code) for each in told.errors]) == (status, [("input.recording", code)])
    assert Upload.objects.get() == upload
    assert uploads.store(stranger, [sound(BEEP)], field="recording").owner == stranger


def test_a_file_that_could_not_be_stored_leaves_no_row(owner, monkeypatch):
    def full(*_given, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full, raising=False)

    with pytest.raises(OSError, match="No space"):
        uploads.store(owner, [sound(BEEP)], field="recording")

    assert not Upload.objects.exists()


def test_who_dies_while_a_file_is_stored_leaves_nothing_that_stays(owner, monkeypatch):
    """The row is there before the file, so the clean-up knows of both."""
    seen = []
    save = default_storage.save

    def watched(name, content):
        seen.append(Upload.objects.get(file=name))
        return save(name, content)

    monkeypatch.setattr(default_storage, "save", watched, raising=False)
    made = uploads.store(owner, [sound(BEEP)], field="recording")

    assert seen == [made]
    default_storage.delete(made.file.name)
    assert uploads.delete_expired(clock.now() + timedelta(days=2), 10) == 1
    assert not Upload.objects.exists()


def test_a_file_that_is_wanted_again_while_it_expires_is_kept(upload, owner, monkeypatch):
    later = clock.now() + timedelta(days=2)
    needed = uploads._needed

    def meanwhile(due):
        found = needed(due)
        Upload.objects.filter(pk=upload.pk).update(expires_at=later + timedelta(days=1))
        return found

    monkeypatch.setattr(uploads, "_needed", meanwhile)

    uploads.delete_expired(later, 10)

    assert default_storage.exists(upload.file.name)
    assert Upload.objects.filter(pk=upload.pk).exists()


def test_without_a_process_to_look_into_it_a_file_is_to_be_sent_again_later(owner, valkey, monkeypatch):
    def none(*_given, **_more):
        raise EngineUnavailable("media")

    monkeypatch.setattr(uploads, "probe", none)
    with pytest.raises(EngineUnavailable) as raised:
        uploads.store(owner, [sound(BEEP)], field="recording")

    told = translate(raised.value)
    assert (told.status, told.code, told.headers) == (503, "away", {"Retry-After": "5"})
