"""The page of a recording that was written down: its words with their times, in two languages, and never its sound."""

import pytest

from jobs.runtime.models import ErrorType, Result, Status
from tests.live.conftest import NOON
from tests.live.test_pages import keeps_the_policy, text_of

OUTPUT = {
    "text": "こんにちは。<b>はい</b>。",
    "language": "ja",
    "duration_seconds": 75.0,
    "segments": [
        {"start_seconds": 0.4, "end_seconds": 1.5, "text": "こんにちは。"},
        {"start_seconds": 65.25, "end_seconds": 70.0, "text": "<b>はい</b>。"},
    ],
}
UPLOAD_ID = "0192f0a4-0000-7000-8000-000000000000"


@pytest.fixture
def page(make_task, browser, owner):
    def page(output=OUTPUT, *, language="en"):
        task = make_task(
            Status.SUCCESS,
            function="transcription",
            progress=100,
            inputs={"recording": UPLOAD_ID, "language": "auto", "model": None},
        )
        Result.objects.create(task=task, output=output, processing_seconds=1.0, created_at=NOON)
        return browser(owner, language=language).get(f"/tasks/{task.pk}")

    return page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Transcription", "What was said", "Japanese · 1 min 15 s", "With times"]),
        ("ja", ["文字起こし", "話された内容", "日本語 · 1 分 15 秒", "時刻つき"]),
    ],
)
def test_the_text_and_its_times_are_shown(page, language, words):
    answer = page(language=language)

    shown = text_of(answer)
    assert keeps_the_policy(answer)
    assert "0:00 こんにちは。" in shown
    assert "1:05 &lt;b&gt;はい&lt;/b&gt;。" in shown
    assert [word for word in words if word not in shown] == []


def test_the_recording_has_no_address(page):
    answer = page().content.decode()

    assert UPLOAD_ID not in answer
    assert "<audio" not in answer
    assert "uploads" not in answer


def test_silence_is_said_in_words(page):
    assert "Nobody speaks in this recording." in text_of(page(OUTPUT | {"text": "", "segments": [], "language": ""}))


def test_an_hour_has_times_with_hours(page):
    assert "0:01:05" in text_of(page(OUTPUT | {"duration_seconds": 3600.0}))


@pytest.mark.parametrize("output", [{"erased": True}, {}, [], {"segments": 3}, {"segments": [], "text": None}])
def test_a_page_without_a_text_is_shown_all_the_same(page, output):
    answer = page(output)

    assert answer.status_code == 200
    assert "What was said" not in text_of(answer)


def test_a_recording_that_could_not_be_read_is_told_in_words_for_people(make_task, browser, owner):
    task = make_task(
        Status.FAILURE,
        function="transcription",
        inputs={"recording": UPLOAD_ID},
        error_type=ErrorType.DATA_VALIDATION,
        error_code="not_audio",
        error_field="recording",
    )

    shown = text_of(browser(owner, language="en").get(f"/tasks/{task.pk}"))

    assert "What was sent is no recording that can be read." in shown
    assert "Send another file: WAV, MP3" in shown
    assert "What you sent is not kept any more." in shown
