"""The supervisor alone, with children that behave badly: each in a moment, without Django."""

import json
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import psutil
import pytest

from core import home, valkey

# Keeps one child running, without the delays of a real house.
SUPERVISE = """
import json, os, sys
from core.up import child
from core.up.plan import ChildPlan, Plan
from core.up.supervisor import Supervisor

patient = child.BackOff.delay_seconds
child.BackOff.delay_seconds = lambda self, *, lived_seconds: patient(self, lived_seconds=lived_seconds) * 0
herald = os.fork() or os._exit(0)
plan = Plan(lock=-1, listener=-1, herald=herald, **json.loads(sys.argv[1]))
plan.children[:] = [ChildPlan(**values) for values in plan.children]
sys.exit(Supervisor(plan).run())
"""
PATIENCE_SECONDS = 90


@pytest.fixture
def supervise(tmp_path, settings, monkeypatch):
    monkeypatch.chdir(settings.BASE_DIR)

    @contextmanager
    def supervise(code, *, name="web", stage=0, grace_seconds=10.0, command=None, **plan):
        child = {
            "name": name,
            "command": command or [sys.executable, "-u", "-c", code],
            "stage": stage,
            "grace_seconds": grace_seconds,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, json.dumps({"home": str(tmp_path), "children": [child], **plan})],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
        watchdog.start()
        yield process
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdout.close()

    return supervise


def until(process, beginning):
    """Return what was said up to the first line that begins like this."""
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(beginning):
            return lines
    raise AssertionError(f"never said {beginning!r}: {lines}")


def stop(process):
    """Ask for the end; return the exit code and what was still said."""
    process.send_signal(signal.SIGTERM)
    rest = process.communicate()[0].splitlines()
    return process.returncode, rest


def test_a_child_that_keeps_dying_is_warned_about_and_never_given_up(supervise):
    with supervise("import sys; print('half a line', end=''); sys.exit(3)") as process:
        lines = until(process, "web died 5 times in a row")
        until(process, "web is started again")

        code, rest = stop(process)

    assert lines[:3] == ["web      | half a line", "web ended (exit code 3); again in 0 s", "web is started again"]
    assert sum(line.startswith("web ended") for line in lines) == 5
    assert (code, rest[-1]) == (0, "stopped")


def test_a_child_that_cannot_run_as_it_is_configured_is_not_tried_again(supervise):
    with supervise("print('no token'); raise SystemExit(78)") as process:
        lines = until(process, "web cannot run as it is configured")

        code, rest = stop(process)

    assert lines == ["web      | no token", "web cannot run as it is configured, and is not started again: see above"]
    assert (code, rest[-1]) == (0, "stopped")


def test_a_program_that_is_not_there_is_said_and_tried_again(supervise):
    with supervise("", command=["/nowhere/program"]) as process:
        lines = until(process, "web could not be started")

        assert "No such file" in lines[-1]
        assert stop(process)[0] == 0


def test_a_child_that_does_not_stop_is_killed_with_all_that_it_started(supervise):
    stubborn = (
        "import signal, subprocess, sys;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "other = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
        "print(other.pid); signal.pause()"
    )
    with supervise(stubborn, grace_seconds=0.1) as process:
        other = psutil.Process(int(until(process, "web ")[-1].split("|")[1]))

        code, rest = stop(process)

    assert "web did not stop in time and is killed" in rest
    assert code == 0
    psutil.wait_procs([other], timeout=PATIENCE_SECONDS)
    assert not other.is_running()


def test_a_long_line_and_bytes_that_are_no_text_do_no_harm(supervise):
    babble = (
        "import signal, sys; out = sys.stdout.buffer;"
        "out.write(b'x' * 200_000 + b'\\n' + bytes(range(128, 256)) + b'\\nend\\n'); out.flush(); signal.pause()"
    )
    with supervise(babble) as process:
        lines = until(process, "web      | end")

        assert sum(line.count("x") for line in lines) == 200_000
        assert stop(process)[0] == 0


def test_a_valkey_that_cannot_start_ends_up_with_its_reason(supervise, tmp_path):
    valkey.prepare(tmp_path)
    (tmp_path / "valkey" / "appendonlydir").mkdir()
    (tmp_path / "valkey" / "appendonlydir" / "appendonly.aof.manifest").write_text("this is no manifest\n")
    place = str(home.valkey_socket(tmp_path))

    with supervise("", name="valkey", stage=2, command=valkey.command(tmp_path), valkey_socket=place) as process:
        said = process.communicate()[0].splitlines()

    assert process.returncode == 1
    assert [line for line in said if line.startswith("valkey   |")]
    assert f"valkey did not start; its data lie in {tmp_path}/valkey" in said
    assert home.redis_url(tmp_path) == ""
