"""A service's ears and voice as providers of the functions, and our own in their place when it does not answer."""

import numpy as np
import pytest

from jobs.runtime import uploads
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Artifact, Result, Source
from tests.engines.recordings import said
from tests.openai_service import serving
from tests.runtime.conftest import LocalWorker

pytestmark = pytest.mark.django_db(transaction=True)

BEEP = (np.sin(np.arange(24_000) / 5) * 8000).astype("<i2").tobytes()


@pytest.fixture
def service(settings, valkey):
    with serving() as service:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = service.url, "sk-test"
        settings.TRANSCRIPTION_MODELS = ["base", "openai/whisper-1"]
        yield service


@pytest.fixture
def run(valkey, owner):
    worker = LocalWorker("here:0:1:1")

    def run(function, **inputs):
        task = invoke(function, inputs, owner=owner, source=Source.API).task
        worker.work()
        task.refresh_from_db()
        assert task.status == "success", task.error
        return Result.objects.get(task=task).output

    return run


@pytest.fixture
def recording(owner):
    return uploads.store(owner, [said("はい、わかりました。")], field="recording").pk


def test_a_service_writes_down_what_was_said(service, run, recording):
    service.says(text="はい", language="japanese", duration=1.7)

    output = run("transcription", recording=recording, model="openai/whisper-1")

    assert (output["text"], output["engine"], output["model_version"]) == ("はい", "openai", "openai whisper-1")
    assert output["served"]["skipped"] == []


def test_our_own_model_hears_when_the_service_does_not(service, run, recording, model_folder):
    service.status = 503

    output = run("transcription", recording=recording, model="openai/whisper-1")

    assert output["engine"] == "whisper"
    assert output["text"].startswith("はい")
    assert output["served"]["skipped"] == [{"provider": "openai", "why": "unavailable"}]


def test_nothing_leaves_the_house_unless_it_is_asked_for(service, run, recording, model_folder):
    run("transcription", recording=recording)
    run("speech", text="はい。")

    assert service.asked == []


def test_a_services_voice_reads_the_text_as_we_would(service, run):
    service.body, service.headers = BEEP, {"Content-Type": "audio/pcm"}

    output = run("speech", text="はい。https://example.com/ を見て", voice="openai_nova", speed=1.5)

    [asked] = service.asked
    assert asked.path == "/v1/audio/speech"
    assert asked.fields | {"input": ""} == {
        "model": "tts-1", "input": "", "voice": "nova", "response_format": "pcm", "speed": 1.5,
    }  # fmt: skip
    assert "example.com" not in asked.fields["input"]
    assert (output["voice"], output["voices"]) == ("openai_nova", ["openai_nova"])
    assert output["duration_seconds"] == pytest.approx(1.0, abs=0.01)
    assert output["credit"] == "AI-generated voice (tts-1)"
    assert output["served"] == {"provider": "openai", "skipped": [], "cached": False}
    assert Artifact.objects.get().bytes > 1000


def test_the_same_words_are_asked_for_once(service, run):
    service.body, service.headers = BEEP, {"Content-Type": "audio/pcm"}

    first, again = (run("speech", text="はい。", voice="openai_nova") for _ in range(2))

    assert (first["cached"], again["cached"], len(service.asked)) == (False, True, 1)


@pytest.mark.parametrize(("status", "why"), [(500, "unavailable"), (401, "refused")])
def test_our_own_voice_reads_when_the_services_does_not(service, run, status, why):
    service.status = status

    output = run("speech", text="はい。", voice="openai_nova")

    assert output["voices"] == ["mei_normal"]
    assert output["credit"].startswith('HTS Voice "Mei"')
    assert output["served"] == {
        "provider": "builtin", "skipped": [{"provider": "openai", "why": why}], "cached": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "field"), [({"voice": "openai_nobody"}, "voice"), ({"voice": "openai_nova", "pitch": 2}, "pitch")]
)
def test_what_a_service_cannot_do_is_refused_at_once(service, owner, inputs, field):
    with pytest.raises(InvalidInput) as refused:
        invoke("speech", {"text": "はい。", **inputs}, owner=owner, source=Source.API)

    assert [error.field for error in refused.value.errors] == [field]


def test_without_a_key_there_are_no_such_voices(valkey, owner):
    with pytest.raises(InvalidInput):
        invoke("speech", {"text": "はい。", "voice": "openai_nova"}, owner=owner, source=Source.API)
