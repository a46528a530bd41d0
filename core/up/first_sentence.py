"""Say who may log in and when the house is ready, then speak one sentence through the whole path.

The herald: a process of its own beside the supervisor, forked from the command, so that Django is not
loaded a second time; it ends when it has spoken. It asks over HTTP with a token like anybody
else, and takes the token away again. Its failure is a sentence and stops nothing.
"""

import http.client
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from core.up.child import die_with_parent
from core.up.console import Console
from core.up.first_login import make_first_login

logger = logging.getLogger(__name__)

SENTENCE = "声箱へようこそ。これが最初の一文です。"
READY_SECONDS = 60
SENTENCE_SECONDS = 60
REQUEST_SECONDS = 10
POLL_SECONDS = 0.05  # of the task; it is measured to the ear


class NotSpoken(Exception):
    """The first sentence could not be heard. The message says where it ended."""


@dataclass(frozen=True)
class House:
    """
    The running house, as a client sees it.

    host, port: where its web process listens; name: what it calls itself in a Host header.
    """

    host: str
    port: int
    name: str

    def ask(self, method: str, path: str, *, token: str = "", body: Any = None) -> tuple[int, bytes]:
        """Return the status and the body of the answer. Raises OSError, http.client.HTTPException."""
        wire = http.client.HTTPConnection(self.host, self.port, timeout=REQUEST_SECONDS)
        headers = {"Host": self.name, "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            wire.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = wire.getresponse()
            return answer.status, answer.read()
        finally:
            wire.close()


def herald(house: House, *, url: str, speak: bool, started_at: float, let_go: Sequence[int]) -> int:
    """
    Fork a process that says when the house is ready, then speaks; return its process id.

    started_at: of `up`, by time.monotonic(), which all processes of a machine share.
    let_go: descriptors that only `up` itself may hold. Close database connections before the call.
    """
    promise = die_with_parent(signal.SIGKILL)
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        promise()
        for descriptor in let_go:
            os.close(descriptor)
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
        code = _tell(Console(), house, url=url, speak=speak, started_at=started_at)
    except SystemExit:
        code = 0
    except Exception:
        logger.exception("the first sentence failed")
    finally:
        # Never back into the command, of which this is a copy.
        os._exit(code)


def _tell(console: Console, house: House, *, url: str, speak: bool, started_at: float) -> int:
    make_first_login(console)
    if missing := wait_until_ready(house):
        console.warn(f"{url} is not ready after {READY_SECONDS} s ({missing}); it is tried for as long as `up` runs")
        return 1
    console.say(f"ready: {url}   {time.monotonic() - started_at:.1f} s since the start; Ctrl-C stops everything")
    if not speak:
        return 0
    try:
        line = speak_first_sentence(house)
    except (NotSpoken, OSError, http.client.HTTPException, ValueError, KeyError) as error:
        console.warn(f"first sentence: not heard ({error or type(error).__name__})")
        return 1
    console.say(f"{line}   {time.monotonic() - started_at:.1f} s since the start")
    return 0


def wait_until_ready(house: House) -> str:
    """Return an empty string once /readyz says yes, or what is missing after READY_SECONDS."""
    until = time.monotonic() + READY_SECONDS
    missing = "no answer"
    while time.monotonic() < until:
        try:
            status, body = house.ask("GET", "/readyz")
            if status == 200:
                return ""
            checks = json.loads(body)["checks"].items()
            missing = ", ".join(f"{name}: {check['detail']}" for name, check in checks if not check["ok"])
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            missing = f"no answer: {type(error).__name__}"
        time.sleep(POLL_SECONDS)
    return missing


def speak_first_sentence(house: House) -> str:
    """Return the line that tells of it. Raises NotSpoken."""
    from django.contrib.auth.models import User

    from jobs.access import tokens

    owner = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if owner is None:
        raise NotSpoken("there is no active superuser to ask in the name of")
    token, secret = tokens.issue(owner, name="first sentence of `up`", scopes=["invoke", "tasks"], days=1)
    try:
        return _speak(house, secret)
    finally:
        tokens.revoke(token, actor=None)


def _speak(house: House, token: str) -> str:
    began = time.monotonic()
    accepted = _json(
        house, "POST", "/api/v1/functions/speech/invoke", token, expected=202, body={"input": {"text": SENTENCE}}
    )
    task = accepted
    while task["status"] not in {"success", "failure", "cancelled"}:
        if time.monotonic() - began > SENTENCE_SECONDS:
            raise NotSpoken(f"still {task['status']} after {SENTENCE_SECONDS} s")
        time.sleep(POLL_SECONDS)
        task = _json(house, "GET", _path(accepted["status_url"]), token, expected=200)
    if task["status"] != "success":
        raise NotSpoken(f"{task['status']}: {(task.get('error') or {}).get('message', '')}")
    status, sound = house.ask("GET", _path(task["artifacts"][0]["url"]), token=token)
    if status != 200 or not sound:
        raise NotSpoken(f"the sound answered {status}")
    seconds = time.monotonic() - began
    result = task["result"]
    how = " (known from an earlier start)" if result.get("cached") else ""
    return (
        f"first sentence: 「{SENTENCE}」 {result['duration_seconds']:.1f} s of sound in {seconds:.2f} s{how}"
        f" -> {accepted['page_url']}"
    )


def _json(house: House, method: str, path: str, token: str, *, expected: int, body: Any = None) -> Any:
    status, answer = house.ask(method, path, token=token, body=body)
    if status != expected:
        raise NotSpoken(f"{method} {path} answered {status}")
    return json.loads(answer)


def _path(url: str) -> str:
    # The house may call itself by a public name that this machine cannot reach.
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
