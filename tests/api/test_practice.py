"""Practice by the API: sessions, recordings as forms, playing them, and nobody else's ever."""

import asyncio
import hashlib
import json
import os
import struct
from datetime import timedelta

import pytest
from django.conf import settings as house
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.access.models import Action, AuditEntry
from jobs.practice import links, recordings, sealing
from jobs.practice.models import PracticeRecord, PracticeSession
from jobs.runtime import clock
from jobs.runtime.models import Task, Upload
from tests.engines.recordings import KINDS, sound, tone
from tests.home_files import files_with

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = "/api/v1/practice/sessions"
SENTENCE = "月がきれいです。"
BEEP = sound(tone(1.0), "m4a")


def begin(client, title=""):
    return client.post(SESSIONS, {"title": title}, content_type="application/json").json()["practice_session_id"]


def send(client, session_id, data=BEEP, *, name="voice.m4a", **fields):
    form = {"sentence": SENTENCE, "language": "ja", **fields}
    if data is not None:
        form["recording"] = SimpleUploadedFile(name, data, content_type="text/html")
    return client.post(f"{SESSIONS}/{session_id}/records", form)


async def joined(answer):
    return b"".join([piece async for piece in answer])


@pytest.fixture
def record(as_owner):
    return send(as_owner, begin(as_owner)).json()


def test_a_session_is_made_listed_shown_and_deleted(as_owner):
    made = as_owner.post(SESSIONS, {"title": "朝"}, content_type="application/json")
    url = f"{SESSIONS}/{made.json()['practice_session_id']}"

    assert (made.status_code, made["Location"]) == (201, f"http://testserver{url}")
    assert made.json().items() >= {"title": "朝", "record_count": 0, "analyzed_count": 0}.items()
    assert as_owner.get(SESSIONS).json()["practice_sessions"] == [made.json()]
    assert as_owner.get(url).json() == {**made.json(), "practice_records": []}
    assert as_owner.delete(url).status_code == 204
    assert as_owner.get(url).status_code == 404


def test_a_session_needs_no_body(as_owner):
    assert as_owner.post(SESSIONS, "", content_type="application/json").status_code == 201


def test_lists_go_on_by_cursor(as_owner, as_stranger):
    ids = [begin(as_owner) for _number in range(3)]

    first = as_owner.get(SESSIONS, {"limit": 2}).json()
    rest = as_owner.get(SESSIONS, {"limit": 2, "cursor": first["next_cursor"]}).json()

    seen = [each["practice_session_id"] for each in first["practice_sessions"] + rest["practice_sessions"]]
    assert (seen, rest["next_cursor"]) == (ids[::-1], None)
    assert as_owner.get(SESSIONS, {"limit": "", "cursor": ""}).json() == as_owner.get(SESSIONS).json()
    assert as_stranger.get(SESSIONS, {"cursor": first["next_cursor"]}).status_code == 422


def test_a_recording_is_taken_by_its_content_and_lies_encrypted(as_owner):
    session_id = begin(as_owner)

    answer = send(as_owner, session_id, name="../../x.exe")

    made = answer.json()
    assert answer.status_code == 201, made
    assert answer["Location"].endswith(f"/api/v1/practice/records/{made['practice_record_id']}")
    assert (made["record_status"], made["sentence"], made["language"]) == ("recorded", SENTENCE, "ja")
    assert (made["content_type"], made["bytes"]) == ("audio/mp4", len(BEEP))
    assert made["seconds"] == pytest.approx(1.0, abs=0.1)
    row = PracticeRecord.objects.get()
    with default_storage.open(row.recording.name) as stored:
        data = stored.read()
    assert data.startswith(sealing.MAGIC)
    assert b"ftyp" not in data
    assert not Upload.objects.exists()
    assert as_owner.get(f"{SESSIONS}/{session_id}").json()["practice_records"][0].items() >= {
        "practice_record_id": made["practice_record_id"], "latest_result": None,
    }.items()  # fmt: skip


def test_nothing_of_it_lies_plain_anywhere_in_the_home(as_owner):
    data = sound(tone(0.7), "wav")

    assert send(as_owner, begin(as_owner), data).status_code == 201

    found, searched = files_with(data[2000:2100], house.HOME)
    assert (found, searched > 0) == ([], True)


def test_while_it_comes_it_lies_on_disk_without_a_name(as_owner, settings, tmp_path, monkeypatch):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.FILE_UPLOAD_TEMP_DIR = 100, str(tmp_path)
    seen = []
    take_in = recordings.take_in

    def look(session, chunks, **said):
        first = list(chunks)
        seen.extend(tmp_path.iterdir())
        return take_in(session, first, **said)

    monkeypatch.setattr(recordings, "take_in", look)

    answer = send(as_owner, begin(as_owner), sound(tone(1.0), "wav"))

    assert (answer.status_code, seen) == (201, [])


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_taken(as_owner, kind):
    answer = send(as_owner, begin(as_owner), sound(tone(0.5), kind))

    assert (answer.status_code, answer.json()["content_type"]) == (201, KINDS[kind][2])


@pytest.mark.parametrize(
    ("data", "fields", "field", "code"),
    [
        (b"no sound", {}, "recording", "not_audio"),
        (b"", {}, "recording", "empty_file"),
        (None, {}, "recording", "missing"),
        (BEEP[:400], {}, "recording", "not_audio"),
        (BEEP, {"language": "fr"}, "language", "literal_error"),
        (BEEP, {"sentence": "   "}, "sentence", "string_too_short"),
        (BEEP, {"sentence": "あ" * 1001}, "sentence", "string_too_long"),
        (BEEP, {"sentence": "a\0b"}, "sentence", "unstorable_text"),
        (BEEP, {"more": "x"}, "more", "extra_forbidden"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_leaves_nothing(as_owner, data, fields, field, code):
    answer = send(as_owner, begin(as_owner), data, **fields)

    assert answer.status_code == 422, answer.content
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]
    assert not PracticeRecord.objects.exists()


def test_a_long_recording_is_refused_by_its_sound(as_owner, settings):
    settings.PRACTICE_MAX_SECONDS = 2

    answer = send(as_owner, begin(as_owner), sound(tone(6.0), "mp3"))

    assert answer.json()["errors"][0].items() >= {"field": "recording", "code": "too_long"}.items()


@pytest.mark.parametrize(
    ("limit", "value", "status", "code"),
    [
        ("UPLOAD_MAX_BYTES", len(BEEP) - 1, 413, "file_too_large"),
        ("PRACTICE_OWNER_BYTES", len(BEEP) - 1, 413, "no_room_for_file"),
        ("PRACTICE_SESSION_RECORDS", 0, 429, "too_many_files"),
    ],
)
def test_there_is_an_end_to_what_is_kept(as_owner, settings, limit, value, status, code):
    session_id = begin(as_owner)
    setattr(settings, limit, value)

    answer = send(as_owner, session_id)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert not PracticeRecord.objects.exists()


def test_50_mb_are_taken_and_a_byte_more_is_refused_by_name(as_owner, settings):
    session_id = begin(as_owner)
    # 96 kHz stereo of 24 bits, as a studio records: 86 s fill the largest upload.
    samples = (settings.UPLOAD_MAX_BYTES - 44) // 6 * 6
    header = struct.pack(
        "<4sI8sIHHIIHH4sI", b"RIFF", 36 + samples, b"WAVEfmt ", 16, 1, 2, 96_000, 576_000, 6, 24, b"data", samples
    )
    data = header + os.urandom(1000) * (samples // 1000 + 1)
    data = data[: settings.UPLOAD_MAX_BYTES]

    more = send(as_owner, session_id, data + b"x")
    full = send(as_owner, session_id, data)

    assert (more.status_code, more.json()["errors"][0]["field"]) == (413, "recording")
    assert more.json()["errors"][0]["code"] == "file_too_large"
    assert (full.status_code, full.json()["bytes"]) == (201, 50_000_000)
    assert full.json()["seconds"] == pytest.approx(86.8, abs=0.1)
    row = PracticeRecord.objects.get()
    with recordings.in_plain(row) as (file, _kind):
        assert hashlib.file_digest(file, "sha256").hexdigest() == hashlib.sha256(data).hexdigest() == row.sha256


def test_what_is_declared_far_too_large_is_refused_before_it_is_read(as_owner, settings):
    session_id = begin(as_owner)
    settings.UPLOAD_MAX_BYTES, settings.MAX_BODY_BYTES = 1000, 1000

    answer = send(as_owner, session_id, bytes(3000))

    assert answer.status_code == 413
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("recording", "file_too_large")]


def test_there_is_an_end_to_sessions(as_owner, settings):
    settings.PRACTICE_OWNER_SESSIONS = 1
    begin(as_owner)

    assert as_owner.post(SESSIONS, {}, content_type="application/json").status_code == 429


def test_a_json_body_is_no_recording(as_owner):
    answer = as_owner.post(
        f"{SESSIONS}/{begin(as_owner)}/records", json.dumps({"sentence": "x"}), content_type="application/json"
    )

    assert (answer.status_code, answer["Accept-Post"]) == (415, "multipart/form-data")


def test_a_stranger_finds_nothing(as_stranger, as_staff, record):
    session_id, record_id = record["practice_session_id"], record["practice_record_id"]
    session, by_id = f"{SESSIONS}/{session_id}", f"/api/v1/practice/records/{record_id}"
    places = [session, by_id, f"{session}/records", f"{session}/records/{record_id}", f"{by_id}/recording"]

    for client in (as_stranger, as_staff):
        assert {client.get(place).status_code for place in places} == {404}
        assert {client.delete(place).status_code for place in places[:2]} == {404}
        assert send(client, session_id).status_code == 404
        assert client.get(SESSIONS).json()["practice_sessions"] == []
    assert PracticeRecord.objects.count() == 1


def test_the_scope_is_needed(client_of, owner):
    client = client_of(owner, "tasks", "invoke")

    assert client.get(SESSIONS).status_code == 403


@pytest.mark.parametrize("by", ["record", "session's record", "session"])
def test_what_is_deleted_is_gone_with_its_file(as_owner, record, by):
    row = PracticeRecord.objects.get()
    session = f"{SESSIONS}/{row.session_id}"
    url = {
        "record": f"/api/v1/practice/records/{row.pk}",
        "session's record": f"{session}/records/{row.pk}",
        "session": session,
    }[by]

    assert as_owner.delete(url).status_code == 204

    assert not default_storage.exists(row.recording.name)
    assert not PracticeRecord.objects.exists()
    assert PracticeSession.objects.exists() == (by != "session")
    assert AuditEntry.objects.filter(action=Action.RECORDING_DELETED).count() == 1


def test_a_recording_is_played_by_its_address_alone_and_that_is_written_down(client, record, owner):
    answer = client.get(record["recording_url"])

    assert (answer.status_code, answer["Content-Type"]) == (200, "audio/mp4")
    assert answer.content == BEEP
    entry = AuditEntry.objects.get(action=Action.RECORDING_PLAYED)
    assert (entry.actor, entry.object_id) == (owner, record["practice_record_id"])
    assert entry.details == {"part": "", "own": True}


def test_a_part_of_it_is_played(client, as_owner):
    data = sound(tone(20.0), "wav")
    url = send(as_owner, begin(as_owner), data).json()["recording_url"]

    part = client.get(url, headers={"range": "bytes=65000-70000"})
    end = client.get(url, headers={"range": "bytes=-100"})
    whole = client.get(url)

    assert (part.status_code, part.content) == (206, data[65000:70001])
    assert part["Content-Range"] == f"bytes 65000-70000/{len(data)}"
    assert end.content == data[-100:]
    assert asyncio.run(joined(whole)) == data
    assert client.get(url, headers={"range": f"bytes={len(data)}-"}).status_code == 416
    parts = AuditEntry.objects.filter(action=Action.RECORDING_PLAYED).values_list("details__part", flat=True)
    assert set(parts) == {"bytes=65000-70000", "bytes=-100", ""}


def test_asking_whether_it_changed_plays_nothing(client, record):
    answer = client.get(record["recording_url"], headers={"if-none-match": PracticeRecord.objects.get().etag})

    assert answer.status_code == 304
    assert client.head(record["recording_url"])["Content-Length"] == str(len(BEEP))
    assert not AuditEntry.objects.filter(action=Action.RECORDING_PLAYED).exists()


def test_an_address_opens_one_recording_for_a_while(client, as_owner, record, owner, monkeypatch):
    other = send(as_owner, begin(as_owner)).json()
    link = record["recording_url"].partition("?")[2]
    moved = f"{other['recording_url'].partition('?')[0]}?{link}"
    raised = record["recording_url"].replace(f"={owner.pk}-", f"={owner.pk + 1}-")

    assert client.get(moved).status_code == 403
    assert client.get(raised).status_code == 403
    later = clock.now() + timedelta(seconds=links.LINK_SECONDS + links.STEP_SECONDS)
    monkeypatch.setattr(links.clock, "now", lambda: later)
    assert client.get(record["recording_url"]).status_code == 403


def test_a_recording_that_was_erased_is_gone_and_its_record_stays(as_owner, client, record):
    recordings.erase(PracticeRecord.objects.all())

    shown = as_owner.get(f"/api/v1/practice/records/{record['practice_record_id']}").json()
    assert shown["recording_url"] is None
    assert client.get(record["recording_url"]).status_code == 404
    assert Task.objects.count() == 0
