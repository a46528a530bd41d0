"""From the runtime's signals to the groups of the channel layer."""

import json
import threading
from functools import partial
from typing import Any

import pytest
import redis

from jobs.live import groups, publish, wire
from jobs.live.describe import event
from jobs.live.publish import Publisher
from jobs.live.wire import MAX_UNDER_WAY, Wire
from jobs.runtime.context import Context
from jobs.runtime.models import Status, Task
from jobs.runtime.signals import task_changed, task_progressed
from jobs.runtime.telling import Telling
from tests.live.test_throttle import Clock
from tests.waits import in_a_fork

AUDIENCE = ("task.a",)


class Notebook:
    """A sender that writes down what it was given; its timers ring when told to."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.must: list[int] = []
        self.timers: list[tuple[float, Any]] = []

    def post(self, audience: Any, message: Any, *, droppable: bool) -> None:
        self.sent.append(message["version"])
        if not droppable:
            self.must.append(message["version"])

    def later(self, seconds: float, call: Any) -> None:
        self.timers.append((seconds, call))

    def ring(self) -> None:
        timers, self.timers = self.timers, []
        for _seconds, call in timers:
            call()


@pytest.fixture
def notebook():
    return Notebook()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def speaker(notebook, clock):
    return Publisher(notebook, clock=clock)


def message(version: int) -> dict[str, Any]:
    return {"task_id": "a", "version": version}


def test_a_burst_is_thinned_and_its_last_message_follows(speaker, notebook, clock):
    for version in range(100):
        speaker.progress("a", partial(message, version), AUDIENCE)
    clock.now += 0.25
    notebook.ring()

    assert notebook.sent == [0, 99]
    assert notebook.must == []


def test_one_timer_serves_a_whole_burst(speaker, notebook):
    for version in range(100):
        speaker.progress("a", partial(message, version), AUDIENCE)

    assert [seconds for seconds, _call in notebook.timers] == [0.25]


def test_a_change_of_state_waits_for_nothing_and_lets_the_last_progress_out_before_it(speaker, notebook):
    for version in range(10):
        speaker.progress("a", partial(message, version), AUDIENCE)
    speaker.change(message(1000), AUDIENCE)
    notebook.ring()

    assert notebook.sent == [0, 9, 1000]
    assert notebook.must == [1000]


def test_progress_that_is_newer_than_the_state_is_not_let_out_before_it(speaker, notebook):
    """A task was cancelled: its row's version is final, the worker's last words are older."""
    speaker.progress("a", partial(message, 5), AUDIENCE)
    speaker.progress("a", partial(message, 2000), AUDIENCE)
    speaker.change(message(1000), AUDIENCE)

    assert notebook.sent == [5, 1000]


@pytest.fixture
def listener(valkey: redis.Redis):
    """Hears what goes to a task's group, as any other process would."""
    ears = valkey.pubsub(ignore_subscribe_messages=True)
    ears.psubscribe("koebako:live__group__*")
    ears.get_message(timeout=60)
    yield ears
    ears.close()


def heard(listener, count: int) -> list[tuple[str, dict[str, Any]]]:
    import msgpack

    found = []
    while len(found) < count:
        message = listener.get_message(timeout=60)
        assert message is not None, found
        group = message["channel"].decode().partition("__group__")[2]
        found.append((group, msgpack.unpackb(message["data"])["event"]))
    return found


def test_a_changed_task_is_told_to_its_watchers_its_owner_and_the_staff(make_task, listener):
    task = make_task(Status.PENDING)

    task_changed.send(Task, task=task, position=4)

    told = heard(listener, 3)
    assert [group for group, _ in told] == [groups.of_task(task.pk), groups.of_owner(task.owner_id), groups.STAFF]
    assert all(message == event(task, 4) for _, message in told)


def test_progress_inside_a_worker_is_told_too(make_task, listener):
    task = make_task(Status.PROCESSING)
    context = Context(task_id=task.pk, function="speech", attempt=1, owner_id=task.owner_id, source="page")

    context.percent = 30
    task_progressed.send(Context, context=context)

    assert heard(listener, 1)[0][1]["progress"] == 30


def test_a_forked_worker_speaks_with_a_voice_of_its_own(make_task, listener):
    task = make_task(Status.PROCESSING)
    task_changed.send(Task, task=task, position=None)
    heard(listener, 3)

    def tell() -> bool:
        task.progress = 77
        task_changed.send(Task, task=task, position=None)
        return Wire.of_this_process().drain(60)

    assert in_a_fork(tell, what="tell a change by a wire of its own")[1] == 0

    assert heard(listener, 1)[0][1]["progress"] == 77


def test_nothing_is_raised_and_nothing_waits_while_redis_is_away(make_task, monkeypatch, caplog):
    class Away:
        async def group_send(self, group, message):
            raise redis.ConnectionError("nobody there")

    monkeypatch.setattr(wire, "get_channel_layer", Away)
    own = Wire()

    own.post(AUDIENCE, message(1), droppable=False)

    assert own.drain(60)
    own.close()
    assert [record.message for record in caplog.records] == ["live messages not sent"]


def test_without_redis_at_all_nothing_is_tried(settings):
    settings.REDIS_URL = ""
    own = Wire()

    own.post(AUDIENCE, message(1), droppable=False)

    assert own.drain(0)
    own.close()


def test_progress_is_dropped_and_a_change_never_when_too_much_is_under_way(monkeypatch):
    open_gate, passed, lock = threading.Event(), [], threading.Lock()

    class Slow:
        async def group_send(self, group, message):
            import asyncio

            await asyncio.to_thread(open_gate.wait, 60)
            with lock:
                passed.append(message["event"]["version"])

    monkeypatch.setattr(wire, "get_channel_layer", Slow)
    own = Wire()

    for version in range(MAX_UNDER_WAY + 50):
        own.post(AUDIENCE, message(version), droppable=True)
    own.post(AUDIENCE, message(9999), droppable=False)
    open_gate.set()

    assert own.drain(60)
    own.close()
    assert len(passed) == MAX_UNDER_WAY + 1
    assert 9999 in passed


def test_a_message_that_cannot_be_built_does_not_reach_the_caller(caplog):
    task_changed.send(Task, task=Task(status="no such state"), position=None)

    assert "change of a task not published" in caplog.text


def test_the_live_message_is_json(make_task):
    task = make_task(Status.FAILURE, error_type="timeout_error", error_message="too long")

    assert json.loads(json.dumps(event(task)))["error"]["type"] == "timeout_error"


def test_threads_share_one_publisher():
    found = []
    threads = [threading.Thread(target=lambda: found.append(publish.publisher())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(one) for one in found}) == 1


def test_a_worker_sends_the_same_message_by_a_letter(make_task, listener):
    task, telling = make_task(Status.SUCCESS), Telling()

    task_changed.send(Task, task=task, position=4, outbox=telling.outbox)
    telling.send()

    told = heard(listener, 3)
    assert [group for group, _ in told] == [groups.of_task(task.pk), groups.of_owner(task.owner_id), groups.STAFF]
    assert all(message == event(task, 4) for _, message in told)
