"""The health check of a container: a web process by its answer, the others by a file they touch."""

import http.server
import os
import threading
import time

import pytest
from django.conf import settings

from core import alive
from jobs.runtime import heartbeat


@pytest.fixture
def heart(tmp_path, monkeypatch):
    place = tmp_path / "heartbeat"
    monkeypatch.setenv("HEARTBEAT_FILE", str(place))
    monkeypatch.setattr(settings, "HEARTBEAT_FILE", str(place))
    monkeypatch.setattr(heartbeat, "_next_at", 0.0)
    return place


def test_a_process_that_turns_is_alive_and_one_that_stands_still_is_not(heart, capsys):
    heartbeat.beat()
    assert alive.main() == 0

    past, future = time.time() - alive.MAX_SILENT_SECONDS - 1, time.time() + alive.MAX_SILENT_SECONDS + 5
    for moment in (past, future):
        os.utime(heart, (moment, moment))
        assert alive.main() == 1
    assert "no heartbeat for 61 s" in capsys.readouterr().err


def test_a_heart_beats_no_more_often_than_it_must(heart):
    heartbeat.beat()
    heart.unlink()
    heartbeat.beat()

    assert not heart.exists()


def test_a_heartbeat_that_cannot_be_written_ends_nobody(heart, monkeypatch, caplog):
    monkeypatch.setattr(settings, "HEARTBEAT_FILE", str(heart / "in" / "no" / "folder"))

    heartbeat.beat()

    assert "the heartbeat cannot be written" in caplog.text


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        fine = (self.path, self.headers["Host"]) == ("/healthz", "koebako.example.com")
        self.send_response(200 if fine else 400)
        self.end_headers()

    def log_message(self, *_words):
        pass


def test_a_web_process_is_asked_by_a_name_that_it_serves(heart, monkeypatch, capsys):
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PORT", str(server.server_port))
        monkeypatch.setenv("PUBLIC_URL", "https://koebako.example.com")
        assert alive.main() == 0

        monkeypatch.setenv("PUBLIC_URL", "")
        assert alive.main() == 1
        server.shutdown()
    assert alive.main() == 1

    said = capsys.readouterr().err
    assert "/healthz answered 400" in said
    assert "no answer at port" in said
