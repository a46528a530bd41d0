"""A house that works is backed up, killed and deleted; another one is made of the file, and goes on where it was."""

import contextlib
import io
import shutil
import threading
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import requests
from standardwebhooks import Webhook

from tests.faults import rows
from tests.flows.house import Stack, eventually, kill_all
from tests.receivers import Receiver, answers

LATER_SECONDS = 20
# Of each of two threads: enough to be busy all the while, few enough to be compared quickly.
MOST_LOAD = 100


def a_recording() -> bytes:
    """Return a second of a tone as WAV; nobody judges it here."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((np.sin(np.arange(16_000) / 8) * 9000).astype("<i2").tobytes())
    return out.getvalue()


def every_row(house: Stack) -> dict[str, list[str]]:
    """Return all rows of all tables, in an order of their own."""
    names = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        if house.database_url
        else "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    tables = [name for (name,) in rows.read(house.home, house.database_url, names)]
    read = {name: rows.read(house.home, house.database_url, f'SELECT * FROM "{name}"') for name in tables}
    return {name: sorted(map(repr, found)) for name, found in read.items()}


def every_file(house: Stack) -> dict[str, bytes]:
    media = house.home / "media"
    hidden = {".backup", ".writing"}
    return {
        str(path.relative_to(media)): path.read_bytes()
        for path in media.rglob("*")
        if path.is_file() and path.relative_to(media).parts[0] not in hidden
    }


def rows_files(house: Stack) -> list[str]:
    """Return the names of the files that this test's rows name."""
    named = rows.read(house.home, house.database_url, "SELECT file FROM jobs_artifact")
    named += rows.read(house.home, house.database_url, "SELECT recording FROM practice_practicerecord")
    return [name for (name,) in named]


class Before:
    """What a house holds, as its people know it."""

    def __init__(self, house: Stack, receiver: Receiver) -> None:
        self.token = house.token()
        self.done = house.invoke("toy_echo", word="done")
        artifact = house.finished(self.done)["artifacts"][0]
        self.artifact_path = artifact["url"].removeprefix(house.url)
        self.artifact = house.get(self.artifact_path).body
        session = house.post("/api/v1/practice/sessions", {}, token=self.token).json["practice_session_id"]
        self.recording = a_recording()
        sent = requests.post(
            f"{house.url}/api/v1/practice/sessions/{session}/records",
            files={"recording": ("a.wav", self.recording, "audio/wav")},
            data={"sentence": "月がきれいですね。", "language": "ja"},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        assert sent.status_code == 201, sent.text
        self.recording_path = f"/api/v1/practice/records/{sent.json()['practice_record_id']}/recording"
        made = house.post("/api/v1/webhooks", {"url": receiver.url}, token=self.token)
        assert made.status == 201, made.body
        self.endpoint, self.signing_secret = made.json["id"], made.json["secret"]
        due = (datetime.now(UTC) + timedelta(seconds=LATER_SECONDS)).isoformat()
        self.waiting = [self.later(house, due) for _ in range(3)]
        self.running = [house.invoke("toy_wait", seconds=5.0) for _ in range(4)]

    def later(self, house: Stack, due: str) -> str:
        body = {"input": {"word": "later"}, "not_before": due}
        return house.post("/api/v1/functions/toy_echo/invoke", body, token=self.token).json["task_id"]


@contextlib.contextmanager
def under_load(house: Stack):
    """Have tasks with files accepted, run and stored all the while."""
    over = threading.Event()

    def ask() -> None:
        for _ in range(MOST_LOAD):
            if over.is_set():
                return
            house.invoke("toy_echo", word="load")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=30)


def destroy(house: Stack) -> None:
    kill_all(house.processes())
    house.process.wait(timeout=20)
    shutil.rmtree(house.home)


def test_a_house_is_backed_up_while_it_works_destroyed_and_brought_back(tmp_path: Path) -> None:
    receiver = Receiver(answers(200))
    allowed = {"DELIVERY_ALLOW_HOSTS": receiver.host, "SPEECH_CACHE_SECONDS": "0"}
    (tmp_path / "one").mkdir()
    first = Stack(tmp_path / "one", **allowed)
    try:
        first.start()
        before = Before(first, receiver)
        with under_load(first):
            told = first.manage("backup", str(tmp_path / "house.tar"))
    finally:
        destroy(first)

    assert "files that rows name are not in the storage" not in told.stderr
    assert ("IS SECRET" in told.stderr) == (not first.database_url), "PostgreSQL's house has its key from outside"
    (tmp_path / "two").mkdir()
    second = Stack(tmp_path / "two", **allowed)
    restored = second.manage("restore", str(tmp_path / "house.tar"))
    assert "Restored" in restored.stdout
    try:
        second.start()
        lives_on(second, before, receiver)
    finally:
        second.stop()
    same_again(second, tmp_path)


def lives_on(house: Stack, before: Before, receiver: Receiver) -> None:
    house.tokens["hana"] = before.token  # the old token opens the new house
    ends = {house.finished(task_id)["status"] for task_id in [before.done, *before.waiting, *before.running]}
    assert ends == {"success"}
    assert house.get(before.artifact_path).body == before.artifact, "an address that was given out still opens"
    assert house.get(before.recording_path, token=before.token).body == before.recording
    receiver.requests.clear()
    tried = house.post(f"/api/v1/webhooks/{before.endpoint}/test", token=before.token)
    assert tried.status in {200, 202}, tried.body
    heard = eventually(lambda: receiver.requests, what="the webhook is sent")[0]
    Webhook(before.signing_secret).verify(heard.body, dict(heard.headers))


def same_again(house: Stack, tmp_path: Path) -> None:
    """A house that rests is, after it was replaced by its own backup, the same in every row and every file."""
    house.manage("backup", str(tmp_path / "rest.tar"))
    rows_before, files_before = every_row(house), every_file(house)
    shutil.rmtree(house.home / "media")

    refused = house.manage("restore", str(tmp_path / "rest.tar"), check=False)
    house.manage("restore", str(tmp_path / "rest.tar"), "--yes")

    assert refused.returncode != 0
    assert "--yes" in refused.stderr
    assert every_row(house) == rows_before
    files_after = every_file(house)
    # What no row names, as the file of an attempt that was killed, is not brought along.
    assert files_after == {name: files_before[name] for name in files_after}
    assert set(files_after) == set(rows_files(house))
    assert (house.home / "secret_key").exists() == (not house.database_url)
