"""Receivers of webhooks to be met: each a real HTTP server on a port of its own that behaves in one way.

    answers(200), answers(429, retry_after="2")   at once
    hangs()                                        takes the request and says nothing
    drips()                                        a byte a second, headers first
    floods()                                       a body without end
    redirects(to)

A receiver remembers each request with its headers and body, so a test can verify it.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler, "Receiver"], None]


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float  # time.monotonic()

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


def answers(status: int, body: bytes = b"ok", **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler, _receiver: "Receiver") -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def redirects(to: str) -> Behaviour:
    return answers(307, b"", location=to)


def hangs() -> Behaviour:
    return lambda _handler, receiver: receiver.closing.wait(60) and None


def drips(head: bytes = b"HTTP/1.1 200 OK\r\nX-Long: ") -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler, receiver: "Receiver") -> None:
        handler.wfile.write(head)
        while not receiver.closing.wait(1.0):
            handler.wfile.write(b"a")

    return behave


def drips_body() -> Behaviour:
    return drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")


def floods(piece: bytes = b"a" * 65_536) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler, receiver: "Receiver") -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while not receiver.closing.is_set():
            handler.wfile.write(piece)
            receiver.sent_bytes += len(piece)

    return behave


@dataclass
class Receiver:
    """behaviour: may be changed at any time; it holds for the requests that come afterwards."""

    behaviour: Behaviour = field(default_factory=lambda: answers(200))
    requests: list[Request] = field(default_factory=list)
    sent_bytes: int = 0
    at_once: int = 0
    most_at_once: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    change: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                self.close_connection = True
                if len(body) < length:
                    return  # The sender died on the way: no request has come.
                told = {name.lower(): value for name, value in self.headers.items()}
                with receiver.change:
                    receiver.requests.append(Request(self.path, told, body, time.monotonic()))
                    receiver.at_once += 1
                    receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                    receiver.change.notify_all()
                try:
                    receiver.behaviour(self, receiver)
                finally:
                    with receiver.change:
                        receiver.at_once -= 1

            def log_message(self, *_words: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_about: Any) -> None:
                # The other side has hung up, which is what many tests are about.
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def host(self) -> str:
        """As DELIVERY_ALLOW_HOSTS wants it."""
        return f"127.0.0.1:{self.port}"

    def wait(self, count: int, *, seconds: float = 60.0) -> list[Request]:
        """Return the requests once there are so many."""
        with self.change:
            assert self.change.wait_for(lambda: len(self.requests) >= count, seconds), (
                f"{len(self.requests)} of {count} came in {seconds} s"
            )
            return list(self.requests)

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


def healthy(make: Callable[[Behaviour], Receiver]) -> list[Receiver]:
    return [make(answers(200)) for _ in range(10)]


def sick(make: Callable[[Behaviour], Receiver]) -> list[Receiver]:
    """Return ten of which five hang and five answer 500."""
    return [make(hangs()) for _ in range(5)] + [make(answers(500)) for _ in range(5)]
