"""Traces: one from the request to the provider's answer, sent by the real exporter; nothing at all while it is off."""

import ipaddress
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from django.http import HttpResponse
from django.test import Client, RequestFactory

from core.proxies import TrustedProxies
from core.traces import Traces
from jobs.access import tokens
from jobs.engines.errors import EngineUnavailable
from jobs.runtime import breaker as breakers
from jobs.runtime import providers as ports
from jobs.runtime import tracing
from jobs.runtime.context import Context
from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Source, Task
from jobs.runtime.preparing import Asked, prepare_alike
from jobs.runtime.providers import Provider, Providers
from jobs.runtime.registry import forget, function
from jobs.runtime.retry import Retry
from tests.collector import collector
from tests.toys.functions import Said, Word
from tests.waits import in_a_fork

ROOT = Path(__file__).resolve().parents[2]
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
# What a person wrote; it must be found in nothing that is sent.
SECRET = "watashinohimitsu"


@pytest.fixture
def traced(settings, monkeypatch):
    """A house that traces, and the collector; `tracing.end()` sends what is measured so far."""
    with collector() as kept:
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = kept.url
        settings.OTEL_EXPORTER_OTLP_HEADERS = {"authorization": "Bearer of the collector's"}
        monkeypatch.setattr(tracing, "END_SECONDS", 60.0)
        yield kept
        tracing.end()


@pytest.fixture
def toy_asks(valkey, monkeypatch):
    """A function that asks a provider outside, which is away, and then one of the house."""
    monkeypatch.setattr(breakers, "_redis", breakers._Redis())
    monkeypatch.setattr(ports, "_ports", {})

    def away(_word):
        raise EngineUnavailable("far", wait_seconds=1)

    asked = Providers("toy", [Provider("far", away), Provider("near", str.upper, is_local=True)])

    @function("toy_asks", queue="bulk", timeout_seconds=5, retry=Retry(0))
    def toy_asks(inputs: Word, context: Context) -> Said:
        """Ask around, and fail with the person's word where it is long."""
        answer = asked.call(lambda engine: engine(inputs.word))
        if len(inputs.word) > 10:
            raise RuntimeError(f"cannot say {inputs.word}")
        return Said(word=answer.value)

    yield "toy_asks"
    forget("toy_asks")


def test_one_trace_leads_from_the_request_through_the_queue_to_the_provider(traced, toy_asks, worker, owner):
    secret = tokens.issue(owner, name="test")[1]
    client = Client(headers={"authorization": f"Bearer {secret}", "x-request-id": "of-the-caller"})

    answer = client.post(
        f"/api/v1/functions/{toy_asks}/invoke", {"input": {"word": "hello"}}, content_type="application/json"
    )
    [done] = worker.work()
    tracing.end()

    assert (answer.status_code, Task.objects.get().status) == (202, "success")
    request = traced.named("POST /api/v1/functions/<name>/invoke")
    asked, run = traced.named("enqueue toy_asks"), traced.named("run toy_asks")
    far, near = traced.named("toy far"), traced.named("toy near")
    assert {span.trace_id for span in traced.spans} == {request.trace_id}
    parents = [(span.name, span.parent_id) for span in (request, asked, run, far, near)]
    assert [parent for _name, parent in parents] == [
        "", request.span_id, asked.span_id, run.span_id, run.span_id,
    ]  # fmt: skip
    assert [span.kind for span in (request, asked, run, far)] == [SERVER, PRODUCER, CONSUMER, CLIENT]
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/functions/<name>/invoke",
        "http.response.status_code": 202,
        "koebako.request_id": "of-the-caller",
    }
    assert (run.attributes["koebako.task_id"], run.attributes["koebako.attempt"]) == (str(done.pk), 1)
    assert run.attributes["koebako.queue"] == "bulk"
    assert run.attributes["koebako.waited_seconds"] >= 0
    assert (far.is_failed, far.attributes["error.type"]) == (True, "EngineUnavailable")
    assert not any(span.is_failed for span in (request, asked, run, near))
    assert run.resource["service.name"] == "koebako"
    assert traced.headers[0]["authorization"] == "Bearer of the collector's"


def test_no_word_of_a_person_is_sent(traced, toy_asks, worker, owner):
    secret = tokens.issue(owner, name="test")[1]
    client = Client(headers={"authorization": f"Bearer {secret}"}, raise_request_exception=False)

    client.post(f"/api/v1/functions/{toy_asks}/invoke", {"input": {"word": SECRET}}, content_type="application/json")
    client.get(f"/api/v1/tasks/{SECRET}?link={SECRET}")
    client.get(f"/{SECRET}")
    client.generic(SECRET.upper(), "/")
    worker.work()
    tracing.end()

    run = traced.named("run toy_asks")
    assert (run.is_failed, run.attributes["error.type"]) == (True, "unexpected")
    assert sum(span.events for span in traced.spans) == 0
    sent = b"".join(traced.bodies).lower()
    assert b"toy_asks" in sent
    for word in (SECRET, secret, secret[4:16], owner.get_username()):
        assert word.encode() not in sent


def test_tasks_of_a_chat_begin_a_trace_and_those_made_together_share_it(traced, worker, owner):
    made = prepare_alike(
        "toy_echo",
        {"word": "hi"},
        [Asked(task_id=new_task_id(), owner_id=owner.pk, order_key="guild") for _ in range(2)],
        source=Source.DISCORD,
    )
    tracing.end()

    asked = traced.named("enqueue toy_echo")
    assert (asked.parent_id, asked.attributes["koebako.source"], asked.attributes["koebako.count"]) == (
        "",
        "discord",
        2,
    )
    assert {task.traceparent[:-3] for task in made} == {f"00-{asked.trace_id}-{asked.span_id}"}


def test_a_retry_belongs_to_the_same_trace(traced, accept, worker):
    accept("toy_flaky", times=1)
    worker.work()
    tracing.end()

    asked = traced.named("enqueue toy_flaky")
    runs = [span for span in traced.spans if span.name == "run toy_flaky"]
    assert [run.attributes["koebako.attempt"] for run in runs] == [1, 2]
    assert {(run.trace_id, run.parent_id) for run in runs} == {(asked.trace_id, asked.span_id)}
    assert [run.is_failed for run in runs] == [True, False]


def test_only_a_trusted_proxy_may_say_which_trace_a_request_belongs_to(traced, settings):
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]

    def ask(address):
        request = RequestFactory().get("/account/", headers={"traceparent": THEIRS}, REMOTE_ADDR=address)
        TrustedProxies(Traces(lambda _request: HttpResponse("ok")))(request)

    ask("10.0.0.1")
    ask("203.0.113.9")
    tracing.end()

    ours, strangers = traced.spans
    assert (ours.trace_id, ours.parent_id) == tuple(THEIRS.split("-")[1:3])
    assert (strangers.trace_id == ours.trace_id, strangers.parent_id) == (False, "")


def test_a_broken_traceparent_in_a_row_begins_a_new_trace(traced):
    for broken in ("", "no", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", THEIRS + "\n<svg>", "ff" + THEIRS[2:]):
        with tracing.span("run", "consumer", parent=broken) as span:
            assert span.trace_id not in (None, "0" * 32, THEIRS.split("-")[1])


def test_nobody_waits_for_a_collector_that_hangs_and_the_queue_has_an_end(traced, monkeypatch):
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "64")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16")
    traced.answering.clear()

    for _number in range(1000):
        with tracing.span("work", "internal"):
            pass

    # The first batch is still with the collector, which has not said a word.
    assert traced.asked.wait(30)
    assert traced.bodies == []
    traced.answering.set()
    tracing.end()
    assert 16 <= len(traced.spans) <= 64 + 2 * 16


def test_a_process_that_ends_does_not_wait_for_a_collector_that_hangs(traced, monkeypatch):
    monkeypatch.setattr(tracing, "END_SECONDS", 0.05)
    traced.answering.clear()
    with tracing.span("work", "internal"):
        pass

    tracing.end()

    # It came back although nobody has answered.
    assert traced.bodies == []


def test_a_forked_child_sends_its_own_spans(traced):
    with tracing.span("parent", "internal"):
        pass

    def send() -> bool:
        with tracing.span("child", "internal"):
            pass
        tracing.end()
        return True

    child, code = in_a_fork(send, what="send its own spans")
    assert code == 0
    tracing.end()

    pids = {span.name: span.resource["process.pid"] for span in traced.spans}
    assert pids == {"parent": os.getpid(), "child": child}


def test_a_value_that_the_sdk_cannot_use_fails_nobody(traced, monkeypatch, caplog):
    # Fewer than one batch holds.
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "16")
    monkeypatch.setattr(tracing._Process, "failed", False)

    with tracing.span("work", "internal") as span:
        assert span.traceparent is None

    assert not tracing.is_on()
    assert "traces cannot be sent" in caplog.text


def test_log_lines_of_a_run_name_its_trace(traced, accept, worker):
    seen = []

    @function("toy_named", queue="bulk", timeout_seconds=5)
    def toy_named(inputs: Word, context: Context) -> Said:
        """Look at what its lines carry."""
        seen.append(structlog.contextvars.get_contextvars()["trace_id"])
        return Said(word=inputs.word)

    try:
        accept("toy_named")
        worker.work()
    finally:
        forget("toy_named")
    tracing.end()

    assert seen == [traced.named("run toy_named").trace_id]


OFF = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings"

class Absent:
    asked_by = set()
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "opentelemetry":
            return None
        frame = sys._getframe(1)
        while frame.f_code.co_filename.startswith("<frozen"):
            frame = frame.f_back
        self.asked_by.add(frame.f_code.co_filename)
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import core.asgi, jobs.runtime.cluster
from jobs.runtime import tracing
tracing.load()
with tracing.span("a", "internal") as span:
    assert tracing.asked_for("a", "api") is None and span.log_words() == {}
tracing.end()
print(json.dumps(sorted(Absent.asked_by)))
"""


def test_without_its_packages_the_house_works_and_asks_for_none_of_them(tmp_path):
    environment = {**os.environ, "KOEBAKO_HOME": str(tmp_path), "REDIS_URL": "", "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", OFF], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True
    )

    # redis-py looks for them by itself, and does without.
    assert [place for place in json.loads(done.stdout.splitlines()[-1]) if "/redis/" not in place] == []


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
import core.settings
"""


def test_asked_for_without_its_packages_the_start_is_refused_by_name(tmp_path):
    environment = {
        **os.environ, "KOEBAKO_HOME": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert "OTEL_EXPORTER_OTLP_ENDPOINT cannot be used" in done.stderr
    assert "--extra tracing" in done.stderr
