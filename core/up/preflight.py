"""What must be true before `up` starts anything; each failure is one sentence that says what to do.

Called by the command before it starts anything, and by the supervisor to leave nothing behind.
"""

import errno
import fcntl
import os
import socket
from pathlib import Path

import psutil

from core import home
from core.up.plan import MARKER

LISTEN_BACKLOG = 128


class CannotStart(Exception):
    """`up` cannot run like this. The message is for the operator."""


def take_lock(folder: Path) -> int:
    """
    Make sure that no other `up` runs on the home `folder`; return the lock's descriptor.

    The kernel lets go of it when this process ends, however it ends. Raises CannotStart.
    """
    try:
        home.make_private(home.runtime_folder(folder))
        lock = os.open(home.runtime_folder(folder) / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(f"KOEBAKO_HOME {folder} cannot be written ({error.strerror or error})") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode(errors="replace").strip()
        os.close(lock)
        raise CannotStart(
            f"another `up` (pid {holder}) runs on {folder}; stop it first, or set KOEBAKO_HOME to another folder"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def take_port(host: str, port: int) -> socket.socket:
    """
    Return a socket that listens at `host`:`port`. Raises CannotStart when somebody else does.

    It is held until `up` ends and handed to each web process, so nobody can take the port in
    between, and requests made while a dead web process is replaced wait instead of failing.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(LISTEN_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(f"port {port} is in use; pick another with --port") from None
        raise CannotStart(f"port {port} cannot be used ({error.strerror}); pick another with --port") from None
    return listener


def leftovers(folder: Path) -> list[psutil.Process]:
    """Return the processes that an `up` on the home `folder` started, this one and its callers left out."""
    kin = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    return [process for process in psutil.process_iter() if process.pid not in kin and _is_ours(process, folder)]


def _is_ours(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.environ().get(MARKER) == str(folder) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False  # ended meanwhile, or somebody else's


def end_leftovers(folder: Path, *, grace_seconds: float) -> int:
    """
    End what a killed `up` left behind; return how many processes there were.

    Hold the lock of `folder`: then nobody else's `up` can be the parent of any of them.
    """
    found = leftovers(folder)
    for process in found if grace_seconds else []:
        _signal(process, gentle=True)
    _gone, alive = psutil.wait_procs(found, timeout=grace_seconds)
    for process in alive:
        _signal(process, gentle=False)
    psutil.wait_procs(alive, timeout=5)
    return len(found)


def _signal(process: psutil.Process, *, gentle: bool) -> None:
    try:
        process.terminate() if gentle else process.kill()
    except psutil.NoSuchProcess:
        return
