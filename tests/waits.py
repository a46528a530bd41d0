"""Waits for other processes that end with words: for a line that one says, for the end of a fork of the tests."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable

import psutil

# A slow machine must not fail it; this is where waiting becomes failing.
PATIENCE_SECONDS = 120.0


def next_line(process: subprocess.Popen[str], *, what: str, seconds: float = PATIENCE_SECONDS) -> str:
    """Return the next line of its output, with its end. Without one in time it is killed; fails with `what`."""
    assert process.stdout is not None
    # Its death ends the pipe, and so the wait.
    bound = threading.Timer(seconds, process.kill)
    bound.daemon = True
    bound.start()
    try:
        line = process.stdout.readline()
    finally:
        bound.cancel()
    assert line, f"in {seconds} s process {process.pid} did not say {what}, or it ended before"
    return line


def in_a_fork(act: Callable[[], bool], *, what: str, seconds: float = PATIENCE_SECONDS) -> tuple[int, int]:
    """
    Call `act` in a fork of this process; return the fork's id, and how it ended: 0 for true, 1 for false, 2 for an
    error, -N by a signal.

    It never comes back into the tests, of which it is a copy. Fails with `what` when it does not end in time: a lock
    that a thread of this process held over the fork is never given back in it.
    """
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = 0 if act() else 1
        finally:
            os._exit(code)
    fork = psutil.Process(pid)
    try:
        return pid, int(fork.wait(timeout=seconds))
    except psutil.TimeoutExpired:
        # faulthandler, which pytest turns on, writes where it stands.
        fork.send_signal(signal.SIGABRT)
        try:
            fork.wait(timeout=10)
        except psutil.TimeoutExpired:
            fork.kill()
            fork.wait(timeout=60)
        raise AssertionError(f"in {seconds} s the fork that was to {what} did not end") from None
