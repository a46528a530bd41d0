"""The pages of practice as a browser gets them: whose they are, what they say, what the forms do."""

import json
import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape

from jobs.access import links
from jobs.access.models import Action, AuditEntry
from jobs.live import practice_reference, practice_result, practice_trend
from jobs.practice.models import PracticeRecord, PracticeSession, RecordStatus
from jobs.runtime.models import Status, Task
from tests.live import practice_rows as rows
from tests.live.test_pages import keeps_the_policy, text_of

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def session(owner):
    return rows.session(owner, "月曜日")


def page(of, rest: str = "") -> str:
    if isinstance(of, PracticeSession):
        return f"/practice/{of.pk}{rest}"
    return f"/practice/{of.session_id}/records/{of.pk}{rest}"


def upload(data: bytes = rows.BEEP, name: str = "me.webm", **fields):
    return {"sentence": rows.SENTENCE, "language": "ja", "recording": SimpleUploadedFile(name, data), **fields}


# Whose they are


def test_everybody_sees_their_own_alone_and_staff_look_at_records_under_audit(session, browser, owner, stranger, staff):
    record = rows.record(session)
    looks = [page(session), page(session, "/list"), page(record), page(record, "/card")]
    acts = [page(session, "/delete"), page(record, "/delete"), page(record, "/analyse"), page(record, "/cancel")]

    assert [browser(owner).get(path).status_code for path in looks] == [200] * 4
    assert [browser(stranger).get(path).status_code for path in looks] == [404] * 4
    assert [browser(staff).get(path).status_code for path in looks] == [404, 404, 200, 200]
    for other in (stranger, staff):
        assert [browser(other).post(path).status_code for path in acts] == [404] * 4
    assert PracticeRecord.objects.filter(pk=record.pk, status=RecordStatus.RECORDED).exists()
    # The page, and the card that its script asks for.
    looks = AuditEntry.objects.filter(action=Action.PRACTICE_VIEWED)
    assert [(look.actor, look.object_id) for look in looks] == [(staff, str(record.pk))] * 2
    assert "stands in the audit book" in text_of(browser(staff, language="en").get(page(record)))


def test_nobody_is_asked_to_log_in_and_a_fragment_never_answers_with_the_login_page(session, browser):
    assert browser().get("/practice/")["Location"] == "/login/?next=/practice/"
    assert browser().get(page(session))["Location"] == f"/login/?next={page(session)}"
    assert browser().get(page(session, "/list")).status_code == 404


# What the forms do


def test_a_session_is_begun_and_deleted_with_what_is_in_it(browser, owner):
    visitor = browser(owner, language="en")

    begun = visitor.post("/practice/", {"title": " Monday  morning "})
    session = PracticeSession.objects.get(owner=owner)
    rows.record(session)
    gone = visitor.post(page(session, "/delete"), follow=True)

    assert begun["Location"] == page(session)
    assert session.title == "Monday morning"
    assert "The session and its 1 recording are deleted." in text_of(gone)
    assert not PracticeRecord.objects.exists()
    assert AuditEntry.objects.filter(action=Action.RECORDING_DELETED, object_id=str(session.pk)).exists()
    assert visitor.post("/practice/", {"title": "x" * 121}).status_code == 422


def test_a_recording_is_added_and_analysed_at_once_with_advice_in_the_readers_language(session, browser, owner):
    answer = browser(owner, language="zh-TW,zh;q=0.9,en;q=0.5").post(page(session), upload(analyse="on"))

    record = PracticeRecord.objects.get()
    assert answer["Location"] == page(record)
    assert (record.sentence, record.status) == (rows.SENTENCE, RecordStatus.AI_QUEUED)
    task = Task.objects.get()
    assert (task.function, task.source, task.inputs["feedback_language"]) == ("analysis", "page", "zh-TW")
    shown = browser(owner).get(page(record))
    assert f"/api/v1/tasks/ws/task/{task.pk}" in shown.content.decode()
    assert "待機中" in text_of(shown)

    cancelled = browser(owner).post(page(record, "/cancel"), follow=True)

    assert "取り消し" in text_of(cancelled)
    record.refresh_from_db()
    assert record.status == RecordStatus.RECORDED


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"sentence": "  "}, "Please fill this in."),
        ({"sentence": "あ" * 1001}, "This is too long."),
        ({"language": "fr"}, "Please choose one of the list."),
        ({"recording": ""}, "Please record the sentence, or choose a file."),
        ({"recording": SimpleUploadedFile("me.mp3", b"no sound at all")}, "Choose another file"),
    ],
)
def test_what_cannot_be_taken_is_said_beside_its_field_and_the_sentence_stays(session, browser, owner, sent, words):
    answer = browser(owner, language="en").post(page(session), {**upload(), **sent})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert keeps_the_policy(answer)
    assert not PracticeRecord.objects.exists()
    if "sentence" not in sent:
        assert f">{rows.SENTENCE}</textarea>" in answer.content.decode()


def test_all_of_a_session_is_analysed_but_for_what_a_gate_has_refused(session, browser, owner):
    fresh = [rows.record(session) for _ in range(2)]
    refused, done = rows.record(session), rows.record(session)
    rows.task(refused, Status.FAILURE, error_type="data_validation_error", error_code="silence")
    rows.result(done)

    browser(owner).post(page(session, "/analyse"))

    queued = PracticeRecord.objects.filter(status=RecordStatus.AI_QUEUED)
    assert set(queued) == set(fresh)


def test_the_reference_voice_is_made_once_for_the_same_words(session, browser, owner, staff):
    record = rows.record(session)
    ask = {"path": page(record, "/reference"), "headers": {"accept": "application/json"}}

    answers = [browser(owner).post(**ask).json() for _ in range(2)]

    task = Task.objects.get(function="speech")
    assert answers == [{"url": "", "isOver": False}] * 2
    assert (task.inputs["text"], task.inputs["voice"]) == (rows.SENTENCE, "mei_normal")
    assert browser(owner).post(page(record, "/reference"))["Location"] == f"/tasks/{task.pk}"
    PracticeRecord.objects.update(language="zh-TW")
    assert browser(owner).post(**ask).status_code == 404


# What they say


def test_a_failed_analysis_says_in_plain_words_what_to_do(session, browser, owner):
    record = rows.record(session)
    rows.task(record, Status.FAILURE, error_type="data_validation_error", error_code="other_sentence")

    words = text_of(browser(owner, language="en").get(page(record)))
    listed = text_of(browser(owner, language="en").get(page(session)))

    assert "This seems to be another sentence, or another language." in words
    assert "Record it again" in words
    assert "Compare the sentence above" in listed


def test_a_result_stands_in_words_and_in_a_table_for_who_has_no_script(session, browser, owner):
    record = rows.record(session)
    rows.result(record, 74.0)

    answer = browser(owner, language="en").get(page(record))

    words = text_of(answer)
    assert keeps_the_policy(answer)
    assert "74 / 100 fair" in words
    assert "58 to practise" in words
    assert all(f"<td>{score} " in answer.content.decode() for score in rows.SCORES)
    assert "heard as “す”" in words
    assert "left out" in words
    assert rows.ADVICE[0] in words
    assert "1 pause too many (0.6 s)" in words
    assert "no clinical measurement" in words
    assert "gop-ctc-ja/1" in words
    assert "CC BY 3.0" in words
    assert "<audio controls" in answer.content.decode()


def test_a_result_outlives_its_recording(session, browser, owner):
    record = rows.record(session)
    rows.result(record)
    PracticeRecord.objects.update(recording="", key_id="")

    answer = browser(owner).get(page(record))

    assert "<audio" not in answer.content.decode()
    assert "data-strip=" in answer.content.decode()


def test_staff_who_may_not_listen_get_no_address_of_the_recording(session, browser, stranger):
    from django.contrib.auth.models import Permission

    record = rows.record(session)
    rows.result(record)
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_practicerecord"))

    answer = browser(stranger).get(page(record))

    assert answer.status_code == 200
    assert "/recording?" not in answer.content.decode()


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "{{ 7 }}{% now %}"])
def test_a_sentence_and_a_title_stay_texts(browser, owner, text):
    session = rows.session(owner, text)
    record = rows.record(session, sentence=text)
    analysis = rows.detailed()
    analysis["phoneme_analysis"]["units"][3]["label"] = text
    rows.result(record, analysis=analysis)

    for path in ("/practice/", page(session), page(record)):
        answer = browser(owner).get(path)
        assert keeps_the_policy(answer)
        assert escape(text) in answer.content.decode()
    strip = re.search(r'data-strip="([^"]*)"', answer.content.decode())
    assert strip is not None
    assert json.loads(unescape(strip[1]))["units"][3]["label"] == text


# Figures


def test_a_trend_has_the_newest_result_of_each_record_in_one_query(session, owner, django_assert_num_queries):
    first, second = rows.record(session), rows.record(session)
    for record, overall in ((second, 90.0), (first, 40.0), (first, 62.5)):
        rows.result(record, overall)
    empty = rows.session(owner)

    with django_assert_num_queries(1):
        found = practice_trend.trends([session.pk, empty.pk])

    points = found[session.pk].points
    assert [(point.number, point.overall, point.level) for point in points] == [(1, 62.5, "fair"), (2, 90.0, "good")]
    assert found[session.pk].path == f"M8 {practice_trend.height(62.5):g} L592 {practice_trend.height(90):g}"
    assert (found[empty.pk].path, found[empty.pk].last) == ("", None)


def test_sounds_do_not_reach_into_pauses(session):
    analysis = rows.detailed()
    unit = analysis["phoneme_analysis"]["units"][10]
    # As the model's bounds are: side by side, so that one of them has all of the silence.
    unit["start_seconds"] = 1.62

    shown = practice_result.of(rows.result(rows.record(session), analysis=analysis), "ja")

    assert [(sound.start, sound.end) for sound in shown.sounds[10:11]] == [(2.2, unit["end_seconds"])]


def test_where_the_reference_begins_is_believed_or_reckoned():
    timing = {"units_per_second": 4.0, "reference_units_per_second": 8.0, "pauses": []}
    units = [{"start_seconds": 0.2 * n, "end_seconds": 0.2 * (n + 1), "length_ratio": 1.0} for n in range(3)]

    reckoned = practice_reference.reference_starts(units, timing)
    told = practice_reference.reference_starts([{**units[0], "reference_start_seconds": 0.31}, *units[1:]], timing)

    # Half as fast as the reference: each sound takes half as long there.
    assert reckoned == pytest.approx([0.1, 0.2, 0.3])
    assert told == pytest.approx([0.31, 0.41, 0.51])


def test_the_page_of_the_task_shows_the_scores_and_leads_its_owner_to_the_record(session, browser, owner):
    record = rows.record(session)
    task = rows.task(record, Status.FAILURE)
    result = rows.result(record, 74.0)
    type(result).objects.filter(pk=result.pk).update(task_id=task.pk)
    Task.objects.filter(pk=task.pk).update(status=Status.SUCCESS)

    mine = browser(owner, language="en").get(f"/tasks/{task.pk}")
    guest = browser(language="en").get(f"/tasks/{task.pk}?link={links.page_link(task.pk)}")

    for answer in (mine, guest):
        assert keeps_the_policy(answer)
        assert "74 / 100 fair" in text_of(answer)
        assert "no clinical measurement" in text_of(answer)
    assert page(record) in mine.content.decode()
    assert str(record.pk) not in guest.content.decode()


def test_the_admin_leads_to_the_page_of_a_record(session, browser, staff):
    record = rows.record(session)

    answer = browser(staff).get(f"/admin/practice/practicerecord/{record.pk}/change/")

    assert f'href="{page(record)}"' in answer.content.decode()
