"""A stand-in for a service that speaks OpenAI's audio and images API: answers as told, remembers what it was asked."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.stand_in import listening


@dataclass
class Asked:
    path: str
    authorization: str
    fields: dict[str, Any]
    file: bytes = b""
    file_name: str = ""
    file_type: str = ""


@dataclass
class Service:
    """status, body, headers: of the next answers; drip_seconds: between the bytes of a body."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    drip_seconds: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def says(self, **told: Any) -> None:
        self.body = json.dumps(told).encode()

    def draws(self, picture: bytes) -> None:
        self.says(created=1, data=[{"b64_json": base64.b64encode(picture).decode()}])

    def refuses(self, status: int, code: str) -> None:
        self.status = status
        self.says(error={"message": "words that repeat the prompt", "type": "a_type", "param": None, "code": code})


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            service.asked.append(_read(self))
            self.send_response(service.status)
            for name, value in service.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(service.body)))
            self.end_headers()
            pieces = [service.body] if not service.drip_seconds else [bytes([each]) for each in service.body]
            try:
                for piece in pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    if service.drip_seconds and service.over.wait(service.drip_seconds):
                        return
            except OSError:
                # The client had enough.
                return

        def log_message(self, *_told: Any) -> None:
            return

    with listening(Handler, let_go=service.over.set) as url:
        service.url = f"{url}/v1"
        yield service


def _read(handler: BaseHTTPRequestHandler) -> Asked:
    body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    asked = Asked(handler.path, handler.headers.get("Authorization", ""), {})
    kind = handler.headers.get("Content-Type", "")
    if not kind.startswith("multipart/"):
        asked.fields = json.loads(body)
        return asked
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=HTTP)
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename():
            asked.file, asked.file_name = part.get_payload(decode=True), part.get_filename()
            asked.file_type = part.get_content_type()
        else:
            asked.fields[name] = part.get_payload(decode=True).decode()
    return asked
