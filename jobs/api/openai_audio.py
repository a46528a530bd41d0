"""POST /v1/audio/speech as OpenAI's audio API has it, so that its SDKs work with our `base_url`.

The request becomes an invocation of the function `speech`; its parts are streamed as they are
made, and the headers wait for the first one, so that a failure before it has its own status.

Where we differ, we say so instead of doing something else: the formats `aac` and `flac`,
`stream_format: sse`, speeds outside 0.5 to 2, and `instructions` that are not empty (OpenAI's
tts-1 drops them; whoever sends them expects to hear the difference).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Literal

from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from jobs.access.caller import INVOKE, Caller
from jobs.api.doors import token_or_login
from jobs.api.functions import KeyHeader
from jobs.api.openai_errors import NO_RETRY, give_up, refused_input
from jobs.api.problem import Problem
from jobs.api.sight import caller_of
from jobs.runtime import parts
from jobs.runtime.errors import FieldError, InvalidInput
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.models import ErrorType, Source, Status, Task

router = Router(tags=["OpenAI"])

FUNCTION = "speech"
# OpenAI's names of voices: a program written for them gets the default voice.
OPENAI_VOICES = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"}
)
CONTENT_TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg", "wav": "audio/wav", "pcm": "audio/pcm"}
# Longer than any listener waits; OpenAI's SDK itself gives up after 600 s.
FIRST_PART_SECONDS = 300


class SpeechRequest(BaseModel):
    """A text to be read aloud, in OpenAI's words."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(min_length=1, max_length=200, description="any; there is one engine", examples=["tts-1"])
    input: str = Field(min_length=1, description="the text", examples=["こんにちは"])
    voice: str = Field(
        min_length=1,
        max_length=64,
        description="one of ours; OpenAI's names mean the default voice",
        examples=["alloy"],
    )
    response_format: Literal["mp3", "opus", "wav", "pcm"] = Field(
        default="mp3", description="opus is Ogg/Opus; pcm is 24 kHz, 16-bit, mono, without a header"
    )
    speed: float = Field(default=1.0, ge=0.5, le=2.0, strict=True)
    instructions: Literal[""] | None = Field(default=None, description="not followed, hence refused unless empty")
    stream_format: Literal["audio"] = "audio"


class OpenAIErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIErrorBody(BaseModel):
    error: OpenAIErrorDetail


AUDIO = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in CONTENT_TYPES.values()}


@router.post(
    "/audio/speech",
    auth=token_or_login(INVOKE),
    response={
        200: None,
        **dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503), OpenAIErrorBody),
    },
    summary="Speak (OpenAI)",
    openapi_extra={"responses": {200: {"description": "the sound, as it is made", "content": AUDIO}}},
)
async def speak(
    request: HttpRequest,
    body: SpeechRequest,
    idempotency_key: KeyHeader = None,
) -> StreamingHttpResponse:
    """Read a text aloud; the sound starts as soon as its first part is made."""
    invocation = await sync_to_async(_invoke)(caller_of(request), body, idempotency_key)
    task = invocation.task
    if not invocation.queued:
        await sync_to_async(give_up)(task, keep=idempotency_key is not None)
    pieces = parts.read(task.pk)
    first = await _first(pieces, task)
    return StreamingHttpResponse(
        _all(first, pieces),
        content_type=CONTENT_TYPES[body.response_format],
        # The SDK shows it as the request's id; here it is the task's. nginx must not collect the parts.
        headers={"X-Request-Id": str(task.pk), "X-Accel-Buffering": "no"},
    )


def _invoke(caller: Caller, body: SpeechRequest, key: str | None) -> Invocation:
    inputs: dict[str, Any] = {"text": body.input, "speed": body.speed, "format": body.response_format}
    if body.voice not in OPENAI_VOICES:
        inputs["voice"] = body.voice
    try:
        return invoke(FUNCTION, inputs, owner=caller.user, source=Source.API, idempotency_key=key)
    except InvalidInput as error:
        raise refused_input(error) from error


async def _first(pieces: AsyncIterator[bytes], task: Task) -> bytes:
    try:
        async with asyncio.timeout(FIRST_PART_SECONDS):
            return await anext(pieces)
    except StopAsyncIteration:
        # A replay of a task whose sound was erased.
        raise Problem(404, "not-found", gettext("The sound is gone."), headers=NO_RETRY) from None
    except parts.TaskEnded as ended:
        raise await sync_to_async(_failure)(task.pk, ended.status) from ended
    except TimeoutError:
        detail = gettext("No worker began within %(seconds)d s; the task is kept.") % {"seconds": FIRST_PART_SECONDS}
        raise Problem(503, "away", detail, headers=NO_RETRY) from None


async def _all(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    # A failure from here on breaks the line off: the reader must not take half for the whole.
    async with aclosing(pieces):  # type: ignore[type-var]
        yield first
        async for piece in pieces:
            yield piece


def _failure(task_id: Any, status: str) -> Problem:
    """Return why there is no sound. The task has had its retries: asking again by itself would be for nothing."""
    if status == Status.CANCELLED:
        return Problem(409, "too-late", gettext("The task was cancelled."), headers=NO_RETRY)
    task = Task.objects.filter(pk=task_id).first()
    if task is not None and task.error_type == ErrorType.DATA_VALIDATION:
        return refused_input(
            InvalidInput([FieldError(task.error_field or "text", task.error_code, task.error_message)])
        )
    detail = task.error_message if task is not None else ""
    return Problem(500, "unexpected", detail, headers=NO_RETRY)
