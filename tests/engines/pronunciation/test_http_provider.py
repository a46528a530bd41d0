"""A service of somebody else's, over real HTTP."""

import dataclasses
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from jobs.engines.errors import EngineRefused, EngineUnavailable, InputRejected
from jobs.engines.pronunciation import http_provider
from jobs.engines.pronunciation.http_provider import HttpAnalyser
from tests.engines.pronunciation.answers import an_analysis

VOICE = np.sin(np.arange(16_000) * 0.1).astype(np.float32) * 0.3
GOOD = dataclasses.asdict(an_analysis())


@pytest.fixture(scope="module")
def server():
    """Answers with `server.answer`: (status, headers, body, seconds to wait); keeps what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.asked.append((self.path, dict(self.headers), body))
            status, headers, answer, wait = self.server.answer
            self.server.over.wait(wait)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(answer)
            except OSError:  # whoever asked has left, as it should
                self.close_connection = True

        def log_message(self, *_):
            return

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.asked, made.over = [], threading.Event()
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.over.set()
    made.shutdown()
    thread.join()
    made.server_close()


def judge(server, status=200, body=b"", headers=None, wait=0.0, timeout_seconds=10.0):
    server.answer = (status, headers or {}, body, wait)
    url = f"http://127.0.0.1:{server.server_port}/v1/"
    engine = HttpAnalyser(base_url=url, api_key="secret", timeout_seconds=timeout_seconds)
    return engine.analyse(VOICE, "つき", "ja")


def test_an_answer_is_an_analysis_again(server):
    found = judge(server, body=json.dumps(GOOD).encode())

    assert found == an_analysis()
    path, headers, asked = server.asked[-1]
    assert path == "/v1/analyses"
    assert headers["Authorization"] == "Bearer secret"
    assert b"RIFF" in asked
    assert "つき".encode() in asked


def test_a_refused_recording_names_its_gate(server):
    with pytest.raises(InputRejected) as refusal:
        judge(server, 422, json.dumps({"code": "silence"}).encode())

    assert (refusal.value.field, refusal.value.code) == ("recording", "silence")
    assert refusal.value.message == "the recording is silent"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_work_later_says_when(server, status):
    with pytest.raises(EngineUnavailable) as error:
        judge(server, status, headers={"Retry-After": "7"})

    assert error.value.wait_seconds == 7


@pytest.mark.parametrize("status", [302, 400, 401, 404])
def test_what_will_never_work_is_refused_and_no_redirect_followed(server, status):
    count = len(server.asked)

    with pytest.raises(EngineRefused):
        judge(server, status, headers={"Location": f"http://127.0.0.1:{server.server_port}/elsewhere"})

    assert len(server.asked) == count + 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        b"[" * 100_000,
        json.dumps(GOOD | {"overall_score": 101}).encode(),
        json.dumps(GOOD | {"overall_score": "90"}).encode(),
        json.dumps(GOOD | {"overall_score": float("nan")}).encode(),
        json.dumps(GOOD | {"phonemes": [{"symbol": "a"}]}).encode(),
        json.dumps(GOOD | {"pitch": None}).encode(),
        json.dumps(GOOD | {"sentence": "x" * 10_000}).encode(),
        json.dumps({name: value for name, value in GOOD.items() if name != "timing"}).encode(),
    ],
    ids=range(11),
)
def test_nonsense_is_no_analysis(server, body):
    with pytest.raises(EngineUnavailable):
        judge(server, body=body)


def test_a_service_that_hangs_is_given_up(server):
    started = time.monotonic()

    with pytest.raises(EngineUnavailable):
        judge(server, body=json.dumps(GOOD).encode(), wait=30.0, timeout_seconds=0.3)

    assert time.monotonic() - started < 5


def test_an_answer_without_end_is_given_up(server, monkeypatch):
    monkeypatch.setattr(http_provider, "MAX_ANSWER_BYTES", 1_000)

    with pytest.raises(EngineRefused):
        judge(server, body=b" " * 5_000)


def test_a_service_that_is_not_there_is_unavailable():
    with pytest.raises(EngineUnavailable):
        HttpAnalyser(base_url="http://127.0.0.1:9/").analyse(VOICE, "つき", "ja")


def test_silence_is_not_sent(server):
    count = len(server.asked)

    with pytest.raises(InputRejected):
        HttpAnalyser(base_url=f"http://127.0.0.1:{server.server_port}").analyse(VOICE * 0, "つき", "ja")

    assert len(server.asked) == count
