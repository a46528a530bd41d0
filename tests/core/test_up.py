"""`manage.py up` as a newcomer and an operator meet it: real processes on a temporary home.

One house serves the tests that leave it standing; it is started with the folder's first test.
"""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest

from core import home as home_folder
from tests.core.house import PATIENCE_SECONDS, House


@pytest.fixture(scope="module")
def place():
    # Short, because a socket lies in it.
    folder = Path(tempfile.mkdtemp(prefix="koebako-up-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def house(place):
    with House(place / "home", "--pids", "pids.json", DISCORD_TOKEN="") as house:
        house.line("first sentence")
        yield house


def pids_of(house):
    return json.loads((house.home.parent / "pids.json").read_text())


def test_it_speaks_a_first_sentence_through_the_whole_path(house):
    line = next(line for line in house.lines if line.startswith("first sentence"))

    assert re.match(r"first sentence: 「.+」 \d+\.\d s of sound in \d+\.\d\d s -> http://localhost:\d+/tasks/", line)


def test_it_prints_where_it_is_and_what_it_left_out(house):
    assert [line for line in house.lines if line.startswith(f"ready: http://localhost:{house.port}")]
    assert "discord bot: DISCORD_TOKEN is not set, not started" in house.lines


def test_it_listens_to_this_machine_alone(house):
    bound = {
        connection.laddr.ip
        for process in house.processes()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }

    assert bound == {"127.0.0.1"}


def test_the_printed_login_opens_the_admin(house):
    printed = next(line for line in house.lines if line.startswith("first staff login"))
    name, password = re.match(r"first staff login: (\S+)   password: (\S+)   \(shown this once\)", printed).groups()
    _status, headers, _page = house.ask("GET", "/admin/login/")
    csrf = SimpleCookie(headers["Set-Cookie"])["csrftoken"].value
    form = {"username": name, "password": password, "csrfmiddlewaretoken": csrf, "next": "/admin/"}

    status, headers, _page = house.ask(
        "POST",
        "/admin/login/",
        urlencode(form),
        Cookie=f"csrftoken={csrf}",
        Content_Type="application/x-www-form-urlencoded",
        Referer=f"http://localhost:{house.port}/admin/login/",
    )

    assert (status, headers["Location"]) == (302, "/admin/")


def test_the_token_of_the_first_sentence_is_worth_nothing_any_more(house):
    result = second_terminal(
        house,
        "shell",
        "--no-imports",
        "-c",
        "from jobs.access.models import ApiToken; from jobs.runtime import clock;"
        "print([token.is_valid(now=clock.now()) for token in ApiToken.objects.all()])",
    )

    assert result.stdout.strip() == "[False]"


def second_terminal(house, *command):
    """Run another command on the same home, as in a second terminal."""
    environment = {**os.environ, "KOEBAKO_HOME": str(house.home), "DJANGO_SETTINGS_MODULE": "core.settings"}
    environment.pop("REDIS_URL")
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture(autouse=True)
def _in_the_project(settings, monkeypatch):
    monkeypatch.chdir(settings.BASE_DIR)


def test_a_second_terminal_finds_everything_well(house):
    result = second_terminal(house, "doctor", "--json")

    assert [row for row in json.loads(result.stdout)["checks"] if not row["ok"]] == []
    assert result.returncode == 0


def test_the_pids_file_names_the_root_of_each_process(house):
    pids = pids_of(house)

    assert set(pids) >= {"up", "valkey", "web", "qcluster"}
    assert pids["up"] == [house.process.pid]
    assert not set(pids) & {"discord", "telegram"}
    for name in ("valkey", "web", "qcluster"):
        assert psutil.Process(pids[name][0]).ppid() == house.process.pid


def test_what_it_keeps_is_closed_to_others(house):
    modes = {
        name: stat.S_IMODE((house.home / name).stat().st_mode)
        for name in ("run", "valkey", "secret_key", "run/redis_url", "run/valkey.sock")
    }

    assert modes == {
        "run": 0o700,
        "valkey": 0o700,
        "secret_key": 0o600,
        "run/redis_url": 0o600,
        "run/valkey.sock": 0o700,
    }


def test_a_second_up_on_the_same_home_is_refused(house):
    with House(house.home) as second:
        assert second.ends() == 1

    who = f"another `up` (pid {house.process.pid}) runs on {house.home}"
    assert second.lines == [f"{who}; stop it first, or set KOEBAKO_HOME to another folder"]


def test_a_port_in_use_is_said_at_once(house, place):
    with House(place / "other", port=house.port) as second:
        assert second.ends() == 1

    assert second.lines == [f"port {house.port} is in use; pick another with --port"]
    assert not (place / "other" / "valkey").exists()


@pytest.mark.parametrize("name", ["web", "qcluster", "valkey"])
def test_a_killed_child_is_started_again(house, name):
    before = pids_of(house)[name][0]

    os.kill(before, signal.SIGKILL)

    assert house.line(f"{name} ended") == f"{name} ended (killed by SIGKILL); again in 1 s"
    house.line(f"{name} is started again")
    status, _headers, body = house.ask("GET", "/readyz?for=web")
    assert (status, json.loads(body)["ok"]) == (200, True)
    after = pids_of(house)[name][0]
    assert after != before
    assert psutil.pid_exists(after)


@pytest.fixture(scope="module")
def survivors(house):
    """Kill the house; return the processes that are still there after it."""
    started = house.processes()
    house.send(signal.SIGKILL)
    _gone, alive = psutil.wait_procs(started, timeout=PATIENCE_SECONDS)
    return alive


def test_a_killed_up_leaves_no_orphans(survivors):
    assert survivors == []


@pytest.fixture(scope="module")
def second_life(place, survivors):
    with House(place / "home", "--no-demo", "--no-bots", "--pids", "pids.json") as house:
        house.line("ready: ")
        yield house


def test_the_next_start_goes_on_where_a_killed_one_ended(second_life):
    assert "database: up to date (sqlite)" in second_life.lines
    assert not [line for line in second_life.lines if line.startswith(("first staff login", "first sentence"))]
    assert not [line for line in second_life.lines if "bot" in line]


def test_ctrl_c_stops_everything_in_order(second_life):
    second_life.send(signal.SIGINT)

    assert second_life.ends() == 0
    assert second_life.lines[-1] == "stopped"
    assert second_life.processes() == []
    assert pids_of(second_life) == {}
    assert home_folder.redis_url(second_life.home) == ""
    assert not home_folder.valkey_socket(second_life.home).exists()
    assert not [line for line in second_life.lines if "Traceback" in line or "did not stop in time" in line]


@pytest.fixture(scope="module")
def borrower(place, valkey_server):
    """A house whose Redis belongs to somebody else."""
    url = valkey_server.replace("db=0", "db=1")
    with House(place / "borrower", "--no-demo", "--no-bots", "--pids", "pids.json", REDIS_URL=url) as house:
        house.line("ready: ")
        yield house


def test_with_redis_url_nothing_embedded_is_started(borrower):
    assert "redis: REDIS_URL answers; nothing embedded is started" in borrower.lines
    assert not [process for process in borrower.processes() if "valkey" in process.name()]
    assert not (borrower.home / "valkey").exists()


def test_a_second_ctrl_c_does_not_wait(borrower):
    # Stopped, it cannot hear a polite request.
    os.kill(pids_of(borrower)["web"][0], signal.SIGSTOP)

    borrower.send(signal.SIGINT)
    borrower.line("stopping")
    borrower.send(signal.SIGINT)

    assert borrower.ends() == 0
    assert borrower.processes() == []
