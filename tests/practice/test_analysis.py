"""The function `analysis`: whose record it takes, how the record follows its task, and what stays."""

from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from jobs.access.models import Action, AuditEntry
from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.practice import retention, status
from jobs.practice.models import AnalysisResult, PracticeRecord, RecordStatus
from jobs.runtime import clock
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke, invoke_again, invoke_many
from jobs.runtime.models import Result, Source, Status, Task
from tests.practice.conftest import SENTENCE

pytestmark = pytest.mark.django_db(transaction=True)


def status_of(record):
    return PracticeRecord.objects.get(pk=record.pk).status


def test_a_record_is_queued_processed_and_analysed(analyse, record, ear, worker):
    seen = []
    ear.act = lambda: seen.append(status_of(record))

    task = analyse(record).task
    seen.insert(0, status_of(record))
    worker.work()

    record.refresh_from_db()
    assert [*seen, record.status] == ["ai_queued", "ai_processing", "ai_analyzed"]
    assert (record.task_id, ear.heard[0][1:]) == (task.pk, (SENTENCE, "ja"))
    assert ear.heard[0][0] == pytest.approx(16_000, rel=0.1)
    result = record.results.get()
    assert (result.task_id, result.overall_score, result.rhythm_score) == (task.pk, Decimal("81.50"), Decimal("66.67"))
    assert result.model_version == "ear/1 on a test"
    assert result.detailed_analysis.keys() >= {"phoneme_analysis", "timing_analysis", "pitch_analysis", "caps"}
    assert result.detailed_analysis["phoneme_analysis"]["phonemes"][0]["likely"]["label"] == "す"
    assert result.suggestions[0].startswith("『つ』が『す』に聞こえます。")
    assert result.detailed_analysis["findings"][0]["text"] == result.suggestions[0]
    assert result.improvement_areas
    assert "見積もった" in result.statement
    assert result.sentence_analyses[0]["text"] == SENTENCE
    assert result.parameters["analysis_type"] == "full"
    assert result.completed_at == Task.objects.get(pk=task.pk).completed_at


def test_the_result_outlives_its_task(analyse, record, worker):
    task = analyse(record).task
    worker.work()

    Task.objects.filter(pk=task.pk).delete()

    assert AnalysisResult.objects.get(task_id=task.pk).record == record
    record.refresh_from_db()
    assert (record.task, record.status) == (None, "ai_analyzed")


def test_a_gate_fails_the_task_by_its_name_and_frees_the_record(analyse, record, ear, worker):
    def refuse():
        raise InputRejected("recording", "silence", "the recording is silent")

    ear.act = refuse
    task = analyse(record).task

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.error_type) == ("failure", "data_validation_error")
    assert (task.error_code, task.error_field) == ("silence", "recording")
    assert status_of(record) == "recorded"
    assert not AnalysisResult.objects.exists()


def test_a_retry_waits_again(analyse, record, ear, worker):
    def fail():
        raise EngineUnavailable("ear", wait_seconds=60)

    ear.act = fail
    task = analyse(record).task

    worker.work()

    task.refresh_from_db()
    assert (task.status, status_of(record)) == ("retry", "ai_queued")


def test_cancelling_frees_the_record(analyse, record):
    task = analyse(record).task

    cancel(task)

    assert status_of(record) == "recorded"


def test_a_result_that_cannot_be_stored_leaves_neither_end_nor_half_a_result(analyse, record, ear, worker, monkeypatch):
    def fall(*_args, **_named):
        raise RuntimeError("the row is refused")

    monkeypatch.setattr(status.result, "store", fall)
    task = analyse(record).task

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.error_code) == ("failure", "not_stored")
    assert not AnalysisResult.objects.exists()
    assert not Result.objects.exists()
    assert status_of(record) == "recorded"


@pytest.mark.parametrize("door", ["one", "many"])
def test_nobody_elses_record_can_be_named(record, stranger, ear, valkey, door):
    inputs = {"practice_record_id": record.pk}

    ask = partial(invoke, "analysis", inputs) if door == "one" else partial(invoke_many, "analysis", [inputs])
    with pytest.raises(InvalidInput) as refused:
        ask(owner=stranger, source=Source.API)

    assert [(error.field, error.code) for error in refused.value.errors] == [("practice_record_id", "unknown_record")]
    assert (Task.objects.count(), status_of(record)) == (0, "recorded")


def test_a_record_is_queued_once(analyse, record):
    analyse(record)

    with pytest.raises(InvalidInput) as refused:
        analyse(record)

    assert refused.value.errors[0].code == "already_queued"
    assert Task.objects.count() == 1


@pytest.mark.parametrize(
    ("inputs", "field"),
    [({"analysis_type": "half"}, "analysis_type"), ({"model_version": "gpt"}, "model_version"), ({"x": 1}, "x")],
)
def test_what_is_asked_is_looked_at(analyse, record, inputs, field):
    with pytest.raises(InvalidInput) as refused:
        analyse(record, **inputs)

    assert refused.value.errors[0].field == field
    assert status_of(record) == "recorded"


def test_an_analysed_record_may_be_analysed_again(analyse, record, worker):
    first = analyse(record).task
    worker.work()
    first.refresh_from_db()

    invoke_again(first, source=Source.API)
    worker.work()

    assert record.results.count() == 2
    assert status_of(record) == "ai_analyzed"


def test_how_long_it_is_decides_the_queue(analyse, make_record, settings):
    short = analyse(make_record()).task
    settings.PRACTICE_INTERACTIVE_SECONDS = 0
    long = analyse(make_record()).task

    assert (short.queue, long.queue) == ("interactive", "bulk")


def test_listening_stands_in_the_audit_book(analyse, record, worker):
    task = analyse(record).task
    worker.work()

    entry = AuditEntry.objects.get(action=Action.RECORDING_ANALYSED)
    assert (entry.object_id, entry.details) == (str(record.pk), {"task": str(task.pk)})


def test_that_a_recording_left_the_house_stands_there_too(analyse, record, worker, settings):
    settings.PRONUNCIATION_BASE_URL = "https://judge.test"

    analyse(record)
    worker.work()

    assert AuditEntry.objects.get(action=Action.RECORDING_ANALYSED).details["sent_to"] == "https://judge.test"


def test_a_changed_file_is_refused(analyse, record, worker):
    with Path(default_storage.path(record.recording.name)).open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    task = analyse(record).task

    worker.work()

    task.refresh_from_db()
    assert (task.status, task.error_type, task.error_field) == ("failure", "data_validation_error", "recording")
    assert status_of(record) == "recorded"


def test_a_record_that_was_deleted_takes_its_analysis_with_it(analyse, record, worker):
    task = analyse(record).task

    retention.delete_record(PracticeRecord.objects.get(pk=record.pk))
    worker.work()

    task.refresh_from_db()
    assert task.status == Status.CANCELLED
    assert not default_storage.exists(record.recording.name)


def test_a_record_whose_task_ended_without_a_word_is_freed(analyse, record):
    task = analyse(record).task
    assert retention.free_stranded(clock.now(), 10) == 0

    Task.objects.filter(pk=task.pk).update(status=Status.FAILURE, completed_at=clock.now())

    assert retention.free_stranded(clock.now(), 10) == 1
    assert status_of(record) == RecordStatus.RECORDED
