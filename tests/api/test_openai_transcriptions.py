"""OpenAI's own SDK has recordings written down by the house, unchanged; the tests play the worker's part."""

import io
from collections.abc import Callable

import numpy as np
import openai
import pytest
import requests

from jobs.access import tokens
from jobs.runtime.models import ErrorType, Result, Status, Task, Upload
from jobs.runtime.signals import task_changed
from tests.engines.recordings import sound

URL = "/v1/audio/transcriptions"
RECORDING = sound(np.zeros(48_000), "wav")
OUTPUT = {
    "text": "こんにちは。A & B <3",
    "language": "ja",
    "language_confidence": 0.9,
    "duration_seconds": 3661.5,
    "segments": [
        {
            "start_seconds": 0.0,
            "end_seconds": 1.5,
            "text": "こんにちは。",
            "log_probability": -0.25,
            "compression": 0.9,
            "no_speech": 0.02,
        },
        # As an engine that does not tell, or an older version of ours, has stored it.
        {"start_seconds": 3659.25, "end_seconds": 3661.5, "text": "A & B <3"},
    ],
}


def say(output=OUTPUT):
    def act(task):
        Result.objects.create(task=task, output=output, processing_seconds=1.0, created_at=task.created_at)
        end(task, Status.SUCCESS)

    return act


def end(task, status, **values):
    Task.objects.filter(pk=task.pk).update(status=status, completed_at=task.created_at, **values)
    task.refresh_from_db()
    task_changed.send(Task, task=task, position=None)


@pytest.fixture
def sdk(transactional_db, web, owner) -> Callable[..., openai.OpenAI]:
    secret = tokens.issue(owner, name="sdk")[1]
    with openai.OpenAI(base_url=f"{web}/v1", api_key=secret, max_retries=0) as client:
        yield client


def transcribe(sdk, data=RECORDING, **asked):
    return sdk.audio.transcriptions.create(**{"model": "whisper-1", "file": ("note.wav", io.BytesIO(data)), **asked})


def test_the_sdk_gets_the_text(sdk, worker):
    worker.does(say())

    answer = transcribe(sdk)

    assert answer.text == OUTPUT["text"]
    task = Task.objects.get()
    upload = Upload.objects.get()
    assert (task.function, task.source, task.queue) == ("transcription", "api", "interactive")
    assert task.inputs == {"recording": str(upload.pk), "language": "auto", "model": None}
    with upload.file.open() as stored:
        assert stored.read() == RECORDING
    assert (upload.content_type, upload.seconds, upload.bytes) == ("audio/wav", 1.0, len(RECORDING))


def test_the_sdk_gets_times_in_the_verbose_form(sdk, worker):
    worker.does(say())

    answer = transcribe(sdk, response_format="verbose_json", timestamp_granularities=["segment"], language="ja")

    assert (answer.language, answer.duration, answer.text) == ("ja", 3661.5, OUTPUT["text"])
    assert [(each.id, each.start, each.end, each.text) for each in answer.segments] == [
        (0, 0.0, 1.5, "こんにちは。"),
        (1, 3659.25, 3661.5, "A & B <3"),
    ]
    first, second = answer.segments
    assert (first.avg_logprob, first.compression_ratio, first.no_speech_prob) == (-0.25, 0.9, 0.02)
    assert (second.avg_logprob, second.compression_ratio, second.no_speech_prob) == (None, None, None)
    assert Task.objects.get().inputs["language"] == "ja"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("text", "こんにちは。A & B <3\n"),
        (
            "srt",
            "1\n00:00:00,000 --> 00:00:01,500\nこんにちは。\n\n2\n01:00:59,250 --> 01:01:01,500\nA & B <3\n",
        ),
        (
            "vtt",
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nこんにちは。\n\n01:00:59.250 --> 01:01:01.500\nA &amp; B &lt;3\n",
        ),
    ],
)
def test_the_sdk_gets_plain_text_and_subtitles(sdk, worker, form, text):
    worker.does(say())

    assert transcribe(sdk, response_format=form) == text


def test_silence_is_an_empty_text(sdk, worker):
    worker.does(say(OUTPUT | {"text": "", "segments": [], "language": ""}))

    assert transcribe(sdk).text == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("response_format", "diarized_json"),
        ("prompt", "Names: Hana"),
        ("temperature", 0.7),
        ("stream", True),
        ("timestamp_granularities", ["word"]),
        ("language", "klingon"),
        ("model", ""),
    ],
)
def test_what_is_not_done_here_is_refused_by_name(sdk, valkey, field, value):
    with pytest.raises(openai.BadRequestError) as refused:
        transcribe(sdk, **{field: value})

    assert refused.value.param == field
    assert not Task.objects.exists()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"this is no sound", "not_audio"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.wav\n", "not_audio"),
        (b"RIFF\x00\x00\x00\x00WAVE", "not_audio"),
        (RECORDING[:40], "not_audio"),
    ],
)
def test_what_is_no_recording_is_refused_by_name(sdk, valkey, data, code):
    with pytest.raises(openai.BadRequestError) as refused:
        transcribe(sdk, data)

    assert (refused.value.param, refused.value.code) == ("file", code)
    assert not Upload.objects.exists()


def test_a_form_without_a_file_is_refused_by_name(web, transactional_db, owner, valkey):
    headers = {"Authorization": f"Bearer {tokens.issue(owner, name='n')[1]}"}

    answer = requests.post(web + URL, headers=headers, files={"model": (None, "whisper-1")}, timeout=20)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


def test_json_is_refused(db, as_owner):
    answer = as_owner.post(URL, {"model": "m"}, content_type="application/json")

    assert answer.status_code == 415
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_recording_that_the_worker_cannot_read_is_the_clients_error(sdk, worker):
    worker.does(
        lambda task: end(
            task,
            Status.FAILURE,
            error_type=ErrorType.DATA_VALIDATION,
            error_field="recording",
            error_code="not_audio",
            error_message="no sound",
        )
    )

    with pytest.raises(openai.BadRequestError) as refused:
        transcribe(sdk)

    assert refused.value.param == "file"


def test_a_failure_is_an_error_that_the_sdk_does_not_repeat(sdk, worker):
    worker.does(lambda task: end(task, Status.FAILURE, error_type=ErrorType.AI_SERVICE, error_message="away"))

    with pytest.raises(openai.InternalServerError):
        transcribe(sdk.with_options(max_retries=3))

    assert Task.objects.count() == 1


def test_the_same_key_and_recording_give_the_same_text_once_made(sdk, worker):
    worker.does(say())
    again = {"Idempotency-Key": "one"}

    texts = [transcribe(sdk, extra_headers=again).text for _ in range(2)]

    assert texts == [OUTPUT["text"]] * 2
    assert Task.objects.count() == Upload.objects.count() == 1


def test_another_recording_under_the_same_key_is_refused(sdk, worker):
    worker.does(say())
    again = {"Idempotency-Key": "one"}
    transcribe(sdk, extra_headers=again)

    with pytest.raises(openai.APIStatusError) as refused:
        transcribe(sdk, sound(np.zeros(96_000), "wav"), extra_headers=again)

    assert refused.value.code == "key_reused"
    assert Upload.objects.count() == 1


def test_a_bad_key_is_what_the_sdk_calls_an_authentication_error(sdk, valkey):
    with pytest.raises(openai.AuthenticationError):
        transcribe(sdk.with_options(api_key="koe_wrong"))
