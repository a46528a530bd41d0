"""The page of the workers, and ending one: from the button over Redis and the keeper to the guard."""

import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from jobs.access.models import AuditEntry
from jobs.runtime import clock, lease, stats
from jobs.runtime.guard import SafeSentinel
from jobs.runtime.keeper import Keeper, _ending
from jobs.runtime.link import AT_ONCE, GENTLY, LIVE, STAY, new_slots
from jobs.runtime.models import Status, Task
from jobs.runtime.stats import Stop
from tests.runtime.admin_site import client_of, page_of, person
from tests.runtime.conftest import LocalWorker
from tests.runtime.test_admin_overview import text_of

Make = Callable[..., Task]
PAGE, STOP = "/admin/workers/", "/admin/workers/stop/"
NAME = "here:0:41:1"


@pytest.fixture
def client(valkey: redis.Redis, transactional_db: None, staff: Any) -> Any:
    return client_of(staff)


def beat(name: str = NAME, **facts: Any) -> None:
    stats.beat({name: {"host": "here", "pid": 41, "lane": "any", "task": None, "guard": 7, "restarts": 3, **facts}})


@pytest.fixture
def keeper() -> Keeper:
    """A keeper of a cluster with one worker, NAME."""
    slots = new_slots(3)
    slots[0].name, slots[0].state, slots[0].born, slots[0].births = NAME.encode(), LIVE, time.time(), 4
    return Keeper(slots, SimpleNamespace(value=1), 0, SimpleNamespace())


def test_the_page_says_who_lives_and_what_each_runs(client: Any, make_task: Make) -> None:
    running = make_task(status=Status.PROCESSING, worker=NAME, started_at=clock.now())
    beat(task=str(running.pk), megabytes=250.5, born=time.time() - 7200)
    beat("there:0:5:1", host="there", pid=5, guard=2, restarts=None, lane="interactive", stop="gently")

    content = text_of(client, PAGE)

    for words in ("here · 41", "guard 7", "3 workers replaced", page_of(running), "262.7 MB", "2 hours ago"):
        assert words in content
    for words in ("there · 5", "interactive only", "ends after its task", "–"):
        assert words in content
    assert "not heard of" not in content


def test_what_a_silent_worker_holds_is_shown(client: Any, make_task: Make) -> None:
    held = make_task(status=Status.PROCESSING, worker="gone:0:1:1")

    content = text_of(client, PAGE)

    assert "No worker is alive" in content
    assert "Held by workers that are not heard of" in content
    assert page_of(held) in content


def test_nonsense_in_redis_does_not_stop_the_page(client: Any, valkey: redis.Redis) -> None:
    now = time.time()
    values = ["NaN", "Infinity", -1, 1e300, "x", [], {}, None, True, "<script>alert(1)</script>"]
    for number, value in enumerate(values):
        facts = dict.fromkeys(("host", "pid", "lane", "task", "born", "megabytes", "stop", "guard", "restarts"), value)
        text = json.dumps({"at": now, **facts}).replace('"NaN"', "NaN").replace('"Infinity"', "Infinity")
        valkey.hset("koebako:workers", f"odd{number}", text)
    valkey.hset("koebako:stops", mapping={"odd1": "x", b"\xff": b"\xff"})

    assert "<script>alert" not in text_of(client, PAGE)
    assert client.post(STOP, {"name": "odd1", "how": "gently"}).status_code == 302


def test_a_worker_is_asked_to_end_and_the_book_says_by_whom(client: Any, keeper: Keeper) -> None:
    keeper.heartbeat()
    assert keeper.slots[0].leave == STAY

    said = client.post(STOP, {"name": NAME, "how": "gently"}, follow=True).content.decode()
    keeper.heartbeat()

    assert "ends after its task; another worker takes its place at once." in said
    assert keeper.slots[0].leave == GENTLY
    keeper.heartbeat()
    assert "ends after its task</span>" in text_of(client, PAGE)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor.username, entry.object_type, entry.object_id) == (
        "worker_stopped", "boss", "worker", NAME,
    )  # fmt: skip
    assert entry.details == {"how": "gently", "worker": NAME, "task": None}
    assert "worker ended" in text_of(client, "/admin/access/auditentry/")


def test_who_may_end_one_and_who_sees_the_buttons(valkey: redis.Redis, db: None) -> None:
    cases = {
        "looks": (["jobs.view_task"], {"is_staff": True}, 403),
        "blind": (["jobs.stop_worker"], {"is_staff": True}, 403),
        "stops": (["jobs.view_task", "jobs.stop_worker"], {"is_staff": True}, 302),
        "user": (["jobs.view_task", "jobs.stop_worker"], {}, 302),
    }
    wrong = {}
    for name, (permissions, flags, status) in cases.items():
        client = client_of(person(name, *permissions, **flags))
        beat()
        answer = client.post(STOP, {"name": NAME, "how": "gently"})
        asked, sees = valkey.hget("koebako:stops", NAME), b'id="gently-' in client.get(PAGE).content
        if (answer.status_code, asked is not None, sees) != (status, name == "stops", name == "stops"):
            wrong[name] = (answer.status_code, asked, sees)
        valkey.delete("koebako:stops")
    assert wrong == {}
    assert AuditEntry.objects.count() == 1


def test_no_get_ends_one_and_a_post_needs_its_token_and_a_living_worker(
    client: Any, staff: Any, valkey: redis.Redis
) -> None:
    beat()
    wish = {"name": NAME, "how": "at_once"}

    assert client.get(STOP).status_code == 405
    assert client_of(staff, enforce_csrf_checks=True).post(STOP, wish).status_code == 403
    assert client.post(STOP, {**wish, "how": "softly"}).status_code == 404
    assert "has ended already" in client.post(STOP, {**wish, "name": "nobody"}, follow=True).content.decode()

    assert not valkey.exists("koebako:stops")
    assert not AuditEntry.objects.exists()


def test_without_redis_nobody_is_ended_and_nothing_is_noted(staff: Any, settings: Any, transactional_db: None) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    answer = client_of(staff).post(STOP, {"name": NAME, "how": "gently"}, follow=True).content.decode()

    assert "nothing was done" in answer
    assert not AuditEntry.objects.exists()


def test_the_keeper_tells_how_its_workers_are(keeper: Keeper, valkey: redis.Redis) -> None:
    keeper.slots[0].pid = 1

    keeper.heartbeat()

    (facts,) = stats.live_workers()
    assert facts["restarts"] == 3
    assert facts["megabytes"] > 0
    assert abs(facts["born"] - time.time()) < 60
    assert facts["stop"] is None


class Guard(SafeSentinel):
    """A guard whose blows are noted."""

    def __init__(self) -> None:
        super().__init__(None, None, None, start=False)
        self.killed: list[int] = []

    def _kill(self, number: int, sure: Any = None) -> None:
        if sure is None or sure(self.slots[number]):
            self.killed.append(number)


def test_the_guard_ends_whom_it_should_and_spares_a_commit() -> None:
    guard = Guard()
    guard.children = dict.fromkeys(range(4), SimpleNamespace(pid=0))
    for number, (wish, saving) in enumerate([(STAY, False), (GENTLY, False), (AT_ONCE, False), (AT_ONCE, True)]):
        guard.slots[number].leave, guard.slots[number].saving = wish, saving

    guard._dismiss()

    assert [guard.slots[number].stop for number in range(4)] == [False, True, True, True]
    assert guard.killed == [2]
    guard.slots[3].saving = False
    guard._dismiss()
    assert guard.killed == [2, 2, 3]


def test_the_task_of_an_ended_worker_goes_back_uncounted(
    client: Any, accept: Any, worker: LocalWorker, keeper: Keeper
) -> None:
    task = accept("toy_echo", word="hello").task
    claimed = worker.claim()
    slot = keeper.slots[0]
    slot.name, slot.stop, slot.leave = worker.feed.name.encode(), True, AT_ONCE
    assert claimed is not None

    lease.release(worker.feed.name, now=clock.now(), ending=_ending(slot), running=task.pk)
    stats.bury(worker.feed.name)

    task.refresh_from_db()
    assert (task.status, task.deaths, task.attempts.get().outcome) == (Status.RETRY, 0, "stopped")
    assert [done.pk for done in LocalWorker("there:0:2:2").work()] == [task.pk]


def test_a_wish_is_forgotten_with_its_worker(valkey: redis.Redis) -> None:
    stats.ask_to_stop(NAME, Stop.GENTLY)
    assert stats.beat({NAME: {}, "other": {}}) == {NAME: Stop.GENTLY}
    assert 0 < valkey.ttl("koebako:stops") <= stats.WISH_KEPT_SECONDS

    stats.bury(NAME)

    assert stats.beat({NAME: {}}) == {}
