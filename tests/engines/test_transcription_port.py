"""What every transcription engine promises its callers, on each provider; and what a service's errors become."""

import tempfile

import pytest

from jobs.engines.errors import EngineRefused, EngineUnavailable, InputRejected
from jobs.engines.media.kinds import OGG
from jobs.engines.transcription.openai_transcriber import OpenAITranscriber
from jobs.engines.transcription.recording import Recording
from jobs.engines.transcription.whisper import Whisper
from tests.engines.recordings import said
from tests.openai_service import serving

WORDS = "はい、わかりました。"


@pytest.fixture
def service():
    with serving() as service:
        yield service


def remote(service, **options):
    return OpenAITranscriber(base_url=service.url, api_key="sk-test", model="whisper-1", **options)


@pytest.fixture
def recording():
    with tempfile.TemporaryFile() as file:
        file.write(said(WORDS))
        file.flush()
        yield Recording(file, OGG, field="recording", max_seconds=60)


@pytest.fixture(params=["whisper", "openai"])
def engine(request, service, model_folder):
    if request.param == "whisper":
        return Whisper("base", folder=model_folder)
    sure = {"avg_logprob": -0.2, "compression_ratio": 0.9, "no_speech_prob": 0.01}
    segment = {"id": 0, "start": 0.2, "end": 1.4, "text": " はい、わかりました。", **sure}
    service.says(text=WORDS, language="japanese", duration=1.71, segments=[segment])
    return remote(service)


# The contract


def test_what_was_said_is_told_with_times_and_language(engine, recording):
    told = []

    heard = engine.transcribe(recording, progress=told.append)

    assert heard.language == "ja"
    assert heard.text.startswith("はい")
    assert heard.text == "".join(segment.text for segment in heard.segments)
    assert all(0 <= each.start_seconds <= each.end_seconds <= heard.duration_seconds for each in heard.segments)
    assert all(each.log_probability < 0 < each.compression and 0 <= each.no_speech < 0.6 for each in heard.segments)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_a_language_that_is_given_is_told_back_without_a_guess(engine, recording):
    heard = engine.transcribe(recording, language="ja")

    assert (heard.language, heard.language_confidence) == ("ja", None)


def test_a_language_that_there_is_not_is_refused_by_field(engine, recording):
    with pytest.raises(InputRejected) as refused:
        engine.transcribe(recording, language="klingon")

    assert (refused.value.field, refused.value.code) == ("language", "unknown_language")


def test_its_version_names_engine_and_model(engine):
    assert {"whisper", "openai"} & set(engine.version.replace("-", " ").split())


# A service


def test_the_recording_is_sent_as_it_came_under_a_name_of_ours(service, recording):
    service.says(text="x")

    remote(service).transcribe(recording, language="ja-JP")

    [asked] = service.asked
    assert (asked.path, asked.authorization) == ("/v1/audio/transcriptions", "Bearer sk-test")
    assert asked.fields == {"model": "whisper-1", "response_format": "verbose_json", "language": "ja"}
    assert (asked.file_name, asked.file_type) == ("recording.ogg", "audio/ogg")
    assert asked.file == said(WORDS)


def test_a_text_without_times_is_one_segment(service, recording):
    service.says(text=" hello ", duration=1.5)

    [segment] = remote(service).transcribe(recording).segments

    assert (segment.start_seconds, segment.end_seconds, segment.text) == (0.0, 1.5, "hello")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_may_work_later_is_unavailable_for_as_long_as_it_says(service, recording, status):
    service.status = status
    service.headers["Retry-After"] = "7"

    with pytest.raises(EngineUnavailable) as away:
        remote(service).transcribe(recording)

    assert away.value.wait_seconds == 7


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413])
def test_what_will_not_work_is_refused(service, recording, status):
    service.status = status
    service.headers["Location"] = service.url

    with pytest.raises(EngineRefused):
        remote(service).transcribe(recording)

    assert len(service.asked) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 1}', b'{"text": "x", "segments": [1]}'])
def test_an_answer_that_is_none_is_unavailable(service, recording, body):
    service.body = body

    with pytest.raises(EngineUnavailable):
        remote(service).transcribe(recording)


def test_a_service_that_drips_is_left_when_the_time_is_over(service, recording):
    service.body, service.drip_seconds = b" " * 100, 0.2

    with pytest.raises(EngineUnavailable):
        remote(service, timeout_seconds=0.5).transcribe(recording)


def test_a_service_that_is_not_there_is_unavailable(recording):
    engine = OpenAITranscriber(base_url="http://127.0.0.1:1", api_key="k", model="m")

    with pytest.raises(EngineUnavailable):
        engine.transcribe(recording)
