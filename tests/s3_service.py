"""Buckets for tests: moto's server as a process, and a small stand-in that fails as it is told.

moto knows the protocol well and checks no signature; the stand-in knows five calls, keeps what it was sent with its
headers, and decides on a taken name under a lock, as S3 does.
"""

import re
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.ports import free_port
from tests.stand_in import listening

BUCKET = "koebako-tests"
KEYS = {"AWS_ACCESS_KEY_ID": "an-access-key", "AWS_SECRET_ACCESS_KEY": "a-secret", "AWS_REGION": "ap-northeast-1"}
STARTED_WITHIN_SECONDS = 30


def in_bucket(settings: Any, monkeypatch: pytest.MonkeyPatch, address: str, **options: object) -> None:
    """Let this test's house keep its files in a bucket there."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL_S3": address}.items():
        monkeypatch.setenv(name, value)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "jobs.runtime.storage.bucket.BucketStorage",
            "OPTIONS": {"bucket_name": BUCKET, "location": "house", **options},
        },
    }


@contextmanager
def moto() -> Iterator[str]:
    """A moto server with an empty bucket; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait(port: int) -> None:
    until = time.monotonic() + STARTED_WITHIN_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            threading.Event().wait(0.05)
        else:
            return


@dataclass
class Stored:
    data: bytes
    headers: dict[str, str]
    etag: str


@dataclass
class Bucket:
    """
    failing: how the next requests end, else they are served: a status and code such as (503, "SlowDown"), "hang",
    "lost" (done, but the answer never comes), "cut" (half of the body comes).
    """

    url: str = ""
    objects: dict[str, Stored] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    failing: deque[tuple[int, str] | str] = field(default_factory=deque)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fails(self, *how: tuple[int, str] | str) -> None:
        self.failing.extend(how)

    @property
    def keys(self) -> list[str]:
        return sorted(self.objects)


@contextmanager
def failing_bucket() -> Iterator[Bucket]:
    bucket = Bucket()

    class Handler(_Handler):
        pass

    Handler.bucket = bucket
    with listening(Handler, let_go=bucket.over.set) as bucket.url:
        yield bucket


class _Handler(BaseHTTPRequestHandler):
    bucket: Bucket
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").lstrip("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.bucket.lock:
            self.bucket.asked.append((self.command, key, headers))
            how = self.bucket.failing.popleft() if self.bucket.failing else ""
        if isinstance(how, tuple):
            return self._refuse(*how)
        if how == "hang":
            self.bucket.over.wait(20)
            self.close_connection = True
            return None
        return getattr(self, f"_{self.command.lower()}")(key, headers, body, how)

    def do_PUT(self) -> None:
        self._handle()

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _put(self, key: str, headers: dict[str, str], body: bytes, how: str) -> None:
        with self.bucket.lock:
            is_taken = headers.get("if-none-match") == "*" and key in self.bucket.objects
            if not is_taken:
                self.bucket.objects[key] = Stored(body, headers, f'"{len(body)}-{len(self.bucket.asked)}"')
        if how == "lost":
            self.close_connection = True
        elif is_taken:
            self._refuse(412, "PreconditionFailed")
        else:
            self._answer(200, ETag=self.bucket.objects[key].etag)

    def _get(self, key: str, headers: dict[str, str], _body: bytes, how: str) -> None:
        there = self.bucket.objects.get(key)
        if there is None:
            return self._refuse(404, "NoSuchKey")
        if headers.get("if-match", there.etag) != there.etag:
            return self._refuse(412, "PreconditionFailed")
        asked = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        data = there.data[int(asked.group(1)) :] if asked else there.data
        self._answer(206 if asked else 200, data, cut=how == "cut", **self._facts(there))
        return None

    def _head(self, key: str, _headers: dict[str, str], _body: bytes, _how: str) -> None:
        there = self.bucket.objects.get(key)
        if there is None:
            return self._refuse(404, "")
        self.send_response(200)
        for name, value in {**self._facts(there), "Content-Length": str(len(there.data))}.items():
            self.send_header(name, value)
        self.end_headers()
        return None

    def _delete(self, key: str, _headers: dict[str, str], _body: bytes, _how: str) -> None:
        self.bucket.objects.pop(key, None)
        self._answer(204)

    def _facts(self, there: Stored) -> dict[str, str]:
        marks = {name: value for name, value in there.headers.items() if name.startswith("x-amz-meta-")}
        return {"ETag": there.etag, "Last-Modified": formatdate(usegmt=True), **marks}

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode() if code else b"")

    def _answer(self, status: int, data: bytes = b"", *, cut: bool = False, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True

    def log_message(self, *_told: Any) -> None:
        return
