"""An old queue of files is taken over once; bad files stay, and the report says why."""

import json

import pytest
from django.core.management import CommandError, call_command

from bots.telegram.file_queue import MAX_FILE_BYTES, take_over
from bots.telegram.models import Kind, Message, Status
from jobs.runtime.models import Task

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def entry(**given) -> dict:
    return {
        "message_id": 5,
        "user_id": 11,
        "chat_id": 11,
        "text": "おはよう",
        "status": "pending",
        "is_text": True,
        "created_at": "2026-11-01T09:00:00",
        "updated_at": "2026-11-01T09:00:05",
        **given,
    }


@pytest.fixture
def put(tmp_path):
    def put(name: str = "msg_11_5.json", **given) -> None:
        (tmp_path / name).write_text(json.dumps(entry(**given)))

    return put


def left(folder) -> list[str]:
    return sorted(place.name for place in folder.glob("*.json"))


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_what_waited_becomes_a_message_with_its_task(tmp_path, put, status):
    put(status=status, ack_message_id=77)

    report = take_over(tmp_path)

    assert (report.queued, report.history, report.known, report.bad) == (1, 0, 0, [])
    message = Message.objects.get()
    assert (message.chat_id, message.message_id, message.status, message.ack_message_id) == (11, 5, Status.PENDING, 77)
    assert message.created_at.isoformat() == "2026-11-01T00:00:00+00:00"
    task = message.parts.get().task
    assert task.idempotency_key == "import:11:5"
    assert task.inputs["text"] == "おはよう"
    assert left(tmp_path) == []
    assert [place.name for place in (tmp_path / "imported").iterdir()] == ["msg_11_5.json"]


@pytest.mark.parametrize(("status", "code"), [("done", ""), ("error", "failed")])
def test_what_had_ended_becomes_history(tmp_path, put, status, code):
    put(status=status)
    put("msg_11_6.json", message_id=6, status=status, is_text=False, text=None)

    report = take_over(tmp_path)

    assert (report.queued, report.history) == (0, 2)
    assert list(Message.objects.order_by("message_id").values_list("status", "error_code", "kind")) == [
        (status, code, Kind.TEXT),
        (status, code, Kind.VOICE),
    ]
    assert Task.objects.count() == 0


def test_a_queue_is_taken_over_once_however_often(tmp_path, put):
    put()
    take_over(tmp_path)
    # It died between the commit and the move.
    (tmp_path / "imported" / "msg_11_5.json").rename(tmp_path / "msg_11_5.json")

    report = take_over(tmp_path)

    assert (report.queued, report.known) == (0, 1)
    assert Task.objects.count() == 1
    assert left(tmp_path) == []


def test_a_message_whose_row_is_gone_by_now_is_not_said_again(tmp_path, put):
    put()
    take_over(tmp_path)
    Message.objects.all().delete()
    put()

    assert take_over(tmp_path).known == 1
    assert Task.objects.count() == 1


def test_a_voice_with_its_words_is_said_and_one_without_stays(tmp_path, put):
    put(is_text=False)
    put("msg_11_6.json", message_id=6, is_text=False, text="")

    report = take_over(tmp_path)

    assert report.queued == 1
    assert [name for name, _reason in report.bad] == ["msg_11_6.json"]
    assert "voice" in report.bad[0][1]
    assert left(tmp_path) == ["msg_11_6.json"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 60_000, "no JSON"),
        ("[]", "the file"),
        (b"\xff\xfe{}", "no JSON"),
        ("x" * (MAX_FILE_BYTES + 1), "larger"),
        (json.dumps(entry(status="lost")), "status"),
        (json.dumps(entry(user_id="hana")), "user_id"),
        (json.dumps(entry(message_id=2**70)), "message_id"),
        (json.dumps(entry(created_at="yesterday")), "created_at"),
        (json.dumps(entry(created_at="9999-01-01T00:00:00")), "created_at"),
        (json.dumps(entry(message_id=99, text="!!!")), "cannot be read aloud"),
        (json.dumps({key: value for key, value in entry().items() if key != "chat_id"}), "chat_id"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_file_is_reported_without_its_words_and_stays(tmp_path, put, content, word):
    name = "msg_1_99.json"
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    put()

    report = take_over(tmp_path)

    assert report.queued == 1
    assert [bad for bad, _reason in report.bad] == [name]
    assert word in report.bad[0][1]
    assert "hana" not in report.bad[0][1]
    assert left(tmp_path) == [name]


def test_links_and_folders_are_no_messages(tmp_path, put):
    (tmp_path / "msg_1_2.json").mkdir()
    (tmp_path / "msg_1_3.json").symlink_to("/etc/hostname")
    (tmp_path / "notes.json").write_text("{}")

    report = take_over(tmp_path)

    assert {reason for _name, reason in report.bad} == {"no plain file"}
    assert len(report.bad) == 2


def test_the_command_reports_and_refuses_what_is_no_folder(tmp_path, put, capsys):
    put()
    (tmp_path / "msg_1_2.json").write_text("{")

    call_command("import_file_queue", str(tmp_path))

    said = capsys.readouterr()
    assert "1 open messages and 0 ended" in said.out
    assert "msg_1_2.json: no JSON" in said.err
    with pytest.raises(CommandError):
        call_command("import_file_queue", str(tmp_path / "nowhere"))
