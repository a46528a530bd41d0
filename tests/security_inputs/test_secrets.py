"""S10: words that only their owner may read, sent through the house at DEBUG: in no log, error or command line."""

import io
import json
import logging
import secrets
from pathlib import Path

import pytest
import structlog
from django.conf import settings as house
from django.test import Client

from core import logs
from jobs.access import tokens
from jobs.announcements import edit as weather
from jobs.delivery.webhook import endpoints
from jobs.practice import recordings
from jobs.practice.models import PracticeSession
from jobs.runtime import clock
from jobs.runtime.models import Attempt, Task
from tests.api.conftest import bearer
from tests.engines.recordings import sound, tone


def canary(name):
    return f"canary{name}{secrets.token_hex(6)}"


# What of a secret or a text stands where: the twelve places.
PLACES = (
    "text", "password", "token", "callback", "hook", "title", "sentence", "dish", "word", "header", "cookie", "query",
    "file", "place",
)  # fmt: skip


@pytest.fixture
def lines(monkeypatch):
    """All that is logged, as both formats would write it."""
    heard = io.StringIO()
    handlers = []
    root = logging.getLogger()
    before = root.level
    for kind in ("json", "console"):
        handler = logging.StreamHandler(heard)
        tail = (
            [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
            if kind == "json"
            else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
        )
        processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail]
        handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=logs.SHARED, processors=processors))
        handlers.append(handler)
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield heard
    root.setLevel(before)
    for handler in handlers:
        root.removeHandler(handler)


@pytest.fixture
def said():
    return {name: canary(name) for name in PLACES}


@pytest.mark.django_db(transaction=True)
def test_no_secret_and_no_text_is_logged_or_told_to_others(lines, said, owner, valkey, worker):
    answers = []
    secret = tokens.issue(owner, name="n")[1]
    client = bearer(secret)
    owner.set_password(said["password"])
    owner.save()

    def ask(method, path, body=None, **headers):
        data = b"" if body is None else json.dumps(body).encode()
        answer = client.generic(method, path, data, content_type="application/json", headers=headers)
        answers.append((path, answer))
        return answer

    # Functions: done, failed with the text in the error, refused, unknown, with a callback.
    for function in ("toy_quick", "toy_secret", "toy_bad", "toy_brief"):
        ask("POST", f"/api/v1/functions/{function}/invoke", {"input": {"word": said["word"][-20:]}})
    ask("POST", "/api/v1/functions/speech/invoke", {"input": {"text": said["text"], "voice": said["text"]}})
    ask(
        "POST",
        "/api/v1/functions/speech/invoke",
        {"input": {"text": said["text"]}, "callback_url": f"https://example.com/{said['callback']}"},
    )
    ask("POST", f"/api/v1/functions/{said['query']}/invoke", {"input": {said["text"]: said["text"]}})
    ask("POST", "/v1/audio/speech", {"input": said["text"], "voice": said["text"], "model": "x"})
    ask("GET", f"/api/v1/tasks?cursor={said['query']}&status={said['query']}")
    ask(
        "GET",
        "/api/v1/tasks",
        **{"x-secret": said["header"], "cookie": f"sessionid={said['cookie']}", "idempotency-key": said["header"]},
    )
    # Somebody who guesses.
    guesses = (said["token"], f"kb_{said['token']}_{said['token']}", f"{secret}{said['token']}")
    answers += [
        ("guess", Client().get("/api/v1/tasks", headers={"authorization": f"Bearer {guess}"})) for guess in guesses
    ]
    answers.append(("login", Client().post("/login/", {"username": said["query"], "password": said["password"]})))
    answers.append(("login", Client().post("/login/", {"username": "hana", "password": said["token"]})))
    # Pictures, practice, weather, webhooks.
    dish = {"japanese_name": said["dish"], "english_name": said["dish"], "description": said["dish"]}
    ask("POST", "/api/v1/image/generate-async", {"final_menu": {said["dish"]: [dish]}, "session_id": said["dish"]})
    session = PracticeSession.objects.create(owner=owner, title=said["title"], created_at=clock.now())
    recordings.take_in(session, [sound(tone(0.5))], sentence=said["sentence"], language="ja")
    form = {"recording": io.BytesIO(b"no sound at all"), "sentence": said["sentence"], "language": "ja"}
    form["recording"].name = said["file"]
    answers.append(("record", client.post(f"/api/v1/practice/sessions/{session.pk}/records", form)))
    weather.save(owner, weather.Wish(announcement_time="07:30", place="横浜市"))
    ask(
        "PUT",
        "/api/v1/weather/subscription",
        {"announcement_time": "07:30", "time_zone": "Asia/Tokyo", "place": said["place"]},
    )
    hook, signing = endpoints.create(owner, url=f"https://example.com/{said['hook']}", name=said["title"])
    worker.work()

    wrong = [("the log", name) for name, word in said.items() if word in lines.getvalue()]
    wrong += [
        ("the log", "a token") for _one in range(1) if secret in lines.getvalue() or str(signing) in lines.getvalue()
    ]
    stored = b" ".join(everything(valkey))
    # Parts of sound lie in Redis; texts and secrets do not.
    wrong += [
        ("Redis", name)
        for name, word in {**said, "token itself": secret, "signing": str(signing)}.items()
        if word.encode() in stored
    ]
    for path, answer in answers:
        if answer.status_code >= 500:
            wrong.append((path, answer.status_code))
        told = b"" if answer.streaming else answer.content
        if answer.status_code >= 400:
            hidden = ("password", "header", "cookie", "token")
            wrong += [(path, "its error", name) for name in hidden if said[name].encode() in told]
    wrong += [("a command line", name) for name, word in said.items() if word.encode() in command_lines()]
    rows = [str(row) for row in Attempt.objects.values_list("error_message", "log")]
    wrong += [("an attempt's row", name) for name in ("word", "text") if said[name][-20:] in "".join(rows)]

    assert wrong == []
    assert lines.getvalue().count("\n") > 20
    assert Task.objects.count() > 5
    assert hook.pk
    assert house.SECRET_KEY not in lines.getvalue()


def everything(valkey):
    """Yield every key and every value in Redis."""
    readers = {
        b"string": valkey.get, b"list": lambda key: b" ".join(valkey.lrange(key, 0, -1)),
        b"set": lambda key: b" ".join(valkey.smembers(key)),
        b"zset": lambda key: b" ".join(valkey.zrange(key, 0, -1)),
        b"hash": lambda key: repr(valkey.hgetall(key)).encode(),
        b"stream": lambda key: repr(valkey.xrange(key)).encode(),
    }  # fmt: skip
    for key in valkey.scan_iter():
        yield key
        yield readers[valkey.type(key)](key) or b""


def command_lines():
    return b"".join(_read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
