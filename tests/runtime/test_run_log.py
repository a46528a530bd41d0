"""What a run says: how much of it is kept, who finds it when the worker is gone, and what it costs."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import redis

from jobs.runtime import clock as house_clock
from jobs.runtime import run_log
from jobs.runtime.cancel import cancel
from jobs.runtime.context import Context, Silent
from jobs.runtime.invoke import Invocation
from jobs.runtime.lease import release
from jobs.runtime.local import run_here
from jobs.runtime.models import Attempt, Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.run_log import HEAD_LINES, LINE_CHARACTERS, TAIL_LINES, RunLog, Tail, dump, parse, read, shown_to_all
from jobs.runtime.wire import WorkerWire
from tests.runtime.admin_site import PAYLOAD, client_of, page_of
from tests.runtime.conftest import NOON, LocalWorker

Accept = Callable[..., Invocation]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _redis_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_log._Reader, "resting_until", 0.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(clock: Clock) -> Context:
    return Context(uuid4(), "toy_echo", 2, 1, "api", wire=Silent(), clock=clock)


def test_a_line_is_kept_with_its_moment_level_and_fields(context: Context, clock: Clock) -> None:
    clock.now = 1.2345
    context.log.info("model loaded", extra={"seconds": 1.2, "device": "cpu"})
    context.log.warning("%d of %d are %s", 1, 2, "odd")

    assert context.log_lines == [
        [1.234, "info", "model loaded", {"seconds": 1.2, "device": "cpu"}],
        [1.234, "warning", "1 of 2 are odd", {}],
    ]


def test_the_process_log_still_has_it_with_the_task_and_the_callers_place(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="jobs.function"):
        context.log.info("model loaded", extra={"device": "cpu"})

    [record] = caplog.records
    assert isinstance(context.log, logging.LoggerAdapter)
    assert record.filename == "test_run_log.py"
    assert (record.message, record.task, record.attempt, record.device) == (
        "model loaded", str(context.task_id), 2, "cpu",
    )  # fmt: skip


def test_a_run_that_says_nothing_has_no_log(context: Context) -> None:
    context.progress(50)

    assert context.run_log is None
    assert context.log_lines == []


def test_a_sentence_that_does_not_fit_its_arguments_breaks_nothing(context: Context) -> None:
    logging.raiseExceptions, before = False, logging.raiseExceptions
    try:
        context.log.info("%d percent", "many")
    finally:
        logging.raiseExceptions = before

    assert context.log_lines[0][2] == "%d percent"


def test_of_an_exception_only_the_type_is_kept(context: Context) -> None:
    try:
        int("my secret words")
    except ValueError:
        context.log.exception("could not be read")

    assert context.log_lines == [[0.0, "error", "could not be read", {"error": "ValueError"}]]


def test_of_many_lines_the_first_and_the_last_are_kept(context: Context) -> None:
    for number in range(1000):
        context.log.debug("line %d", number)

    lines = context.log_lines
    assert len(lines) == HEAD_LINES + 1 + TAIL_LINES == 200
    assert [line[2] for line in lines[:2]] == ["line 0", "line 1"]
    assert lines[HEAD_LINES][2:] == ["lines were left out here", {"count": 1000 - HEAD_LINES - TAIL_LINES}]
    assert lines[-1][2] == "line 999"


def test_all_lines_together_stay_under_32_kilobytes(context: Context) -> None:
    for _number in range(500):
        context.log.info("あ" * 10_000, extra={f"field{number}": "い" * 500 for number in range(100)})

    assert len(dump(context.log_lines)) < 32_768
    assert len(context.log_lines) > 10
    for _seconds, _level, sentence, fields in context.log_lines:
        assert len(sentence) <= LINE_CHARACTERS
        assert sum(len(str(name)) + len(str(value)) for name, value in fields.items()) <= LINE_CHARACTERS


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_whatever_is_handed_in_can_be_stored(context: Context) -> None:
    odd = {
        "zero": "a\x00b", "half": "\ud800", "nan": float("nan"), "none": None, "huge": 10**30,
        "list": list(range(1_000_000)), "thing": Unprintable(), "bytes": b"x",
    }  # fmt: skip

    context.log.info("a\x00\ud800b", extra=odd)

    [[_seconds, _level, sentence, fields]] = context.log_lines
    assert sentence == "a?b"
    assert fields["zero"] == "ab"
    assert (fields["half"], fields["nan"], fields["none"], fields["list"]) == ("?", "nan", None, "list of 1000000")
    assert fields["thing"] == "not to be written: RuntimeError"
    assert parse(dump(context.log_lines)) == context.log_lines


def test_a_hundred_thousand_lines_cost_bounded_work_and_memory(valkey: redis.Redis) -> None:
    """Each line costs the same, and Redis hears of them four times a second however many there are."""
    told: list[int] = []
    log = RunLog()
    tail = Tail(uuid4(), 1, log, timeout_seconds=60, tell=lambda: told.append(log.count))
    started = time.monotonic()

    for number in range(100_000):
        log.add(number / 1000, logging.INFO, "line", {"number": number})
        tail.said()
    log.close()

    assert len(told) <= run_log.BURST + run_log.SENDS_A_SECOND * (time.monotonic() - started) + 1
    assert log.count == 100_000
    assert len(log.lines()) == 200


def test_lines_from_many_threads_are_all_counted() -> None:
    log = RunLog()
    threads = [
        threading.Thread(target=lambda: [log.add(0, logging.INFO, "x", {}) for _line in range(500)])
        for _thread in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert log.count == 4000
    assert log.lines()[HEAD_LINES][3] == {"count": 4000 - HEAD_LINES - TAIL_LINES}


def test_what_a_running_attempt_says_is_in_redis_at_once(valkey: redis.Redis) -> None:
    task_id, log, told = uuid4(), RunLog(), []
    tail = Tail(task_id, 1, log, timeout_seconds=60, tell=lambda: told.append(1))

    log.add(0.1, logging.INFO, "about to do it", {})
    tail.said()

    assert read(task_id, 1) == [[0.1, "info", "about to do it", {}]]
    assert read(task_id, 2) == []
    assert told == [1]
    assert 3600 < valkey.ttl(f"koebako:log:{task_id.hex}:1") <= 3600 + 60


def test_what_comes_too_fast_goes_out_together_a_little_later(valkey: redis.Redis) -> None:
    task_id, log = uuid4(), RunLog()
    all_there = threading.Event()
    sent: list[int] = []

    def tell() -> None:
        sent.append(log.count)
        if log.count == 20 and len(read(task_id, 1)) == 20:
            all_there.set()

    tail = Tail(task_id, 1, log, timeout_seconds=60, tell=tell)
    began = time.monotonic()
    for number in range(20):
        log.add(0, logging.INFO, f"line {number}", {})
        tail.said()
    took = time.monotonic() - began

    assert all_there.wait(timeout=60)
    # One beyond the burst; a machine that stood still among the lines had turns for more.
    assert run_log.BURST < len(sent) <= run_log.BURST + 1 + int(run_log.SENDS_A_SECOND * took)


def test_after_the_end_nothing_more_is_sent(valkey: redis.Redis) -> None:
    task_id, log = uuid4(), RunLog()
    tail = Tail(task_id, 1, log, timeout_seconds=60, tell=lambda: None)
    log.add(0, logging.INFO, "first", {})
    tail.said()

    assert len(log.close()) == 1
    run_log.forget(task_id, 1)
    log.add(0, logging.INFO, "late", {})
    tail.said()

    assert len(log.lines()) == 1
    assert valkey.keys("koebako:log:*") == []


def test_without_redis_a_run_goes_on_and_does_not_ask_again_at_once(settings: Any, clock: Clock) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    log, told = RunLog(), []
    tail = Tail(uuid4(), 1, log, timeout_seconds=60, tell=lambda: told.append(1), clock=clock)

    started = time.monotonic()
    for _number in range(1000):
        log.add(0, logging.INFO, "line", {})
        tail.said()

    assert told == []
    assert time.monotonic() - started < 5
    assert read(uuid4(), 1) == []


@pytest.mark.parametrize(
    "foreign",
    [
        b"", b"\xff", b"{}", b"[1, 2]", b'[[0, "info", "x"]]', b'[[0, "shout", "x", {}]]', b'[["0", "info", "x", {}]]',
        b'[[0, "info", "' + b"x" * 1000 + b'", {}]]', b'[[0, "info", "x", {"a": [1]}]]', b'[[0, "info", 5, {}]]',
    ],
)  # fmt: skip
def test_what_others_wrote_into_redis_is_left_out(foreign: bytes) -> None:
    assert parse(foreign) == []


def test_who_may_see_the_task_reads_neither_debug_lines_nor_places_in_the_code() -> None:
    lines = [
        [0.0, "debug", "cache looked at", {}],
        [0.1, "error", "it failed", {"where": "speech.py:12 make", "count": 3}],
    ]

    assert shown_to_all(lines) == [[0.1, "error", "it failed", {"count": 3}]]


def lines_of(task: Task) -> list[list[Any]]:
    """Return what the newest attempt of a task is kept to have said: [level, sentence] of each line."""
    return [line[1:3] for line in Attempt.objects.filter(task=task).latest("number").log]


def test_a_finished_run_keeps_its_lines_and_redis_lets_go_of_them(
    accept: Accept, worker: LocalWorker, valkey: redis.Redis
) -> None:
    task = accept("toy_talk", word="hello", times=3).task

    worker.work()

    assert lines_of(task) == [line for n in (1, 2, 3) for line in (["info", f"line {n}"], ["debug", "for the staff"])]
    assert valkey.keys("koebako:log:*") == []


def test_a_run_that_says_nothing_keeps_nothing_and_asks_redis_for_nothing(
    accept: Accept, worker: LocalWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(run_log, "client", lambda: asked.append(1))
    task = accept("toy_quick").task

    worker.work()

    assert Attempt.objects.get(task=task).log == []
    assert asked == []


@pytest.mark.parametrize(
    ("function", "sentence"), [("toy_bad", "attempt failed"), ("toy_secret", "the function failed")]
)
def test_a_failed_run_keeps_why_without_the_persons_words(
    accept: Accept, worker: LocalWorker, function: str, sentence: str
) -> None:
    task = accept(function, word="geheimnis").task

    worker.work()

    [[_seconds, _level, said, fields]] = Attempt.objects.get(task=task).log
    assert said.startswith(sentence)
    assert "geheimnis" not in f"{said} {fields}"


def test_the_last_words_of_a_worker_that_died_are_kept_with_its_attempt(
    accept: Accept, worker: LocalWorker, owner: Any
) -> None:
    task = accept("toy_wait").task
    running = worker.claim()
    assert running is not None
    context = Context(task.pk, "toy_wait", 1, owner.pk, "api", wire=WorkerWire(running, worker.slot))
    context.log.info("about to fall")

    release("here:0:1:1", now=house_clock.now())

    died = Attempt.objects.get(task=task)
    assert (died.outcome, lines_of(task)) == (Outcome.DIED, [["info", "about to fall"]])


def test_a_cancelled_run_keeps_what_it_had_said(accept: Accept, worker: LocalWorker, owner: Any) -> None:
    task = accept("toy_wait").task
    running = worker.claim()
    assert running is not None
    Context(task.pk, "toy_wait", 1, owner.pk, "api", wire=WorkerWire(running, worker.slot)).log.info("halfway")

    cancel(task)

    assert lines_of(task) == [["info", "halfway"]]


def test_a_run_in_this_process_keeps_its_lines(accept: Accept) -> None:
    invocation = accept("toy_talk", times=1)

    run_here(invocation)

    assert lines_of(invocation.task) == [["info", "line 1"], ["debug", "for the staff"]]


def test_staff_read_every_line_in_the_admin_and_text_stays_text(
    make_task: Callable[..., Task], valkey: redis.Redis, staff: Any
) -> None:
    task = make_task(status=Status.SUCCESS, attempt=1, started_at=NOON)
    lines = [[0.1, "debug", f"looked {PAYLOAD}", {"where": "a.py:1"}], [1.5, "warning", "odd", {"count": 2}]]
    Attempt.record(task, worker="w", ended_at=NOON, outcome=Outcome.SUCCESS, error=None, log=lines)

    text = client_of(staff).get(page_of(task)).content.decode()

    assert "What attempt 1 said: 2 lines" in text
    assert "where=a.py:1" in text
    assert "<b>warning</b> odd" in text
    assert "<script>alert(1)" not in text


def test_staff_follow_the_lines_of_a_running_attempt(
    accept: Accept, worker: LocalWorker, staff: Any, owner: Any
) -> None:
    task = accept("toy_wait").task
    running = worker.claim()
    assert running is not None
    Context(task.pk, "toy_wait", 1, owner.pk, "api", wire=WorkerWire(running, worker.slot)).log.info("under way")

    assert "under way" in client_of(staff).get(page_of(task)).content.decode()
