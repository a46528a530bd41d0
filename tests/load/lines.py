"""Clients by hand: lines that ask and do not read, send and do not end; and what the web process holds for them."""

import base64
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# As small as Linux allows: what a client's kernel takes is read, to a server.
RECEIVE_BYTES = 4608


@dataclass(frozen=True)
class Web:
    """A web process that listens on loopback."""

    port: int
    pid: int

    def connect(self, *, seconds: float = 20.0, receive_bytes: int | None = None) -> socket.socket:
        line = socket.socket()
        if receive_bytes is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        line.settimeout(seconds)
        line.connect(("127.0.0.1", self.port))
        return line

    def ask(self, path: str, *, secret: str = "", receive_bytes: int | None = None, **headers: str) -> socket.socket:
        """Send a GET, and read nothing."""
        told = {"Host": "localhost", **({"Authorization": f"Bearer {secret}"} if secret else {}), **headers}
        line = self.connect(receive_bytes=receive_bytes)
        line.sendall(head("GET", path, told))
        return line

    def open_socket(self, path: str, *, receive_bytes: int | None = None, **headers: str) -> socket.socket:
        """Open a WebSocket; return its line after the server's 101, from which nothing more has been read."""
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        line = self.ask(path, receive_bytes=receive_bytes, **upgrade, **{"Sec-WebSocket-Key": key}, **headers)
        answer = b""
        while b"\r\n\r\n" not in answer:
            # One by one, so that no message is read with it.
            byte = line.recv(1)
            assert byte, answer
            answer += byte
        assert answer.startswith(b"HTTP/1.1 101"), answer
        return line

    @contextmanager
    def watched(self) -> Iterator["Memory"]:
        """Look at its memory while the block runs."""
        memory, over = Memory(self.pid), threading.Event()

        def look() -> None:
            while not over.wait(0.02):
                memory.look()

        looking = threading.Thread(target=look)
        looking.start()
        with ExitStack() as ending:
            ending.callback(looking.join)
            ending.callback(over.set)
            yield memory
        memory.look()


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode()


@dataclass
class Memory:
    """Of a process, in megabytes, without what it only maps."""

    pid: int
    before: int = 0
    highest: int = 0
    seen: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = self.highest = anonymous_megabytes(self.pid)

    @property
    def grown(self) -> int:
        return self.highest - self.before

    def look(self) -> None:
        self.highest = max(self.highest, anonymous_megabytes(self.pid))


def anonymous_megabytes(pid: int) -> int:
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.split("RssAnon:")[1].split()[0]) // 1000


def is_closed(line: socket.socket, *, within_seconds: float, read: bool = True) -> bool:
    """Return whether the other side ends the line, reading what is on its way; `read`: all of it."""
    line.settimeout(within_seconds)
    until = time.monotonic() + within_seconds
    try:
        while time.monotonic() < until:
            if not line.recv(1 << 20 if read else 1):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def eventually(condition: Callable[[], object], *, seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        # Of another process: there is no event to wait for.
        time.sleep(0.02)
    return False
