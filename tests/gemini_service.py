"""A stand-in for Google's Gemini API: draws as it is told, refuses as Google does, counts what it was asked.

    with gemini_service.serving() as service:
        service.then("overloaded", "picture")       # the next two answers; after them it draws
        Gemini(gemini_service.KEY, base_url=service.url).draw(dish)

`python -m tests.gemini_service PORT DELAY_SECONDS` serves until it is ended, for benchmarks.
"""

import base64
import io
import json
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler
from typing import Any

from PIL import Image

from tests.stand_in import listening

KEY = "a key of the stand-in"
MODEL = "gemini-3.1-flash-image"
GIGABYTE = 1_000_000_000
LINK = "type.googleapis.com/google.rpc."


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        return self.body["contents"][0]["parts"][0]["text"]


@dataclass
class Service:
    """
    answer: of every call that `then` named no other for; see _ANSWERS for the words.
    models: those that are not retired. per_minute, per_day: calls until a quota is used up (nothing renews them).
    delay_seconds: of each answer.
    """

    url: str = ""
    answer: str = "picture"
    models: set[str] = field(default_factory=lambda: {MODEL})
    delay_seconds: float = 0.0
    per_minute: int | None = None
    per_day: int | None = None
    retry_delay: str = "7s"
    side_pixels: int = 64
    asked: list[Asked] = field(default_factory=list)
    drawn: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    sent_bytes: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    _next: deque[str] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def calls(self) -> int:
        return len(self.asked)

    def then(self, *answers: str) -> None:
        self._next.extend(answers)

    @contextmanager
    def under_way(self, asked: Asked) -> Iterator[str]:
        """Count a call, and yield the word for its answer."""
        with self._lock:
            self.asked.append(asked)
            self.in_flight += 1
            self.most_in_flight = max(self.in_flight, self.most_in_flight)
            word = self._next.popleft() if self._next else self.answer
            if word == "picture" and self.per_day is not None and self.drawn >= self.per_day:
                word = "quota_day"
            elif word == "picture" and self.per_minute is not None and self.drawn >= self.per_minute:
                word = "quota_minute"
            self.drawn += word == "picture"
        try:
            yield word
        finally:
            with self._lock:
                self.in_flight -= 1


@lru_cache
def image(side_pixels: int, kind: str = "PNG") -> bytes:
    """A picture with something in it, and with notes that nobody may pass on."""
    file = io.BytesIO()
    picture = Image.radial_gradient("L").resize((side_pixels, side_pixels)).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = "a note of the service"
    picture.save(file, kind, exif=exif)
    return file.getvalue()


def blob(data: bytes, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}, **more}


def candidate(*parts: dict[str, Any], reason: str = "STOP") -> dict[str, Any]:
    said: dict[str, Any] = {"finishReason": reason, "index": 0}
    return {"candidates": [said | ({"content": {"role": "model", "parts": list(parts)}} if parts else {})]}


def error(code: int, status: str, *details: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return code, {"error": {"code": code, "message": "in Google's words", "status": status, "details": list(details)}}


def quota(quota_id: str, retry_delay: str) -> tuple[int, dict[str, Any]]:
    violation = {"quotaMetric": "generativelanguage.googleapis.com/generate_requests", "quotaId": quota_id}
    return error(
        429,
        "RESOURCE_EXHAUSTED",
        {"@type": f"{LINK}QuotaFailure", "violations": [violation]},
        {"@type": f"{LINK}RetryInfo", "retryDelay": retry_delay},
    )


def _answered(word: str, service: Service) -> tuple[int, dict[str, Any] | bytes]:
    """Return status and body of an answer: JSON, or bytes for what is none."""
    side = service.side_pixels
    if word in _ANSWERS:
        return _ANSWERS[word]
    match word:
        case "picture":
            return 200, candidate(blob(image(side)))
        case "jpeg":
            return 200, candidate(blob(image(side, "JPEG")))
        case "sketch_first":
            return 200, candidate(blob(b"a sketch", thought=True), {"text": "Here it is."}, blob(image(side)))
        case "truncated":
            return 200, candidate(blob(image(side)[: len(image(side)) // 2]))
        case "quota_minute":
            return quota("GenerateRequestsPerMinutePerProjectPerModel", service.retry_delay)
        case "quota_day":
            return quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", service.retry_delay)
        case _:
            # A finish reason of Google's, such as IMAGE_SAFETY.
            return 200, candidate(reason=word)


_ANSWERS: dict[str, tuple[int, dict[str, Any] | bytes]] = {
    "blocked_prompt": (200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
    "words": (200, candidate({"text": "I would rather talk about it."})),
    "nothing": (200, {}),
    "no_base64": (200, candidate({"inlineData": {"mimeType": "image/png", "data": "not base64!"}})),
    "no_picture": (200, candidate(blob(b"\x89PNG\r\n\x1a\n and then something else"))),
    "garbage": (200, b"\xff\xfe\x00 no JSON <html>"),
    "wrong_shape": (200, {"candidates": "three"}),
    "deep": (200, b"[" * 100_000),
    "empty": (200, b""),
    "overloaded": error(503, "UNAVAILABLE"),
    "internal": error(500, "INTERNAL"),
    "bad_key": error(400, "INVALID_ARGUMENT", {"@type": f"{LINK}ErrorInfo", "reason": "API_KEY_INVALID"}),
    "forbidden": error(403, "PERMISSION_DENIED"),
    "no_billing": error(400, "FAILED_PRECONDITION"),
    "retired": error(404, "NOT_FOUND"),
    "proxy_page": (502, b"<html>bad gateway</html>"),
    "odd_quota": (429, {"error": {"code": 429, "details": ["no object", {"violations": 3, "retryDelay": ["x"]}]}}),
}


@contextmanager
def serving(port: int = 0) -> Iterator[Service]:
    service = Service()

    class Handler(_Handler):
        pass

    Handler.service = service
    with listening(Handler, port=port, let_go=service.over.set) as service.url:
        yield service


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        known = self.path.rpartition("/")[2] in self.service.models
        self._send(200, {"name": "models/known"}) if known else self._send(*_ANSWERS["retired"])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        with self.service.under_way(asked) as word:
            if self.service.delay_seconds:
                self.service.over.wait(self.service.delay_seconds)
            self._answer(self._judged(asked, word))

    def _judged(self, asked: Asked, word: str) -> str:
        if "authorization" not in asked.headers and asked.headers.get("x-goog-api-key") != KEY:
            return "bad_key"
        model, _colon, call = asked.path.rpartition("/")[2].partition(":")
        return word if call == "generateContent" and model in self.service.models else "retired"

    def _answer(self, word: str) -> None:
        match word:
            case "hang":
                self.service.over.wait(20)
            case "endless":
                self._send_endless()
            case "drip":
                self._send_dripping()
            case "redirect":
                self._send(307, b"", Location=f"{self.service.url}/elsewhere")
            case "packed":
                self._send(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
            case "broken_off":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b'{"candidates"')
                self.close_connection = True
            case _:
                self._send(*_answered(word, self.service))

    def _send(self, status: int, body: dict[str, Any] | bytes, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_endless(self) -> None:
        """A picture of a gigabyte."""
        self.send_response(200)
        self.send_header("Content-Length", str(GIGABYTE))
        self.end_headers()
        self.close_connection = True
        piece = b'{"candidates": [{"content": {"parts": [{"inlineData": {"data": "' + b"A" * 65_536
        while self.service.sent_bytes < GIGABYTE and not self.service.over.is_set():
            self.wfile.write(piece)
            self.service.sent_bytes += len(piece)

    def _send_dripping(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.close_connection = True
        while not self.service.over.wait(0.02):
            self.wfile.write(b" ")

    def log_message(self, *_told: Any) -> None:
        return


if __name__ == "__main__":
    with serving(int(sys.argv[1])) as standing:
        standing.delay_seconds, standing.side_pixels = float(sys.argv[2]), 1024
        print(standing.url, flush=True)
        sys.stdin.read()
