"""One POST to an address that was judged, over before its deadline whatever the receiver does.

No redirect is followed, no proxy of the environment asked, no connection used twice. The
deadline holds for every single read and write below TLS and HTTP: a receiver that sends a byte
a second, of its headers or its body, is cut off all the same.
"""

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore

from jobs.delivery.webhook import address
from jobs.engines import trusted

# More of an answer than anybody reads; the rest is not fetched.
MAX_ANSWER_BYTES = 64_000
CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    status: int
    retry_after: str
    body: bytes


class Unanswered(Exception):
    """No whole answer came: no connection, a broken one, or too late."""


def post(url: str, *, headers: Mapping[str, str], body: bytes, within_seconds: float) -> Answer:
    """Send it and return the answer, its body cut. Raises BadAddress, Unanswered."""
    where = address.place(url)
    backend = _Judged(where, until=time.monotonic() + within_seconds)
    try:
        # A connection of its own for each: one that was kept might be broken, or lead elsewhere by now.
        origin = httpcore.URL(url).origin
        tls = trusted.of_the_system() if origin.scheme == b"https" else None
        line = httpcore.HTTPConnection(origin, ssl_context=tls, keepalive_expiry=0, network_backend=backend)
        told = [("host", _host(url)), *headers.items(), ("content-length", str(len(body))), ("connection", "close")]
        with line, line.stream("POST", url, headers=told, content=body) as response:
            return Answer(response.status, _header(response, b"retry-after"), _cut(response.iter_stream()))
    except address.BadAddress:
        raise
    except TimeoutError as error:
        raise Unanswered("the receiver's name could not be looked up in time") from error
    except httpcore.TimeoutException as error:
        raise Unanswered("the receiver did not answer in time") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise Unanswered(f"the connection failed: {type(error).__name__}") from error


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _cut(pieces: Iterable[bytes]) -> bytes:
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) >= MAX_ANSWER_BYTES:
            break
    return bytes(found[:MAX_ANSWER_BYTES])


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


class _Judged(httpcore.NetworkBackend):
    """Connects to what `address.look_up` allows, and to nothing else."""

    def __init__(self, where: address.Place, *, until: float) -> None:
        self._where = where
        self._until = until
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, *_rest: Any, **_options: Any) -> httpcore.NetworkStream:
        # `host` comes out of the same URL as the place; the place is what was judged.
        error: httpcore.NetworkError | httpcore.TimeoutException = httpcore.ConnectError()
        for each in address.look_up(self._where):
            try:
                timeout = min(CONNECT_SECONDS, _left(self._until))
                return _Hurried(self._sockets.connect_tcp(each, self._where.port, timeout=timeout), self._until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error


class _Hurried(httpcore.NetworkStream):
    """A stream that knows when it is over."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, timeout=_left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left
