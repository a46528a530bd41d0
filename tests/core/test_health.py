"""What probes are told: the truth of this moment, in bounded time, and no secrets."""

import threading

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core import health
from jobs.runtime import stats


@pytest.fixture
def one_worker(valkey):
    stats.beat({"host:1:2:3": {"host": "host", "pid": 2, "lane": "bulk", "task": None}})


def test_healthz_needs_nothing_but_the_process(client, settings):
    settings.REDIS_URL = "unix:///nowhere.sock"

    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"ok": True}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_only_reading_is_allowed(client, path):
    assert client.post(path).status_code == 405
    assert client.delete(path).status_code == 405


@pytest.mark.django_db
def test_readyz_says_yes_when_all_is_there(client, one_worker):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    body = answer.json()
    assert body["ok"] is True
    assert set(body["checks"]) == {"database", "migrations", "redis", "worker"}
    assert all(check["ok"] and check["ms"] >= 0 for check in body["checks"].values())
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_a_head_request_gets_the_same_status_without_a_body(client, one_worker):
    answer = client.head("/readyz")

    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.django_db
def test_readyz_says_no_while_no_worker_lives_and_yes_with_the_next_probe(client, valkey):
    before = client.get("/readyz")
    stats.beat({"host:1:2:3": {"host": "host", "pid": 2, "lane": "bulk", "task": None}})
    after = client.get("/readyz")

    assert before.status_code == 503
    assert [name for name, check in before.json()["checks"].items() if not check["ok"]] == ["worker"]
    assert after.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["unix:///nowhere/secret-place.sock", "redis://:hunter2@127.0.0.1:1/0", ""])
def test_readyz_without_redis_says_so_and_tells_no_address(client, settings, url):
    settings.REDIS_URL = url

    answer = client.get("/readyz")

    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert checks["database"]["ok"]
    assert not checks["redis"]["ok"]
    assert not checks["worker"]["ok"]
    assert "secret-place" not in answer.text
    assert "hunter2" not in answer.text
    assert "127.0.0.1" not in answer.text


@pytest.mark.django_db
def test_the_web_process_alone_needs_only_the_database(client, settings):
    settings.REDIS_URL = ""

    answer = client.get("/readyz?for=web")

    assert answer.status_code == 200
    assert set(answer.json()["checks"]) == {"database", "migrations"}


@pytest.fixture
def one_migration_missing(transactional_db):
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("sessions", "0001_initial")
    yield
    recorder.record_applied("sessions", "0001_initial")


def test_readyz_says_no_while_a_migration_is_missing(client, one_migration_missing):
    answer = client.get("/readyz?for=web")

    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"]["detail"] == "1 migrations are not applied"


def test_a_check_that_hangs_costs_its_time_and_no_more():
    released = threading.Event()

    def hangs():
        released.wait()
        return "at last"

    first = health.look({"hangs": hangs, "works": lambda: "fine"}, timeout_seconds=1.0)

    released.set()
    assert not first["hangs"].ok
    assert first["hangs"].detail == "no answer in 1 s"
    assert first["works"].detail == "fine"


def test_checks_that_hang_do_not_pile_up_threads():
    released, begun = threading.Event(), []

    def hangs():
        begun.append(1)
        released.wait()
        return "at last"

    outcomes = [health.look({"hangs": hangs}, timeout_seconds=0.01)["hangs"] for _ in range(health.MAX_HANGING + 3)]

    released.set()
    for thread in threading.enumerate():
        if thread.name == "check hangs":
            thread.join()
    assert not any(outcome.ok for outcome in outcomes)
    assert len(begun) == health.MAX_HANGING


def test_an_unexpected_error_is_told_by_its_kind_alone():
    def breaks():
        raise ValueError("user=koebako password=hunter2")

    assert health.look({"x": breaks})["x"].detail == "ValueError"
