"""A service of somebody else's that judges pronunciation, behind the same port.

What it must speak: `POST {base_url}/analyses`, multipart, with `sentence`, `language` and the file `recording` (WAV,
16 kHz, 16 bits, mono), a bearer key if one is set. It answers 200 with the fields of port.Analysis as JSON; 422 with
{"code", "message"} for a recording that it refuses (a gate's name, best one of gates.MESSAGES).

The recording leaves the house: whoever sets an address here has agreed that with the learners. No redirect is
followed, or the key would go along. Limits: every read has a timeout, and so has the whole; an answer is bounded.
Called through the port.
"""

import json
import struct
import time
from typing import Any

import httpx
import numpy as np

from jobs.engines.errors import EngineRefused, EngineUnavailable, InputRejected
from jobs.engines.pronunciation import gates
from jobs.engines.pronunciation.answers import analysis_from
from jobs.engines.pronunciation.port import MAX_CHARACTERS, Analysis, Language, Progress, Samples
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ
from jobs.engines.trusted import authorities
from jobs.engines.whole_answer import read_whole

NAME = "pronunciation-http"
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
# Two minutes of speech with every phone and both curves take 0.5 MB.
MAX_ANSWER_BYTES = 5_000_000
_MAX_MESSAGE_CHARACTERS = 200
# What another attempt may change: too early, too many, in the way of another.
_LATER = (408, 409, 425, 429)


class HttpAnalyser:
    """A PronunciationEngine. timeout_seconds: for the whole of one analysis."""

    def __init__(self, *, base_url: str, api_key: str = "", timeout_seconds: float = 120.0) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._timeout_seconds = timeout_seconds

    @property
    def version(self) -> str:
        return NAME

    def analyse(
        self, recording: Samples, sentence: str, language: Language, *, progress: Progress | None = None
    ) -> Analysis:
        tell = progress or (lambda _percent, _step: None)
        tell(0, "listening")
        if len(sentence) > MAX_CHARACTERS:
            raise InputRejected("sentence", "text_too_long", f"more than {MAX_CHARACTERS} characters")
        gates.check_sound(np.asarray(recording, dtype=np.float32))
        started = time.monotonic()
        status, headers, body = self._post(wav_of(recording), sentence, language, started + self._timeout_seconds)
        if status != 200:
            raise _refusal(status, headers, body)
        tell(100, "done")
        return _read(body)

    def _post(self, wav: bytes, sentence: str, language: str, until: float) -> tuple[int, httpx.Headers, bytes]:
        timeout = httpx.Timeout(min(_READ_SECONDS, self._timeout_seconds), connect=_CONNECT_SECONDS)
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        files = {"recording": ("recording.wav", wav, "audio/wav")}
        try:
            with (
                httpx.Client(timeout=timeout, verify=authorities(), headers=headers, follow_redirects=False) as client,
                client.stream(
                    "POST",
                    f"{self._base_url}/analyses",
                    data={"sentence": sentence, "language": language},
                    files=files,
                ) as answer,
            ):
                body = read_whole(answer, engine=NAME, until=until, max_bytes=MAX_ANSWER_BYTES)
                return answer.status_code, answer.headers, body
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise EngineUnavailable(NAME) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise EngineRefused(NAME, "its address or key cannot be used") from error


def wav_of(recording: Samples) -> bytes:
    """Return the recording as WAV, 16 kHz, 16 bits, mono."""
    samples = (np.clip(recording, -1.0, 1.0) * 32_767).astype("<i2").tobytes()
    return (
        struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, SAMPLE_RATE_HZ, 2 * SAMPLE_RATE_HZ, 2, 16,
            b"data", len(samples),
        )
        + samples
    )  # fmt: skip


def _refusal(status: int, headers: httpx.Headers, body: bytes) -> EngineRefused | EngineUnavailable | InputRejected:
    if status in _LATER or status >= 500:
        written = headers.get("Retry-After", "")
        wait = float(written) if written.isascii() and written.isdigit() else None
        return EngineUnavailable(NAME, wait_seconds=wait)
    if status == 422:
        told = _object(body)
        code = str(told.get("code", "refused"))[:40]
        message = str(told.get("message", "")) or gates.MESSAGES.get(code, "the service refuses the recording")
        return InputRejected(gates.FIELD, code, message[:_MAX_MESSAGE_CHARACTERS])
    return EngineRefused(NAME, f"status {status}")


def _read(body: bytes) -> Analysis:
    try:
        return analysis_from(_object(body))
    except (ValueError, TypeError, KeyError) as error:
        # Nonsense today; it may be repaired tomorrow.
        raise EngineUnavailable(NAME) from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
