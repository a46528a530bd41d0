"""The doctor says what is wrong in a sentence, in bounded time, and is content only when all is well."""

import io
import json
import os
import socket
import subprocess
import sys

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection

from core import doctor, home
from core.health import Failed
from jobs.runtime import stats


def run(*arguments):
    """Return the exit code and the output of the command."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("doctor", *arguments, stdout=out)
    return end.value.code, out.getvalue()


@pytest.fixture
def durable_valkey(valkey):
    before = valkey.config_get("appendonly")
    valkey.config_set("appendonly", "yes")
    stats.beat({"host:1:2:3": {"host": "host", "pid": 2, "lane": "bulk", "task": None}})
    yield valkey
    valkey.config_set("appendonly", before["appendonly"])


@pytest.fixture
def generated_key(settings, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    settings.SECRET_KEY = home.secret_key(settings.HOME)
    return settings.HOME / "secret_key"


@pytest.mark.django_db
def test_all_is_well(durable_valkey, generated_key):
    code, out = run("--json")

    report = json.loads(out)
    assert [row for row in report["checks"] if not row["ok"]] == []
    assert report["ok"] is True
    assert code == 0
    assert [set(row) for row in report["checks"]] == [{"name", "ok", "detail", "seconds"}] * len(doctor.CHECKS)


@pytest.mark.django_db
def test_people_get_a_table(durable_valkey, generated_key):
    code, out = run()

    assert out.splitlines()[-1] == f"all {len(doctor.CHECKS)} checks passed"
    assert code == 0


@pytest.mark.django_db
def test_one_failure_is_enough_to_fail_and_what_hangs_on_it_is_not_tried(settings, generated_key):
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"

    code, out = run("--json")

    checks = {row["name"]: row for row in json.loads(out)["checks"]}
    assert code == 1
    assert checks["redis"]["detail"] == "did not answer (ConnectionError)"
    assert checks["workers"]["detail"] == "not tried, because of redis"
    assert checks["database"]["ok"]
    assert "hunter2" not in out


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("DEBUG", {"DEBUG": True}),
        ("SECRET_KEY", {"SECRET_KEY": "short"}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": ["*"]}),
        ("PUBLIC_URL", {"PUBLIC_URL": "http://koebako.example.com"}),
    ],
)
def test_unsafe_settings_are_refused_with_the_reason(settings, name, change):
    settings.PRODUCTION = True
    for key, value in change.items():
        setattr(settings, key, value)

    with pytest.raises(Failed, match=f"{name} is unsafe: "):
        doctor.safe_settings()


def test_a_server_that_may_forget_tasks_is_refused(durable_valkey):
    durable_valkey.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(Failed, match="maxmemory-policy is allkeys-lru"):
            doctor.redis_keeps_everything()
    finally:
        durable_valkey.config_set("maxmemory-policy", "noeviction")


def test_a_server_that_keeps_nothing_on_disk_is_refused(valkey):
    with pytest.raises(Failed, match="appendonly"):
        doctor.redis_keeps_everything()


def test_snapshots_count_as_kept(valkey):
    valkey.config_set("save", "60 1")
    try:
        assert "snapshots" in doctor.redis_keeps_everything()
    finally:
        valkey.config_set("save", "")


def test_no_redis_at_all_is_said_with_the_way_out(settings):
    settings.REDIS_URL = ""

    with pytest.raises(Failed, match="REDIS_URL is not set and no `up` runs"):
        doctor.redis_server()


def test_a_redis_that_accepts_and_never_answers_costs_its_timeout_and_no_more(settings):
    settings.REDIS_TIMEOUT_SECONDS = 0.05
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"

        with pytest.raises(Failed, match="did not answer"):
            doctor.redis_server()


def test_a_key_that_others_can_read_is_refused(generated_key):
    generated_key.chmod(0o640)
    try:
        with pytest.raises(Failed, match=r"mode 640\): chmod 600"):
            doctor.secret_key()
    finally:
        generated_key.chmod(0o600)


def test_a_weak_key_is_refused_wherever_it_comes_from(settings):
    settings.SECRET_KEY = "hunter2"

    with pytest.raises(Failed, match="too weak") as failure:
        doctor.secret_key()

    assert "hunter2" not in str(failure.value)


@pytest.mark.django_db
@pytest.mark.parametrize("options", [{"transaction_mode": "DEFERRED"}, {}])
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the tests run on PostgreSQL")
def test_sqlite_without_immediate_transactions_is_refused(monkeypatch, options):
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)

    with pytest.raises(Failed, match="WAL and IMMEDIATE"):
        doctor.database()


def test_the_storage_is_left_as_it_was(settings, tmp_path):
    assert doctor.storage() == "file: written, read, deleted"

    assert [name for name in default_storage.listdir("")[1] if name.startswith("doctor")] == []


def test_a_storage_that_cannot_be_written_is_refused(settings, tmp_path):
    (tmp_path / "media").touch()
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media")},
        },
    }

    with pytest.raises(Failed, match="writing, reading or deleting failed"):
        doctor.storage()


def test_the_voice_is_tried_for_real():
    assert "s of sound" in doctor.speech()


def command(name, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", name, *arguments],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "core.settings", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def in_the_project(settings, monkeypatch):
    monkeypatch.chdir(settings.BASE_DIR)


def test_an_unsafe_production_is_refused_by_the_doctor_by_up_and_by_other_commands(in_the_project, tmp_path):
    unsafe = {"PUBLIC_URL": "https://koebako.example.com", "DEBUG": "1", "KOEBAKO_HOME": str(tmp_path)}

    doctors = command("doctor", "--json", **unsafe)
    up = command("up", "--port", "1", **unsafe)
    check = command("check", **unsafe)

    settings = next(row for row in json.loads(doctors.stdout)["checks"] if row["name"] == "settings")
    assert doctors.returncode == 1
    assert settings["detail"].startswith("DEBUG is unsafe: ")
    assert up.returncode == 1
    assert up.stderr.startswith("DEBUG is unsafe: ")
    assert check.returncode == 1
    assert "DEBUG is unsafe: " in check.stderr


def test_a_value_that_cannot_be_read_stops_the_start_by_name(in_the_project, tmp_path):
    result = command("doctor", "--json", LEASE_SECONDS="1", KOEBAKO_HOME=str(tmp_path))

    assert result.returncode == 1
    assert "LEASE_SECONDS cannot be used: expected a whole number of at least 3" in result.stderr
    assert "Traceback" not in result.stderr
