"""docker/redis, started as the container starts it: who may do what, and that nothing is forgotten."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from jobs.runtime import rights
from tests.deployment import house
from tests.deployment.dockerfile import ROOT

USERS = (ROOT / "docker/redis/users.acl").read_text()
FORBIDDEN = (
    ("FLUSHALL",), ("FLUSHDB",), ("CONFIG", "GET", "*"), ("KEYS", "*"), ("ACL", "LIST"),
    ("SHUTDOWN",), ("SAVE",), ("BGREWRITEAOF",), ("MONITOR",), ("CLIENT", "LIST"), ("MODULE", "LIST"),
    ("SLAVEOF", "NO", "ONE"),
    ("EVAL", "return 1", "0"), ("SCRIPT", "FLUSH"), ("GET", "another:key"), ("PUBLISH", "another", "word"),
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("queue")
    secrets = house.make_secrets(folder / "secrets")
    with house.queue_server(secrets, folder) as port:
        yield port, (secrets / "redis_password").read_text(), folder


def test_the_rights_in_the_file_are_those_that_the_house_needs():
    line = next(line for line in USERS.splitlines() if line.startswith("user koebako "))

    # When the house needs more: this line, and README.md's.
    assert " ".join(line.split()[6:]) == " ".join(rights.acl_rules())
    # The server takes no comment in this file, and a password in the clear has no place in it.
    assert all(line.startswith("user ") for line in USERS.splitlines())
    assert ">" not in USERS


def test_the_house_may_do_what_it_needs_and_nothing_more(server, monkeypatch):
    port, password, _folder = server
    own = redis.Redis(port=port, username="koebako", password=password)
    monkeypatch.setattr(rights, "client", lambda: own)

    assert rights.missing() == []

    allowed = []
    for command in FORBIDDEN:
        try:
            own.execute_command(*command)
            allowed.append(command)
        except redis.exceptions.NoPermissionError:
            continue
    assert allowed == []


def test_nobody_else_may_do_anything(server):
    port, password, _folder = server

    once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    for who in ({}, {"password": password}, {"username": "koebako", "password": "guessed"}):
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port, retry=once, **who).ping()
    probe = redis.Redis(port=port, username="probe", password="none")
    assert probe.ping()
    with pytest.raises(redis.exceptions.NoPermissionError):
        probe.get("koebako:key")


def test_nothing_is_evicted_and_everything_is_written_down(server):
    port, password, folder = server
    own = redis.Redis(port=port, username="koebako", password=password)

    assert own.info("memory")["maxmemory_policy"] == "noeviction"
    assert own.info("memory")["maxmemory"] == 512 << 20
    assert own.info("persistence")["aof_enabled"] == 1
    assert list((folder / "data").glob("appendonlydir/*.aof"))


def test_the_password_is_in_no_command_line_and_in_no_file_but_its_own(server):
    _port, password, folder = server
    users = folder / "run" / "users.acl"

    assert password not in users.read_text()
    assert hashlib.sha256(password.encode()).hexdigest() in users.read_text()
    assert users.stat().st_mode & 0o077 == 0
    lines = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            lines.append(place.read_bytes())
    assert not [line for line in lines if password.encode() in line]


def test_secrets_are_made_once_and_stay(tmp_path):
    place = house.make_secrets(tmp_path / "secrets")
    before = {file.name: file.read_text() for file in place.iterdir()}
    house.make_secrets(place)

    assert {file.name: file.read_text() for file in place.iterdir()} == before
    assert place.stat().st_mode & 0o777 == 0o700
    # Of another user, read by one without rights inside a container.
    assert {file.stat().st_mode & 0o777 for file in place.iterdir()} == {0o444}
    assert all(re.fullmatch(r"[\w-]{64}", before[name]) for name in ("secret_key", "redis_password", "metrics_token"))
    assert before["postgres_password"] in before["database_url"]
    assert before["redis_password"] in before["redis_url"]
    assert before["discord_token"] == ""
