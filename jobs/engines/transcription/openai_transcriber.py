"""Any service that speaks OpenAI's `POST /audio/transcriptions`: the recording leaves the house as it came.

It is sent as a file with a name of ours. Models that know no times answer with a text alone, which is one segment.
Called through the port.
"""

import json
from typing import Any

from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.engines.openai_request import NAME, post
from jobs.engines.transcription.languages import code_of
from jobs.engines.transcription.port import Heard, Progress, Segment
from jobs.engines.transcription.recording import Recording

# Services listen faster than anybody speaks; the largest upload on a slow line fits too.
TIMEOUT_SECONDS = 300.0


class OpenAITranscriber:
    """A Transcriber. base_url: empty for OpenAI's own."""

    def __init__(self, *, base_url: str, api_key: str, model: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.model = model
        self._base_url = base_url
        self._api_key = api_key
        self._timeout_seconds = timeout_seconds

    @property
    def version(self) -> str:
        return f"{NAME} {self.model}"

    def transcribe(
        self, recording: Recording, *, language: str | None = None, progress: Progress | None = None
    ) -> Heard:
        given = code_of(language) if language is not None else None
        tell = progress or (lambda _done: None)
        tell(0.0)
        data = {"model": self.model, "response_format": "verbose_json"} | ({"language": given} if given else {})
        recording.file.seek(0)
        name = f"recording.{recording.kind.extension}"
        answer, _headers = post(
            "/audio/transcriptions",
            base_url=self._base_url,
            api_key=self._api_key,
            timeout_seconds=self._timeout_seconds,
            data=data,
            files={"file": (name, recording.file, recording.kind.content_type)},
        )
        tell(1.0)
        try:
            return _heard(json.loads(answer), given)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise EngineUnavailable(NAME) from error


def _heard(told: dict[str, Any], given: str | None) -> Heard:
    text = str(told["text"]).strip()
    duration = float(told.get("duration") or 0.0)
    segments = tuple(
        Segment(
            round(float(each["start"]), 2),
            round(float(each["end"]), 2),
            str(each["text"]).strip(),
            log_probability=_number(each.get("avg_logprob")),
            compression=_number(each.get("compression_ratio")),
            no_speech=_number(each.get("no_speech_prob")),
        )
        for each in told.get("segments") or ()
        if str(each["text"]).strip()
    )
    if text and not segments:
        segments = (Segment(0.0, duration, text),)
    return Heard(segments, given or _code(str(told.get("language") or "")), None, duration)


def _number(told: Any) -> float | None:
    return round(float(told), 3) if isinstance(told, int | float) else None


def _code(language: str) -> str:
    """Return the code of a language that a service names in words; "" for one that we do not know."""
    try:
        return code_of(language) or ""
    except InputRejected:
        return ""
