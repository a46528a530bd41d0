"""One request to a service that speaks OpenAI's API, bounded in time and size, its errors in our words.

No redirect is followed: the key would go along. Called by the engines that stand on such a service.
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.engines.trusted import authorities
from jobs.engines.whole_answer import read_whole

NAME = "openai"
DEFAULT_BASE_URL = "https://api.openai.com/v1"
_CONNECT_SECONDS = 5.0
# Between two pieces of an answer.
_READ_SECONDS = 60.0
# An hour's transcript with times, or five minutes of sound, several times over.
MAX_ANSWER_BYTES = 50_000_000
# Of an answer that says what is wrong.
MAX_ERROR_BYTES = 10_000
_CODE = re.compile(r"[a-z][a-z_]{1,60}")
# What another attempt may change: too early, too many, in the way of another.
_LATER = (408, 409, 425, 429)


def post(
    path: str, *, base_url: str, api_key: str, timeout_seconds: float, **body: Any
) -> tuple[bytes, Mapping[str, str]]:
    """
    Return the answer's body and headers.

    body: `json`, or `data` and `files`, as httpx takes them. timeout_seconds: for the whole.
    Raises EngineUnavailable for what may work later, EngineRefused for what will not.
    """
    until = time.monotonic() + timeout_seconds
    timeout = httpx.Timeout(min(_READ_SECONDS, timeout_seconds), connect=_CONNECT_SECONDS)
    headers = {"Authorization": f"Bearer {api_key}"}
    try:
        with (
            httpx.Client(timeout=timeout, verify=authorities(), headers=headers, follow_redirects=False) as client,
            client.stream("POST", _base(base_url) + path, **body) as answer,
        ):
            if answer.status_code != 200:
                raise _refusal(answer, until)
            data = read_whole(answer, engine=NAME, until=until, max_bytes=MAX_ANSWER_BYTES)
            return data, answer.headers
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise EngineUnavailable(NAME) from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise EngineRefused(NAME, "its address or key cannot be used") from error


def _base(base_url: str) -> str:
    """Return the address that paths are added to. OpenAI's own SDKs want `/v1` in it; without a path it is added."""
    base = (base_url or DEFAULT_BASE_URL).rstrip("/")
    return base if urlsplit(base).path else f"{base}/v1"


def _refusal(answer: httpx.Response, until: float) -> EngineRefused | EngineUnavailable:
    status = answer.status_code
    if status in _LATER or status >= 500:
        return EngineUnavailable(NAME, wait_seconds=_wait_seconds(answer.headers.get("Retry-After", "")))
    code = _code(answer, until)
    return EngineRefused(NAME, f"status {status}, {code}" if code else f"status {status}")


def _code(answer: httpx.Response, until: float) -> str:
    """Return the service's own word for what is wrong, such as `moderation_blocked`; "" without one."""
    data = bytearray()
    for piece in answer.iter_bytes():
        data += piece
        if len(data) > MAX_ERROR_BYTES or time.monotonic() > until:
            return ""
    try:
        code = json.loads(data)["error"]["code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    # The words beside it may repeat what was asked, so only what is a constant is passed on.
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _wait_seconds(written: str) -> float | None:
    # RFC 9110 also allows a date, which depends on both clocks; the breaker's own wait serves then.
    return float(written) if written.isascii() and written.isdigit() else None
