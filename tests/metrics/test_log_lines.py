"""Each log line says what it belongs to: a request, an attempt, a delivery, a guild; and it is one line of JSON."""

import asyncio
import io
import json
import logging

import pytest
import structlog
from django.http import HttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from core import logs
from core.request_id import HEADER, RequestId
from jobs.runtime.context import Context
from jobs.runtime.models import Task
from jobs.runtime.registry import forget, function
from tests.toys.functions import Said, Word

logger = logging.getLogger("tests.lines")


@pytest.fixture
def lines():
    """What was logged as JSON, read back."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=logs.SHARED, processors=logs.processors("json"))
    )
    root = logging.getLogger()
    before, root.level = root.level, logging.INFO
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before)
    assert structlog.contextvars.get_contextvars() == {}


def answer(_request):
    logger.info("at work")
    return HttpResponse("ok")


def test_a_request_s_lines_carry_its_id_and_the_caller_is_told(lines):
    response = RequestId(answer)(RequestFactory().get("/", headers={HEADER: "abc-123.DEF"}))

    [line] = lines()
    assert line["request_id"] == response[HEADER] == "abc-123.DEF"
    assert (line["event"], line["level"], line["logger"]) == ("at work", "info", "tests.lines")
    assert line["timestamp"].endswith("Z")


INSANE = (
    *("", " ", "abc", "a b c d", "x" * 129, "a\nb\nc\nd", "abcd\n", "abcd\r\nX: y", '"abcd"', "<b>abcd</b>", "äöüß"),
    *("-abcd", "{abcd}", "$(abcd)", "%0aabcd", "abcd\x00", "\u2028abcd", "abcd;", "abcd,efgh", "\x1b[31mabcd"),
)
SANE = ("01a2", "550e8400-e29b-41d4-a716-446655440000", "Root=1-67891233-abcdef012345678912345678", "x" * 128)


def test_an_id_that_is_not_sane_is_not_taken_over():
    wrong = []
    made = set()
    for theirs in INSANE:
        request = RequestFactory().get("/")
        request.META["HTTP_X_REQUEST_ID"] = theirs
        told = RequestId(answer)(request)[HEADER]
        made.add(told)
        if told == theirs or len(told) != 32 or not told.isalnum():
            wrong.append(theirs)
    wrong += [
        theirs
        for theirs in SANE
        if RequestId(answer)(RequestFactory().get("/", headers={HEADER: theirs}))[HEADER] != theirs
    ]

    assert wrong == []
    assert len(made) == len(INSANE)


async def test_requests_at_the_same_time_keep_their_ids_apart_also_in_threads(lines):
    gate = asyncio.Event()

    def in_thread():
        logger.info("in a thread")

    async def slow(_request):
        await gate.wait()
        await asyncio.to_thread(in_thread)
        return HttpResponse("ok")

    middleware = RequestId(slow)
    names = [f"request-{n}" for n in range(20)]
    asked = [asyncio.create_task(middleware(AsyncRequestFactory().get("/", headers={HEADER: name}))) for name in names]
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*asked)

    assert [each[HEADER] for each in answers] == names
    assert sorted(line["request_id"] for line in lines()) == sorted(names)


def test_every_answer_of_the_house_has_one(client, transactional_db, valkey):
    told = {
        path: client.get(path).headers.get(HEADER) for path in ("/healthz", "/nowhere", "/api/v1/tasks", "/static/x")
    }

    assert all(told.values())
    assert len(set(told.values())) == len(told)


def test_lines_of_a_run_carry_task_function_and_attempt_and_none_after_it(accept, worker, lines):
    @function("toy_lines", queue="bulk", timeout_seconds=5)
    def toy_lines(inputs: Word, context: Context) -> Said:
        """Speak through a library's logger and through its own."""
        logger.info("deep inside")
        context.log.info("its own")
        return Said(word=inputs.word)

    try:
        task = accept("toy_lines", word="secret words").task
        worker.work()
    finally:
        forget("toy_lines")
    logger.info("after it")

    told = {line["event"]: line for line in lines()}
    for event in ("deep inside", "its own"):
        assert (told[event]["task"], told[event]["function"], told[event]["attempt"]) == (str(task.pk), "toy_lines", 1)
    assert "task" not in told["after it"]
    assert "secret words" not in json.dumps(lines())
    assert Task.objects.get(pk=task.pk).status == "success"


def test_lines_of_a_run_that_fails_too_and_nothing_of_the_person(accept, worker, lines):
    accept("toy_secret", word="secret words")
    worker.work()

    told = lines()
    assert any(line.get("function") == "toy_secret" for line in told)
    assert "secret words" not in json.dumps(told)


def test_lines_of_a_sender_carry_the_delivery(transactional_db, valkey, owner, lines):
    from jobs.delivery import kinds
    from jobs.delivery.claim import claim_next
    from jobs.delivery.crew import Crew
    from jobs.delivery.models import Delivery
    from jobs.runtime import clock

    kinds.register("toy_kind", lambda _delivery: logger.info("sending") or {})
    try:
        now = clock.now()
        row = Delivery.objects.create(
            kind="toy_kind", owner=owner, key="k", target={}, payload={}, receiver="r", next_at=now, created_at=now
        )
        Crew(worker="w", max_lanes=1)._attempt(claim_next("r", worker="w"), go_on=False)
    finally:
        kinds._kinds.pop("toy_kind")

    [line] = [line for line in lines() if line["event"] == "sending"]
    assert (line["delivery"], line["kind"]) == (str(row.pk), "toy_kind")


def test_a_line_of_json_is_one_line_whatever_is_in_it(lines):
    hostile = 'a\nb\r\u2028\u0085\x1b[31m\x00\ud800 "quoted" {brace}'
    logger.info("kept", extra={"where": hostile, "number": 3, "thing": object})
    try:
        int("line\nbreak")
    except ValueError:
        logger.exception("failed")

    told = lines()
    assert len(told) == 2
    assert told[0]["where"] == hostile
    assert "ValueError" in told[1]["exception"]
