"""`/metrics` says how the house is, to whoever may know, also while parts of it are away."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from jobs.runtime import admission, breaker, clock, keepers, metrics, queue, stats
from jobs.runtime.connection import key
from jobs.runtime.models import Status, Task

TOKEN = "a token of sixteen characters or more"
NOWHERE = "redis://127.0.0.1:1/0"


def values(answer, read=read_text):
    """Return what was scraped: (name, labels) -> value."""
    assert answer.status_code == 200, answer.content
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in read(answer.content.decode())
        for sample in family.samples
    }


def errors(found):
    return {labels[0][1] for (name, *labels), value in found.items() if name == "koebako_scrape_errors" and value}


@pytest.fixture
def scrape(transactional_db, client):
    return lambda: values(client.get("/metrics"))


def test_what_requirements_name_is_there(accept, worker, scrape):
    accept(word="hello")
    accept("toy_bad")
    worker.work()
    accept("toy_quick")

    found = scrape()

    assert errors(found) == set()
    task = ("function", "toy_echo")
    assert found["koebako_tasks_total", task, ("status", "success")] == 1
    assert found["koebako_tasks_total", task, ("status", "failure")] == 0
    assert found["koebako_task_duration_seconds_count", task] == 1
    assert found["koebako_task_duration_seconds_bucket", task, ("le", "+Inf")] == 1
    assert 0 < found["koebako_task_duration_seconds_sum", task] < 60
    assert found["koebako_task_errors_total", ("error_type", "data_validation_error"), ("function", "toy_bad")] == 1
    assert found["koebako_active_tasks",] == 0
    assert found["koebako_queue_size", ("queue", "interactive")] == 1
    assert found["koebako_queue_size", ("queue", "bulk")] == 0
    assert 0 <= found["koebako_queue_oldest_seconds", ("queue", "interactive")] < 60
    assert found["koebako_queue_oldest_seconds", ("queue", "bulk")] == 0
    assert found["koebako_workers",] == 0


def test_a_histogram_adds_up(accept, worker, scrape):
    for _n in range(3):
        accept(word="hello")
    worker.work()

    found = scrape()

    buckets = [
        value
        for (name, *labels), value in found.items()
        if name == "koebako_task_wait_seconds_bucket" and ("function", "toy_echo") in labels
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3 == found["koebako_task_wait_seconds_count", ("function", "toy_echo")]


def test_workers_keepers_and_what_they_hold(accept, worker, scrape):
    accept(word="hello")
    running = worker.claim()
    stats.beat({worker.feed.name: {"lane": "any", "task": str(running.pk)}, "b": {"lane": "interactive", "task": None}})
    keepers.beat("one", wanted=3)

    found = scrape()

    assert found["koebako_workers",] == 2
    assert found["koebako_workers_busy",] == 1
    assert found["koebako_active_tasks",] == 1
    assert found["koebako_in_flight_tasks",] == 1
    for lane, live, wanted in (("any", 1, 3), ("interactive", 1, 1)):
        assert found["koebako_lane_workers", ("lane", lane)] == live
        assert found["koebako_lane_workers_wanted", ("lane", lane)] == wanted
    assert found["koebako_keepers",] == 1
    assert 0 <= found["koebako_keeper_silent_seconds",] < 10


def test_a_keeper_that_fell_silent_is_told_by_its_age(scrape, valkey, monkeypatch):
    assert ("koebako_keeper_silent_seconds",) not in scrape()
    keepers.beat("one", wanted=1)
    now = keepers.time.time()
    monkeypatch.setattr(keepers.time, "time", lambda: now + 100)

    found = scrape()

    assert found["koebako_keepers",] == 0
    assert found["koebako_keeper_silent_seconds",] == pytest.approx(100, abs=1)


def test_the_oldest_is_told_although_another_comes_first(accept, make_task, scrape, valkey):
    """One who waits for a hundred is passed by one who waits for nothing; the hundredth is the oldest all the same."""
    old = accept(order_key="busy").task
    later = accept(order_key="busy").task
    Task.objects.filter(pk=old.pk).delete()
    queue.withdraw(old)
    accept(order_key="idle")
    member = queue.entries("bulk", limit=1)[0]
    assert queue.id_of(member) != later.pk
    aged = make_task(id=_aged(later.pk, 500), order_key="busy")
    queue.send(aged)

    assert scrape()["koebako_queue_oldest_seconds", ("queue", "bulk")] == pytest.approx(500, abs=5)


def _aged(task_id, seconds):
    return type(task_id)(int=task_id.int - (int(seconds * 1000) << 80))


def test_pauses_delays_and_limits(accept, make_task, worker, scrape, valkey):
    admission.pause("bulk")
    for seconds in (100, -100):
        queue.delay(make_task(status=Status.RETRY).pk, until=clock.now() + timedelta(seconds=seconds))

    found = scrape()

    assert found["koebako_queue_paused", ("queue", "bulk")] == 1
    assert found["koebako_queue_paused", ("queue", "interactive")] == 0
    assert found["koebako_delayed_tasks",] == 2
    assert found["koebako_overdue_tasks",] == 1
    assert found["koebako_limited_tasks",] == 0


def test_each_provider_that_was_ever_called_shows_its_breaker(scrape, valkey):
    rules = breaker.Rules(failures=1)
    good, bad = breaker.Breaker("image", "good"), breaker.Breaker("image", "bad", rules)
    good.succeeded(good.admit())
    bad.failed(bad.admit(), error="EngineUnavailable")

    found = scrape()

    place = {name: (("port", "image"), ("provider", name)) for name in ("good", "bad")}
    assert found["koebako_circuit_state", *place["good"], ("state", "closed")] == 1
    assert found["koebako_circuit_state", *place["bad"], ("state", "open")] == 1
    assert found["koebako_circuit_state", *place["bad"], ("state", "closed")] == 0
    assert found["koebako_provider_calls_total", *place["bad"]] == 1
    assert found["koebako_provider_failures_total", *place["bad"]] == 1
    assert found["koebako_provider_failures_total", *place["good"]] == 0


def test_both_formats_are_understood_by_their_own_parsers(client, transactional_db, valkey):
    plain = client.get("/metrics")
    modern = client.get("/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0"})

    assert plain["Content-Type"].startswith("text/plain; version=0.0.4")
    assert modern["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert modern.content.endswith(b"# EOF\n")
    names = {name for name, *_labels in values(plain)}
    assert {name for name, *_labels in values(modern, read_openmetrics)} == names
    assert "no-store" in plain["Cache-Control"]


def test_a_strange_wish_for_a_format_is_no_fault(client, transactional_db, valkey):
    wishes = (
        "application/openmetrics-text; version=abc",
        "application/openmetrics-text; version=",
        "application/openmetrics-text; version=1.0.0; escaping=nonsense",
        "application/openmetrics-text; version=999999999999999999999999.0",
        "text/plain; version=x",
        ",;,=;",
        "\xff",
        "application/json",
        "a" * 5000,
    )
    wrong = [wish for wish in wishes if client.get("/metrics", headers={"accept": wish}).status_code != 200]

    assert wrong == []


def test_without_redis_the_rows_are_still_told(client, transactional_db, settings, make_task, valkey):
    make_task(status=Status.PROCESSING)
    settings.REDIS_URL = NOWHERE

    found = values(client.get("/metrics"))

    assert errors(found) == {"counted", "queued", "workers", "circuits", "redis", "redis_memory", "delivery_attempts"}
    assert found["koebako_active_tasks",] == 1
    assert ("koebako_workers",) not in found


def test_without_the_database_redis_is_still_told(client, transactional_db, accept, worker, settings, monkeypatch):
    accept(word="hello")
    worker.work()

    def refuse(*_args, **_more):
        raise connections["default"].Database.OperationalError("gone")

    with monkeypatch.context() as away:
        away.setattr(type(connections["default"]), "get_new_connection", refuse)
        connections.close_all()
        found = values(client.get("/metrics"))

    assert errors(found) >= {"active", "database", "deliveries", "discord", "schedules"}
    assert errors(found).isdisjoint({"counted", "queued", "workers", "circuits", "redis", "cost"})
    assert found["koebako_queue_size", ("queue", "bulk")] == 0
    assert found["koebako_tasks_total", ("function", "toy_echo"), ("status", "success")] == 1


def test_a_source_that_hangs_is_left_out_in_time_and_does_not_pile_up(monkeypatch):
    release, begun = threading.Event(), []

    def hangs():
        begun.append(1)
        release.wait(30)
        return []

    monkeypatch.setattr(metrics, "_sources", {"hangs": hangs, "works": list})

    readings = [metrics.read(timeout_seconds=2.0) for _n in range(metrics.MAX_HANGING + 1)]
    release.set()

    assert [reading.errors for reading in readings] == [{"hangs": 1, "works": 0}] * len(readings)
    assert len(begun) == metrics.MAX_HANGING


HOSTILE = (b"", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 100_000, b"nan", b"-1", b'{"at": 1e999, "wanted": 1}', b"{}")


def test_what_strangers_write_into_redis_breaks_no_part_of_it(scrape, valkey):
    hashes = ("workers", "keepers", "provider_calls", "delivery_attempts", "tally:total", "cost:2026-11-22")
    whole = scrape()
    for name in hashes:
        valkey.hset(key(*name.split(":")), mapping={field: junk for field in HOSTILE for junk in HOSTILE})
        valkey.hset(key(*name.split(":")), mapping={b"image|x|calls": b"x", b"gemini": b"x", b"one": b'{"wanted":[]}'})
    valkey.sadd(key("blocked"), *HOSTILE)
    valkey.sadd(key("paused"), *HOSTILE)
    valkey.set(key("aside_total"), b"x" * 1000)
    valkey.zadd(key("ready", "bulk"), dict.fromkeys(HOSTILE, 1))
    assert errors(scrape()) == set()

    for name in (*hashes, "blocked", "paused", "ready:bulk", "delayed", "aside_total"):
        valkey.delete(key(*name.split(":")))
        valkey.rpush(key(*name.split(":")), "another type")
    found = scrape()

    assert errors(found) <= {"workers"}  # its hash is moved aside by the sweep
    assert {name for name, *_labels in found} >= {name for name, *_labels in whole if "worker" not in name} - {
        "koebako_in_flight_tasks",
        "koebako_keepers",
    }


# --- Who may look --------------------------------------------------------------


def test_with_a_token_whoever_brings_it_may_look(client, transactional_db, valkey, settings):
    settings.METRICS_TOKEN = TOKEN
    settings.PUBLIC_URL = "https://example.org"
    far = {"REMOTE_ADDR": "203.0.113.9"}
    cells = {
        f"Bearer {TOKEN}": 200,
        f"bearer   {TOKEN}": 200,
        "": 401,
        TOKEN: 401,
        "Bearer": 401,
        "Bearer ": 401,
        f"Basic {TOKEN}": 401,
        f"Bearer {TOKEN}x": 401,
        f"Bearer {TOKEN[:-1]}": 401,
        f"Bearer {TOKEN.upper()}": 401,
        "Bearer é": 401,
        "Bearer \x00": 401,
    }

    answers = {said: client.get("/metrics", headers={"authorization": said}, **far) for said in cells}

    assert {said: answer.status_code for said, answer in answers.items()} == cells
    assert answers[""]["WWW-Authenticate"].startswith("Bearer")
    assert b"koebako_" not in answers[""].content
    # This machine is no exception then.
    assert client.get("/metrics").status_code == 401


def test_without_a_token_only_this_machine_may(client, transactional_db, valkey, settings):
    settings.METRICS_TOKEN = ""
    settings.TRUSTED_PROXIES = []

    def status(**meta):
        return client.get("/metrics", **meta).status_code

    cells = {
        "IPv4": (200, {}),
        "IPv6": (200, {"REMOTE_ADDR": "::1"}),
        "far away": (403, {"REMOTE_ADDR": "203.0.113.9"}),
        "the next machine": (403, {"REMOTE_ADDR": "10.0.0.2"}),
        "no address, as over a socket file": (403, {"REMOTE_ADDR": ""}),
        "a lie": (403, {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
        # A proxy on this machine that nobody named: it speaks for somebody.
        "a proxy": (403, {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}),
        "a proxy for this machine": (403, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
        "a proxy of the standard": (403, {"HTTP_FORWARDED": "for=203.0.113.9"}),
        "a proxy that says its name": (403, {"HTTP_VIA": "1.1 proxy"}),
        "a proxy in nginx's way": (403, {"HTTP_X_REAL_IP": "203.0.113.9"}),
    }

    assert {name: status(**meta) for name, (_expected, meta) in cells.items()} == {
        name: expected for name, (expected, _meta) in cells.items()
    }


def test_a_trusted_proxy_on_this_machine_is_not_this_machine(client, transactional_db, valkey, settings):
    from core import env

    settings.METRICS_TOKEN = ""
    settings.TRUSTED_PROXIES = [env.ipaddress.ip_network("127.0.0.1/32")]

    assert client.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 403
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200


def test_behind_a_public_name_nobody_may_without_a_token(client, transactional_db, valkey, settings):
    """A proxy that adds no header at all looks like this machine."""
    settings.METRICS_TOKEN = ""
    settings.PUBLIC_URL = "https://example.org"

    assert client.get("/metrics").status_code == 403


def test_it_is_read_only(client, transactional_db, valkey):
    assert client.head("/metrics").status_code == 200
    assert {client.generic(method, "/metrics").status_code for method in ("POST", "PUT", "DELETE", "PATCH")} == {405}


def test_a_login_opens_nothing(transactional_db, valkey, staff, settings):
    settings.METRICS_TOKEN = TOKEN
    client = Client()
    client.force_login(staff)

    assert client.get("/metrics").status_code == 401
