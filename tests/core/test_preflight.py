"""What `up` looks at before it starts anything, and what it then decides to run."""

import os
import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.up import preflight, prepare
from core.up.child import LONGEST_DELAY_SECONDS, STEADY_SECONDS, BackOff
from core.up.console import Console
from core.up.plan import ChildPlan, Plan
from core.up.preflight import CannotStart
from tests.waits import next_line

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from core.up import preflight
preflight.take_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def somebody_listens():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use_is_said_with_the_way_out(somebody_listens):
    with pytest.raises(CannotStart) as refusal:
        preflight.take_port("127.0.0.1", somebody_listens)

    assert str(refusal.value) == f"port {somebody_listens} is in use; pick another with --port"


def test_a_port_taken_on_one_address_is_not_free_on_all(somebody_listens):
    with pytest.raises(CannotStart, match="is in use"):
        preflight.take_port("0.0.0.0", somebody_listens)


def test_a_free_port_is_held_from_then_on():
    with preflight.take_port("127.0.0.1", 0) as listener, pytest.raises(CannotStart):
        preflight.take_port("127.0.0.1", listener.getsockname()[1])


def test_a_second_up_on_the_same_home_is_told_who_is_first(tmp_path, settings):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, tmp_path],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    next_line(holder, what="that it holds the lock")

    with pytest.raises(CannotStart, match=rf"another `up` \(pid {holder.pid}\) runs on {tmp_path}"):
        preflight.take_lock(tmp_path)

    holder.kill()
    holder.communicate()
    os.close(preflight.take_lock(tmp_path))


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "home").touch()

    with pytest.raises(CannotStart, match=f"KOEBAKO_HOME {tmp_path}/home cannot be written"):
        preflight.take_lock(tmp_path / "home")


def test_a_pids_file_that_cannot_be_written_stops_the_start(tmp_path):
    with pytest.raises(CannotStart, match=r"--pids: .* cannot be written"):
        prepare.clear_pids_file(tmp_path / "nowhere" / "pids.json")


@pytest.mark.parametrize(
    ("allowed", "public_url", "address"),
    [
        ("", "", "127.0.0.1"),
        ("localhost,127.0.0.1", "http://localhost:8000", "127.0.0.1"),
        ("192.168.1.20", "", "0.0.0.0"),
        ("*", "", "0.0.0.0"),
        ("", "https://koebako.example.com", "0.0.0.0"),
    ],
)
def test_it_listens_to_this_machine_alone_until_another_name_is_given(
    settings, monkeypatch, allowed, public_url, address
):
    monkeypatch.setenv("ALLOWED_HOSTS", allowed)
    settings.PUBLIC_URL = public_url

    host, reason = prepare.bind_address()

    assert host == address
    assert bool(reason) == (address == "0.0.0.0")


@pytest.mark.parametrize(
    ("allowed", "public_url", "name"),
    [
        (["localhost", "127.0.0.1"], "", "localhost:8000"),
        (["*"], "", "localhost:8000"),
        ([".example.com"], "", "example.com:8000"),
        (["koebako.example.com"], "https://koebako.example.com", "koebako.example.com"),
    ],
)
def test_it_calls_itself_by_a_name_that_it_accepts(settings, allowed, public_url, name):
    settings.ALLOWED_HOSTS = allowed
    settings.PUBLIC_URL = public_url

    assert prepare.own_name(8000) == name


@pytest.fixture
def children(tmp_path):
    def children(*, bots=True, embedded=True):
        wishes = prepare.Wishes(port=8000, bots=bots, demo=True, pids_file=None)
        return prepare.children_to_run(Console(), wishes, tmp_path, embedded=embedded, listener=9)

    return children


def test_a_bot_without_a_token_is_left_out_in_one_line(children, monkeypatch, capfd):
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    monkeypatch.setenv("TELEGRAM_TOKEN", "")

    names = {child.name for child in children()}

    assert not names & {"discord", "telegram"}
    assert capfd.readouterr().out.splitlines() == [
        "discord bot: DISCORD_TOKEN is not set, not started",
        "telegram bot: TELEGRAM_TOKEN is not set, not started",
    ]


def test_a_bot_with_a_token_needs_a_command(children, monkeypatch, capfd):
    monkeypatch.setenv("DISCORD_TOKEN", "hunter2")
    monkeypatch.setattr(prepare, "get_commands", lambda: {"qcluster": "jobs.runtime"})

    names = {child.name for child in children()}

    assert "discord" not in names
    out = capfd.readouterr().out
    assert "discord bot: DISCORD_TOKEN is set, but this version has no `runbot` command, not started" in out
    assert "hunter2" not in out


def test_a_bot_with_token_and_command_is_run_and_stopped_first(children, monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "hunter2")
    monkeypatch.setattr(prepare, "get_commands", lambda: {"qcluster": "x", "runbot": "x", "rqworker": "x"})

    stages = {child.name: child.stage for child in children()}

    assert stages["discord"] == stages["web"] < stages["qcluster"] == stages["rqworker"] < stages["valkey"]


def test_no_bots_means_silence(children, monkeypatch, capfd):
    monkeypatch.setenv("DISCORD_TOKEN", "hunter2")

    assert "discord" not in {child.name for child in children(bots=False)}
    assert capfd.readouterr().out == ""


def test_valkey_is_not_started_when_redis_url_names_another(children):
    assert "valkey" not in {child.name for child in children(embedded=False)}


def test_a_redis_url_where_nobody_answers_stops_the_start_and_is_not_repeated(tmp_path, settings, monkeypatch, capfd):
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"

    with pytest.raises(CannotStart, match="REDIS_URL is set, but nothing answers there") as refusal:
        prepare.prepare_queue(Console(), tmp_path)

    assert "hunter2" not in str(refusal.value)


def test_the_plan_crosses_to_the_next_program_whole(monkeypatch):
    monkeypatch.setenv("KOEBAKO_UP_PLAN", "")
    reading, writing = os.pipe()
    plan = Plan(
        home="/srv/声箱",
        children=[ChildPlan("web", ["python"], 0, 5.0, keep_open=[writing])],
        lock=reading,
        listener=writing,
        herald=1,
    )

    plan.hand_over()

    assert os.get_inheritable(reading)
    assert Plan.take_over() == plan
    assert not os.get_inheritable(reading)
    assert "KOEBAKO_UP_PLAN" not in os.environ
    os.close(reading)
    os.close(writing)


@given(st.lists(st.floats(0, STEADY_SECONDS - 1), min_size=1, max_size=12))
def test_quick_deaths_wait_twice_as_long_each_time_up_to_a_limit(lives):
    back_off = BackOff()

    delays = [back_off.delay_seconds(lived_seconds=life) for life in lives]

    assert delays == [1, 2, 4, 8, *[LONGEST_DELAY_SECONDS] * 12][: len(lives)]


@given(st.integers(1, 10))
def test_a_steady_life_forgives_the_deaths_before_it(deaths):
    back_off = BackOff()
    for _ in range(deaths):
        back_off.delay_seconds(lived_seconds=0)

    assert back_off.delay_seconds(lived_seconds=STEADY_SECONDS) == 1
