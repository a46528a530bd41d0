"""What Gemini's answers and errors mean, in our words.

Shapes as observed with google-genai 3.4.0: a blocked prompt is a 200 without candidates, a blocked picture one
whose candidate has a finish reason and no parts; a quota's error carries google.rpc.RetryInfo and QuotaFailure.
Called by gemini.py.
"""

import logging
import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from jobs.engines.errors import EngineRefused, EngineUnavailable

logger = logging.getLogger(__name__)

NAME = "gemini"
# Where a day of Google's quotas begins.
QUOTA_ZONE = ZoneInfo("America/Los_Angeles")
# So long it is left alone at least, when the reset is a moment away: the two clocks differ.
LEAST_WAIT_SECONDS = 60.0
# What another attempt may change; 429 is looked at more closely.
_LATER = (408, 409, 425, 429)
_DELAY = re.compile(r"(\d{1,6})(?:\.\d{1,9})?s")
_WORD = re.compile(r"[A-Z][A-Z_]{1,40}")


class _Shape(BaseModel):
    # Whatever else stands in an answer is not ours to judge.
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class _Blob(_Shape):
    data: str = ""


class _Part(_Shape):
    inline_data: _Blob | None = None
    # A sketch that the model made on its way.
    thought: bool | None = None


class _Content(_Shape):
    parts: list[_Part] | None = None


class _Candidate(_Shape):
    content: _Content | None = None
    finish_reason: str | None = None


class _Feedback(_Shape):
    block_reason: str | None = None


class _Answer(_Shape):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None


def picture(body: str) -> str:
    """
    Return the picture of an answer, as base64.

    Raises EngineRefused when the prompt or the picture was blocked, EngineUnavailable for nonsense.
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        # Without the message, which repeats the answer.
        logger.warning("the answer is not understood", extra={"engine": NAME, "errors": error.error_count()})
        raise EngineUnavailable(NAME) from None
    if not answer.candidates:
        blocked = answer.prompt_feedback and answer.prompt_feedback.block_reason
        if blocked:
            raise EngineRefused(NAME, f"the prompt is blocked ({_word(blocked)})")
        raise EngineUnavailable(NAME)
    first = answer.candidates[0]
    if first.finish_reason not in (None, "STOP"):
        raise EngineRefused(NAME, f"no picture ({_word(first.finish_reason)})")
    for part in (first.content and first.content.parts) or []:
        if part.inline_data is not None and part.inline_data.data and not part.thought:
            return part.inline_data.data
    # It talked instead; the same prompt gets the same answer.
    raise EngineRefused(NAME, "no picture (words only)")


def refusal(error: Any, *, model: str, now: datetime) -> EngineRefused | EngineUnavailable:
    """
    Return what an error of the service means.

    error: google.genai.errors.APIError. now: aware.
    """
    status = error.code if isinstance(error.code, int) else 0
    details = _details(error.details)
    if status == 429:
        return EngineUnavailable(NAME, wait_seconds=_quota_seconds(details, now))
    # A redirect is not followed, and a proxy's page is no verdict.
    if status in _LATER or status >= 500 or status < 400:
        return EngineUnavailable(NAME)
    if status == 404:
        return EngineRefused(NAME, f"the model {model} is retired or unknown: set another one")
    if status in (401, 403) or any(each.get("reason") == "API_KEY_INVALID" for each in details):
        return EngineRefused(NAME, f"the key or credentials are not accepted (status {status})")
    return EngineRefused(NAME, f"status {status} ({_word(error.status)})")


def seconds_to_reset(now: datetime) -> float:
    """Return how long it is until a daily quota begins anew."""
    there = now.astimezone(QUOTA_ZONE)
    midnight = datetime.combine(there.date() + timedelta(days=1), datetime.min.time(), QUOTA_ZONE)
    # As moments, or a day on which the clock is moved would count 24 hours.
    return max(midnight.timestamp() - now.timestamp(), LEAST_WAIT_SECONDS)


def _quota_seconds(details: list[dict[str, Any]], now: datetime) -> float | None:
    for each in details:
        violations = each.get("violations")
        for violation in violations if isinstance(violations, list) else []:
            # Google names a delay of seconds even then.
            if isinstance(violation, dict) and "PerDay" in str(violation.get("quotaId")):
                return seconds_to_reset(now)
    for each in details:
        written = _DELAY.fullmatch(str(each.get("retryDelay")))
        if written:
            return float(written.group(0)[:-1])
    return None


def _details(body: Any) -> list[dict[str, Any]]:
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []


def _word(written: object) -> str:
    """Return a constant of Google's, which goes into logs and the history; nothing else that it may hold."""
    return written if isinstance(written, str) and _WORD.fullmatch(written) else "unknown"
