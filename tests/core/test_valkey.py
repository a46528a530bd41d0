"""The embedded Valkey as `up` starts it: private, durable, and found again after its parent died."""

import os
import signal
import stat
import subprocess

import psutil
import pytest
import redis

from core import home, valkey
from core.up import preflight
from core.up.plan import MARKER


@pytest.fixture
def folder(tmp_path):
    """A home whose path holds what paths may hold."""
    folder = tmp_path / "声 箱%"
    valkey.prepare(folder)
    return folder


@pytest.fixture
def start(folder):
    """Starts a server of `folder`, as a child of `up` would be, and hands out it and a client."""
    started = []

    def start():
        server = subprocess.Popen(
            valkey.command(folder), env={**os.environ, MARKER: str(folder)}, stdout=subprocess.DEVNULL
        )
        patience = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 3000)
        client = redis.Redis.from_url(valkey.url(home.valkey_socket(folder)), retry=patience)
        client.ping()
        started.append((server, client))
        return server, client

    yield start
    for server, client in started:
        client.close()
        server.kill()
        server.wait()


def test_it_listens_for_this_user_alone_and_evicts_nothing(start, folder):
    _server, client = start()

    config = client.config_get("*")
    assert config["port"] == "0"
    assert config["maxmemory-policy"] == "noeviction"
    assert config["appendonly"] == "yes"
    assert config["appendfsync"] == "everysec"
    assert stat.S_IMODE(home.valkey_socket(folder).stat().st_mode) == 0o700
    assert stat.S_IMODE(valkey.data_folder(folder).stat().st_mode) == 0o700
    assert valkey.answers(home.valkey_socket(folder))


def test_what_was_written_survives_a_kill(start):
    server, client = start()
    client.set("task", "1")
    server.kill()
    server.wait()

    _server, client = start()

    assert client.get("task") == b"1"


def test_nobody_answers_where_no_server_is(folder):
    assert not valkey.answers(home.valkey_socket(folder))


def test_one_that_does_not_answer_in_time_does_not_count(start, folder):
    server, _client = start()
    os.kill(server.pid, signal.SIGSTOP)

    answered = valkey.answers(home.valkey_socket(folder), timeout_seconds=0.05)

    os.kill(server.pid, signal.SIGCONT)
    assert not answered


def test_an_orphan_of_a_killed_up_is_ended_before_its_files_are_used_again(start, folder):
    server, client = start()
    client.set("task", "1")

    ended = preflight.end_leftovers(folder, grace_seconds=60)

    assert ended == 1
    assert not psutil.pid_exists(server.pid) or psutil.Process(server.pid).status() == psutil.STATUS_ZOMBIE
    assert server.wait() == 0
    assert start()[1].get("task") == b"1"


def test_the_processes_of_another_home_are_left_alone(start, tmp_path):
    server, _client = start()

    assert preflight.end_leftovers(tmp_path / "another", grace_seconds=0) == 0
    assert server.poll() is None
