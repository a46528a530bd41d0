"""Transcription as a function: recordings of our own voices, silence, and what is refused at once."""

import numpy as np
import pytest

from jobs.runtime import uploads
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Result, Source, Upload
from tests.engines.recordings import said, sound
from tests.runtime.conftest import LocalWorker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(valkey):
    return LocalWorker("here:0:1:1")


@pytest.fixture
def hear(valkey, owner, worker, model_folder):
    def hear(data, **inputs):
        upload = uploads.store(owner, [data], field="recording")
        task = invoke("transcription", {"recording": upload.pk, **inputs}, owner=owner, source=Source.API).task
        worker.work()
        task.refresh_from_db()
        return task

    return hear


def test_a_voice_note_becomes_its_words_with_times(hear):
    task = hear(said("明日の会議は、午後三時から始まりますよ。"))

    output = Result.objects.get(task=task).output
    assert task.status == "success"
    assert output["text"] == "明日の会議は午後3時から始まりますよ"
    assert output["language"] == "ja"
    assert output["engine"] == "whisper"
    assert output["model_version"].startswith("whisper-r1 base-1.0.0 int8 faster-whisper-1.2.1")
    [segment] = output["segments"]
    assert 0 <= segment["start_seconds"] < segment["end_seconds"] <= output["duration_seconds"]
    assert -1 < segment["log_probability"] < 0
    assert 0 < segment["compression"] < 2.4
    assert 0 <= segment["no_speech"] < 0.6
    assert task.queue == "interactive"
    assert [step for step, _seconds in task.steps] == ["decoding", "listening"]


def test_silence_is_an_empty_text(hear):
    task = hear(sound(np.zeros(48_000)))

    assert Result.objects.get(task=task).output | {"model_version": "", "served": {}} == {
        "text": "", "language": "", "language_confidence": None, "duration_seconds": 1.0, "segments": [],
        "model_version": "", "engine": "whisper", "served": {},
    }  # fmt: skip


def test_a_long_recording_waits_in_the_queue_of_long_things(hear, settings):
    settings.TRANSCRIPTION_INTERACTIVE_SECONDS = 0

    assert hear(sound(np.zeros(48_000))).queue == "bulk"


def test_nobody_but_the_owner_can_name_a_file(hear, owner, stranger):
    upload = uploads.store(owner, [sound(np.zeros(48_000))], field="recording")

    with pytest.raises(InvalidInput) as caught:
        invoke("transcription", {"recording": upload.pk}, owner=stranger, source=Source.API)

    assert [(error.field, error.code) for error in caught.value.errors] == [("recording", "unknown_file")]


@pytest.mark.parametrize(
    ("inputs", "field", "code"),
    [
        ({"language": "klingon"}, "language", "unknown_language"),
        ({"model": "/etc"}, "model", "unknown_model"),
        ({"recording": "nothing"}, "recording", "uuid_parsing"),
        ({"recording": "0192f0a4-0000-7000-8000-000000000000"}, "recording", "unknown_file"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(valkey, owner, inputs, field, code):
    upload = uploads.store(owner, [sound(np.zeros(4800))], field="recording")

    with pytest.raises(InvalidInput) as caught:
        invoke("transcription", {"recording": upload.pk, **inputs}, owner=owner, source=Source.API)

    assert [(error.field, error.code) for error in caught.value.errors] == [(field, code)]


def test_a_recording_that_is_gone_is_the_ends_of_its_task_not_of_the_worker(valkey, owner, worker):
    upload = uploads.store(owner, [sound(np.zeros(4800))], field="recording")
    task = invoke("transcription", {"recording": upload.pk}, owner=owner, source=Source.API).task
    uploads.discard(Upload.objects.get())

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.error_code, task.error_field) == ("failure", "file_gone", "recording")
