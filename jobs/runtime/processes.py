"""Name a process so that nobody mistakes a later one for it, and tell whether it still lives.

host:pid namespace:pid:start — pids are used again, containers share host names, so all four count.
"""

import ctypes
import os
import signal
import socket
import sys
from functools import lru_cache
from pathlib import Path

import psutil

# prctl(2); Linux only.
PR_SET_PDEATHSIG = 1


@lru_cache(maxsize=1)
def place() -> str:
    """Return `host:pid namespace`: what a pid is counted in."""
    namespace = Path("/proc/self/ns/pid")
    number = namespace.stat().st_ino if namespace.exists() else 0
    # A colon parts the fields of a name.
    return f"{socket.gethostname().replace(':', '-')[:60]}:{number}"


def name_of(pid: int) -> str:
    return f"{place()}:{pid}:{_started(pid)}"


def _started(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0 when there is none. Clock changes do not move it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0 if sys.platform == "linux" else _started_elsewhere(pid)
    # proc(5): field 3 is the state, 22 the start time; the split begins at field 3.
    return 0 if fields[0] in {"Z", "X"} else int(fields[19])


def _started_elsewhere(pid: int) -> int:
    try:
        return int(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0


def is_local(name: str) -> bool:
    return name.startswith(place() + ":")


def is_alive(name: str) -> bool:
    """Return whether a process of this place lives; a zombie does not. Only for local names."""
    pid, _colon, started = name.removeprefix(place() + ":").partition(":")
    # Anybody may have written the name: no digits but ours, and no more than a pid has.
    if not (pid.isascii() and pid.isdigit() and len(pid) < 10):
        return False
    return started not in {"", "0"} and str(_started(int(pid))) == started


def die_with_parent(parent_pid: int) -> None:
    """
    Ask the kernel to kill this process when its parent dies, so that no orphan goes on working.

    It belongs to the thread that forked, so fork in the main thread only.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        # The parent died before the kernel knew our wish.
        os.kill(os.getpid(), signal.SIGKILL)
