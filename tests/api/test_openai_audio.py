"""OpenAI's own SDK speaks through the house, unchanged; the tests play the worker's part."""

import asyncio
import json
from collections.abc import Callable

import openai
import pytest
from django.test import Client

from jobs.access import tokens
from jobs.api.openai_audio import OPENAI_VOICES
from jobs.runtime import parts
from jobs.runtime.cancel import cancel
from jobs.runtime.models import ErrorType, Status, Task
from tests.api.conftest import asgi_line

URL = "/v1/audio/speech"
TEXT = "こんにちは"


def speak_in(*pieces: bytes):
    def act(task):
        for number, piece in enumerate(pieces):
            parts.send(task.pk, number, piece)
        parts.send_end(task.pk, Status.SUCCESS, count=len(pieces))

    return act


@pytest.fixture
def sdk(transactional_db, web, owner) -> Callable[..., openai.OpenAI]:
    secret = tokens.issue(owner, name="sdk")[1]
    with openai.OpenAI(base_url=f"{web}/v1", api_key=secret, max_retries=0) as client:
        yield client


def test_the_sdk_gets_the_sound(sdk, worker):
    worker.does(speak_in(b"first", b"second"))

    answer = sdk.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)

    assert answer.content == b"firstsecond"
    task = Task.objects.get()
    assert task.inputs["text"] == TEXT
    assert task.inputs["format"] == "mp3"
    assert (task.function, task.source) == ("speech", "api")
    assert answer.response.headers["content-type"] == "audio/mpeg"
    assert answer.response.headers["x-request-id"] == str(task.pk)


def test_the_sdk_hears_the_first_part_while_the_second_is_still_to_be_made(sdk, worker):
    worker.does(lambda task: parts.send(task.pk, 0, b"first"))

    with sdk.audio.speech.with_streaming_response.create(model="tts-1", voice="nova", input=TEXT) as answer:
        heard = answer.iter_bytes()
        assert next(heard) == b"first"
        task = worker.tasks.get(timeout=20)
        parts.send(task.pk, 1, b"second")
        parts.send_end(task.pk, Status.SUCCESS, count=2)
        assert b"".join(heard) == b"second"


async def test_the_async_sdk_gets_the_sound_too(transactional_db, web, owner, worker):
    from asgiref.sync import sync_to_async

    worker.does(speak_in(b"first", b"second"))
    secret = (await sync_to_async(tokens.issue)(owner, name="sdk"))[1]

    async with (
        openai.AsyncOpenAI(base_url=f"{web}/v1", api_key=secret, max_retries=0) as client,
        client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="mei_normal", input=TEXT, response_format="opus"
        ) as answer,
    ):
        heard = [piece async for piece in answer.iter_bytes()]

    assert b"".join(heard) == b"firstsecond"


def test_a_file_can_be_written_as_the_sdks_manual_shows(sdk, worker, tmp_path):
    worker.does(speak_in(b"first", b"second"))

    with sdk.audio.speech.with_streaming_response.create(model="tts-1", voice="echo", input=TEXT) as answer:
        answer.stream_to_file(tmp_path / "speech.mp3")

    assert (tmp_path / "speech.mp3").read_bytes() == b"firstsecond"


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("mp3", "audio/mpeg"), ("opus", "audio/ogg"), ("wav", "audio/wav"), ("pcm", "audio/pcm")],
)
def test_each_format_has_its_content_type(sdk, worker, asked, sent):
    worker.does(speak_in(b"x"))

    answer = sdk.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=asked)

    assert answer.response.headers["content-type"] == sent
    assert Task.objects.get().inputs["format"] == asked


def test_openais_names_of_voices_mean_the_default_voice(sdk, worker):
    worker.does(speak_in(b"x"))

    for voice in sorted(OPENAI_VOICES):
        sdk.audio.speech.create(model="anything", voice=voice, input=TEXT)

    assert {task.inputs["voice"] for task in Task.objects.all()} == {"mei_normal"}


def test_speed_reaches_the_function(sdk, worker):
    worker.does(speak_in(b"x"))

    sdk.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, speed=2, instructions="")

    assert Task.objects.get().inputs["speed"] == 2.0


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("voice", "bob", openai.UnprocessableEntityError),
        ("voice", {"id": "voice_1234"}, openai.UnprocessableEntityError),
        ("response_format", "aac", openai.BadRequestError),
        ("response_format", "flac", openai.BadRequestError),
        ("speed", 0.25, openai.BadRequestError),
        ("speed", 4.0, openai.BadRequestError),
        ("stream_format", "sse", openai.BadRequestError),
        ("instructions", "whisper", openai.BadRequestError),
        ("input", "", openai.BadRequestError),
        ("input", "!?", openai.BadRequestError),
        ("model", "", openai.BadRequestError),
    ],
)
def test_what_is_not_done_here_is_refused_by_name(sdk, valkey, field, value, error):
    asked = {"model": "tts-1", "voice": "alloy", "input": TEXT, field: value}

    with pytest.raises(error) as refused:
        sdk.audio.speech.create(**asked)

    assert refused.value.param == field
    assert refused.value.type == "invalid_request_error"
    assert not Task.objects.exists()


def test_an_unknown_field_is_refused_by_name(sdk, valkey):
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, extra_body={"emotion": "joy"})

    assert refused.value.param == "emotion"


def test_a_bad_key_is_what_the_sdk_calls_an_authentication_error(sdk, valkey):
    with pytest.raises(openai.AuthenticationError) as refused:
        sdk.with_options(api_key="koe_wrong").audio.speech.create(model="tts-1", voice="alloy", input=TEXT)

    assert refused.value.code == "invalid_api_key"


def test_a_token_without_the_scope_is_what_the_sdk_calls_permission_denied(sdk, valkey, owner):
    secret = tokens.issue(owner, name="n", scopes=["tasks"])[1]

    with pytest.raises(openai.PermissionDeniedError):
        sdk.with_options(api_key=secret).audio.speech.create(model="tts-1", voice="alloy", input=TEXT)


def fail_as(error_type: str, message: str, *, field: str = ""):
    def act(task):
        Task.objects.filter(pk=task.pk).update(
            status=Status.FAILURE, error_type=error_type, error_message=message, error_field=field,
            error_code="told", completed_at=task.created_at,
        )  # fmt: skip
        parts.send_end(task.pk, Status.FAILURE)

    return act


def test_a_failure_before_the_first_part_is_an_error_that_the_sdk_does_not_repeat(sdk, worker):
    worker.does(fail_as(ErrorType.AI_SERVICE, "the engine did not answer"))

    with pytest.raises(openai.InternalServerError) as failed:
        sdk.with_options(max_retries=3).audio.speech.create(model="tts-1", voice="alloy", input=TEXT)

    assert failed.value.type == "server_error"
    assert Task.objects.count() == 1


def test_a_text_that_the_worker_refuses_is_the_clients_error(sdk, worker):
    worker.does(fail_as(ErrorType.DATA_VALIDATION, "nothing to read", field="text"))

    with pytest.raises(openai.BadRequestError) as refused:
        sdk.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)

    assert refused.value.param == "input"


def test_a_cancelled_task_is_a_conflict_that_the_sdk_does_not_repeat(sdk, worker):
    worker.does(cancel)

    with pytest.raises(openai.ConflictError):
        sdk.with_options(max_retries=3).audio.speech.create(model="tts-1", voice="alloy", input=TEXT)

    assert Task.objects.count() == 1


def test_a_failure_after_the_first_part_breaks_the_line_off(sdk, worker):
    """Half of a sound must not look like the whole."""
    worker.does(lambda task: parts.send(task.pk, 0, b"first"))

    with sdk.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input=TEXT) as answer:
        heard = answer.iter_bytes()
        assert next(heard) == b"first"
        fail_as(ErrorType.AI_SERVICE, "broken")(worker.tasks.get(timeout=20))
        with pytest.raises(Exception, match=r"(?i)incomplete|closed"):
            list(heard)


def test_the_same_key_gives_the_same_sound_once_made(sdk, worker):
    worker.does(speak_in(b"first", b"second"))
    again = {"Idempotency-Key": "one"}

    sounds = [
        sdk.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, extra_headers=again).content for _ in range(3)
    ]

    assert sounds == [b"firstsecond"] * 3
    assert Task.objects.count() == 1


def test_a_sound_that_was_erased_meanwhile_is_a_404(sdk, worker):
    def end_without_sound(task):
        Task.objects.filter(pk=task.pk).update(status=Status.SUCCESS, completed_at=task.created_at)
        parts.send_end(task.pk, Status.SUCCESS, count=0)

    worker.does(end_without_sound)

    with pytest.raises(openai.NotFoundError):
        sdk.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)


@pytest.mark.django_db(transaction=True)
def test_a_listener_who_leaves_frees_the_line_to_redis(owner, worker, valkey):
    worker.does(lambda task: parts.send(task.pk, 0, b"first"))
    secret = tokens.issue(owner, name="n")[1]
    asked = json.dumps({"model": "m", "voice": "alloy", "input": TEXT}).encode()

    async def listen_and_leave():
        line = asgi_line(URL, secret)
        await line.send_input({"type": "http.request", "body": asked})
        assert (await line.receive_output(20))["status"] == 200
        assert (await line.receive_output(20))["body"] == b"first"
        await line.send_input({"type": "http.disconnect"})
        await line.wait(20)

    def readers():
        # Redis takes notice of closed lines before it answers the question after this one.
        valkey.ping()
        return sum(one["cmd"] == "xread" for one in valkey.client_list())

    asyncio.run(listen_and_leave())

    assert readers() == 0


@pytest.mark.django_db(transaction=True)
def test_without_a_queue_the_listener_is_told_at_once(owner, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    client = Client(headers={"authorization": f"Bearer {tokens.issue(owner, name='n')[1]}"})

    answer = client.post(URL, {"model": "m", "voice": "alloy", "input": TEXT}, content_type="application/json")

    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert answer.json()["error"]["type"] == "server_error"
    # Nobody would come back for it.
    assert Task.objects.get().status == Status.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_without_a_queue_a_request_with_a_key_is_kept(owner, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    secret = tokens.issue(owner, name="n")[1]
    client = Client(headers={"authorization": f"Bearer {secret}", "idempotency-key": "one"})

    answer = client.post(URL, {"model": "m", "voice": "alloy", "input": TEXT}, content_type="application/json")

    assert answer.status_code == 503
    assert Task.objects.get().status == Status.PENDING


def test_multipart_is_refused(db, as_owner):
    answer = as_owner.post(URL, {"model": "m"})

    assert answer.status_code == 415
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_addresses_that_are_not_there_answer_in_openais_shape(db, as_owner):
    assert as_owner.get("/v1/models").json()["error"]["code"] == "not_found"
    wrong = as_owner.get(URL)
    assert wrong.status_code == 405
    assert wrong.json()["error"]["code"] == "method_not_allowed"
