"""POST /v1/audio/transcriptions as OpenAI's audio API has it, so that its SDKs work with our `base_url`.

The request becomes an invocation of the function `transcription`; the answer waits for its end.

Where we differ, we say so instead of doing something else: `stream`, times of single words, `diarized_json`, and
`prompt` or `temperature` that ask for anything (what is heard here depends on the sound alone).
"""

from typing import Any, Literal

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jobs.access.caller import INVOKE, Caller
from jobs.api import forms, subtitles
from jobs.api.doors import token_or_login
from jobs.api.functions import KeyHeader
from jobs.api.openai_audio import OpenAIErrorBody
from jobs.api.openai_errors import NO_RETRY, give_up
from jobs.api.problem import Problem, invalid_input
from jobs.api.sight import caller_of
from jobs.functions.transcription import models
from jobs.live.watch import Gone, watch
from jobs.runtime import uploads
from jobs.runtime.errors import FieldError, InvalidInput
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.models import ErrorType, Result, Source, Status, Task

router = Router(tags=["OpenAI"])

FUNCTION = "transcription"
# The function's names of what OpenAI calls otherwise.
PARAMS = {"recording": "file"}
ResponseFormat = Literal["json", "text", "srt", "verbose_json", "vtt"]


class TranscriptionRequest(BaseModel):
    """A recording to be written down, in OpenAI's words."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(min_length=1, max_length=200, description="any; one of the house's is taken by its name")
    language: str = Field(default="", max_length=20, description="ISO 639-1; empty to find out")
    prompt: Literal[""] = Field(default="", description="not followed, hence refused unless empty")
    response_format: ResponseFormat = "json"
    temperature: Literal["0", "0.0", ""] = Field(default="0", description="nothing is drawn at random")
    stream: Literal["false", "False", "0", ""] = Field(default="false", description="the whole is sent at once")
    timestamp_granularities: list[Literal["segment"]] = Field(default=["segment"], description="no times of words")
    chunking_strategy: Literal["auto"] = "auto"


# For OpenAPI; the form is read by hand, because a part of it goes to disk.
BODY: dict[str, Any] = {
    "required": True,
    "content": {
        forms.FORM: {
            "schema": {
                "type": "object",
                "required": ["file", "model"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "model": {"type": "string", "minLength": 1, "maxLength": 200},
                    "language": {"type": "string"},
                    "response_format": {"enum": ["json", "text", "srt", "verbose_json", "vtt"]},
                },
            }
        }
    },
}
ANSWERS = {
    "application/json": {
        "schema": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
    },
    "text/plain": {"schema": {"type": "string"}},
    "text/vtt": {"schema": {"type": "string"}},
}


@router.post(
    "/audio/transcriptions",
    auth=token_or_login(INVOKE, form_files=lambda _request: ("file",)),
    response={
        200: None,
        **dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503), OpenAIErrorBody),
    },
    summary="Transcribe (OpenAI)",
    openapi_extra={
        "requestBody": BODY,
        "responses": {200: {"description": "what was said", "content": ANSWERS}},
    },
)
async def transcribe(request: HttpRequest, idempotency_key: KeyHeader = None) -> HttpResponse:
    """Write down what is said in a recording."""
    asked, invocation = await sync_to_async(_invoke)(request, caller_of(request), idempotency_key)
    task = invocation.task
    if not invocation.queued:
        await sync_to_async(give_up)(task, keep=idempotency_key is not None)
    await _end(task)
    output = await sync_to_async(_output)(task)
    answer = _answer(asked.response_format, output)
    # The SDK shows it as the request's id; here it is the task's.
    answer["X-Request-Id"] = str(task.pk)
    return answer


def _invoke(request: HttpRequest, caller: Caller, key: str | None) -> tuple[TranscriptionRequest, Invocation]:
    if not forms.is_form(request):
        detail = gettext("Send the recording as a form: multipart/form-data.")
        raise Problem(415, "not-json", detail, headers={"Accept-Post": forms.FORM})
    asked = _asked(request)
    file = forms.one_file(request, "file", place="file")
    inputs: dict[str, Any] = {"language": asked.language or "auto"}
    if asked.model in models():
        inputs["model"] = asked.model
    try:
        upload = uploads.store(caller.user, file.chunks(), field="recording")
        try:
            inputs["recording"] = upload.pk
            invocation = invoke(FUNCTION, inputs, owner=caller.user, source=Source.API, idempotency_key=key)
        except BaseException:
            uploads.discard(upload)
            raise
    except InvalidInput as error:
        raise _refused(error) from error
    if invocation.replayed:
        uploads.discard(upload)
    return asked, invocation


def _asked(request: HttpRequest) -> TranscriptionRequest:
    """Return the form's fields. Lists come as OpenAI's SDK writes them: `timestamp_granularities[]`."""
    fields: dict[str, Any] = {}
    for name in request.POST:
        bare = name.removesuffix("[]")
        fields[bare] = request.POST.getlist(name) if bare == "timestamp_granularities" else request.POST[name]
    try:
        return TranscriptionRequest.model_validate(fields)
    except ValidationError as error:
        found = [FieldError(str(each["loc"][0]), each["type"], each["msg"]) for each in error.errors(include_url=False)]
        raise Problem(422, "invalid-input", errors=found) from None


def _refused(error: InvalidInput) -> Problem:
    named = [FieldError(PARAMS.get(each.field, each.field), each.code, each.message) for each in error.errors]
    return invalid_input(InvalidInput(named))


async def _end(task: Task) -> None:
    """Return when the task has succeeded. Raises a Problem when it ends otherwise."""
    status = ""
    try:
        async for change in watch(task.pk, may_see=lambda _task: True):
            status = change["status"] if change is not None else status
    except Gone:
        raise Problem(404, "not-found", gettext("The task is gone."), headers=NO_RETRY) from None
    if status != Status.SUCCESS:
        raise await sync_to_async(_failure)(task.pk, status)


def _failure(task_id: Any, status: str) -> Problem:
    """Return why there is no text. The task has had its retries: asking again by itself would be for nothing."""
    if status == Status.CANCELLED:
        return Problem(409, "too-late", gettext("The task was cancelled."), headers=NO_RETRY)
    task = Task.objects.filter(pk=task_id).first()
    if task is not None and task.error_type == ErrorType.DATA_VALIDATION:
        return _refused(
            InvalidInput([FieldError(task.error_field or "recording", task.error_code, task.error_message)])
        )
    return Problem(500, "unexpected", task.error_message if task is not None else "", headers=NO_RETRY)


def _output(task: Task) -> dict[str, Any]:
    output = Result.objects.get(task_id=task.pk).output
    if "text" not in output:
        raise Problem(404, "not-found", gettext("The text is gone."), headers=NO_RETRY)
    return dict(output)


def _answer(asked: ResponseFormat, output: dict[str, Any]) -> HttpResponse:
    if asked == "text":
        return HttpResponse(output["text"] + "\n", content_type="text/plain; charset=utf-8")
    if asked == "srt":
        return HttpResponse(subtitles.srt(output["segments"]), content_type="text/plain; charset=utf-8")
    if asked == "vtt":
        return HttpResponse(subtitles.vtt(output["segments"]), content_type="text/vtt; charset=utf-8")
    body = {"text": output["text"]} if asked == "json" else _verbose(output)
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


def _verbose(output: dict[str, Any]) -> dict[str, Any]:
    return {
        "task": "transcribe",
        "language": output["language"],
        "duration": output["duration_seconds"],
        "text": output["text"],
        "segments": [
            {
                "id": number,
                "seek": 0,
                "start": segment["start_seconds"],
                "end": segment["end_seconds"],
                "text": segment["text"],
                "tokens": [],
                "temperature": 0.0,
                "avg_logprob": segment.get("log_probability"),
                "compression_ratio": segment.get("compression"),
                "no_speech_prob": segment.get("no_speech"),
            }
            for number, segment in enumerate(output["segments"])
        ],
    }
