"""A PostgreSQL of the tests' own: Debian's server, on loopback and a unix socket, ended with the tests.

`pytest --database=postgresql` asks for it; tests/settings.py starts it before Django reads its
settings, tests/conftest.py says what happens where there is none: skipped on a developer's
machine, a failure in CI. The server refuses to run as root, so root starts it as `postgres`.
"""

import atexit
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.ports import free_port

# Starting takes about a second; recovery after an immediate stop a few.
START_SECONDS = 60
WITHOUT = "PostgreSQL's programs are not installed (Debian: apt-get install postgresql)"
PR_SET_PDEATHSIG = 1
# Loaded and looked up before any fork: the loader's lock may be held there by a thread that the fork has not.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
if _LIBC is not None:
    _LIBC.prctl.restype = ctypes.c_int


def is_asked_for(arguments: Sequence[str]) -> bool:
    """Return True when the command line of pytest names it."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(
        word == "--database=postgresql" or (word, after) == ("--database", "postgresql") for word, after in pairs
    )


def programs() -> Path | None:
    """Return the folder with initdb and postgres, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda place: int(place.parts[4]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb and shutil.which("postgres") else None


class Server:
    """
    One database cluster in a temporary folder; nothing of it is left after `remove()`.

    kept: a folder that is to last instead; what an earlier server wrote there is found again.
    """

    def __init__(self, kept: Path | None = None) -> None:
        place = programs()
        if place is None:
            raise FileNotFoundError(WITHOUT)
        self.programs = place
        if kept is not None:
            kept.mkdir(parents=True, exist_ok=True)
        self.folder = kept or Path(tempfile.mkdtemp(prefix="koebako-pg-"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        if not (self.folder / "data").exists():
            self._run("initdb", "-D", "data", "-A", "trust", "-U", "koebako", "-E", "UTF8", "--no-sync")

    def url(self, database: str = "postgres", *, by_socket: bool = False) -> str:
        """Return a URL for DATABASE_URL; by_socket: through the folder, which crosses network namespaces."""
        if by_socket:
            return f"postgres://koebako@{str(self.folder).replace('/', '%2F')}:{self.port}/{database}"
        return f"postgres://koebako@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, also after `stop(at_once=True)`; return when it takes connections."""
        options = {
            # A killed server has lost nothing that it wrote; only a power cut would tell the difference.
            "fsync": "off",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            # What a crash leaves to be done again: a gigabyte of the tests before took over a minute.
            "max_wal_size": "64MB",
            "min_wal_size": "32MB",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", "data", "-p", str(self.port), *words],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_the_tests,  # noqa: PLW1509 - it calls the kernel and nothing of Python's
                **_as_postgres(),
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)  # another program starts; there is no event to wait for

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it; at_once: as a crash, with recovery at the next start."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self.process.wait(timeout=START_SECONDS)
            self.process = None

    def remove(self) -> None:
        self.stop(at_once=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        asked = subprocess.run(
            [self.programs / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)], timeout=60, check=False
        )
        return asked.returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder, check=True, capture_output=True, timeout=START_SECONDS, **_as_postgres(),
        )  # fmt: skip


_running: list[Server] = []


def start_for_tests() -> str:
    """Start a server that lives as long as this process; return its URL."""
    server = Server()
    atexit.register(server.remove)
    server.start()
    _running.append(server)
    return server.url()


def running() -> Server:
    """Return the server that `start_for_tests` has started, for a test that stops it."""
    return _running[-1]


def _as_postgres() -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def end_with_the_tests() -> None:
    """Called in a child before its program: have it stopped when the tests' process dies, however that dies."""
    if _LIBC is not None:
        # SIGINT: PostgreSQL's fast shutdown, and understood by all others that tests start.
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def new_database(url: str, *, like: str = "") -> str:
    """Make an empty database on the server of `url`, or a copy of the one at the URL `like`; return its own URL."""
    name = f"house_{secrets.token_hex(6)}"
    copied = f" TEMPLATE {urlsplit(like).path[1:]}" if like else ""
    with psycopg.connect(url, autocommit=True, connect_timeout=START_SECONDS) as wire:
        wire.execute(f"CREATE DATABASE {name}{copied}".encode())
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
