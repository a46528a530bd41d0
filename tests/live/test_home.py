"""The start page: what can be run, a form that speaks a sentence, one's own last tasks."""

import re

import pytest

from jobs.live.speak_form import SpeakForm
from jobs.runtime.models import Source, Status, Task
from tests.live.test_pages import text_of

pytestmark = pytest.mark.usefixtures("valkey", "db")


def test_a_visitor_reads_what_this_is_and_what_it_can(browser):
    words = text_of(browser().get("/"))

    assert "声箱は文を読み上げ" in words
    assert "日本語と英語はそれぞれの声で読みます。" in words
    assert "CC BY 3.0" in words
    assert "後片付け" not in words


def test_staff_see_what_only_staff_may_run(browser, staff):
    assert "後片付け" in text_of(browser(staff).get("/"))


def test_a_sentence_is_accepted_and_its_page_opens(browser, owner):
    answer = browser(owner).post("/", {"text": "  こんにちは。 ", "speed": "1.2", "pitch": "-3", "format": "mp3"})

    task = Task.objects.get()
    assert answer["Location"] == f"/tasks/{task.pk}"
    assert (task.function, task.owner, task.source) == ("speech", owner, Source.PAGE)
    inputs = {name: task.inputs[name] for name in ("text", "speed", "pitch", "format")}
    assert inputs == {"text": "こんにちは。", "speed": 1.2, "pitch": -3.0, "format": "mp3"}


def test_what_is_left_empty_takes_the_functions_own_default(browser, owner):
    browser(owner).post("/", {"text": "こんにちは。", "speed": "", "pitch": "", "format": ""})

    assert Task.objects.get().inputs["speed"] == 1.0


def test_a_second_press_finds_the_task_of_the_first(browser, owner):
    visitor, form = browser(owner), {"text": "こんにちは。", "key": "abc123"}

    first, second = visitor.post("/", form), visitor.post("/", form)

    assert first["Location"] == second["Location"]
    assert Task.objects.count() == 1


def test_going_back_and_sending_another_text_is_another_task(browser, owner):
    visitor = browser(owner)

    visitor.post("/", {"text": "こんにちは。", "key": "abc123"})
    visitor.post("/", {"text": "さようなら。", "key": "abc123"})

    assert Task.objects.count() == 2


def test_a_text_with_nothing_to_read_is_told_at_its_field(browser, owner):
    answer = browser(owner).post("/", {"text": "！？…"})

    assert answer.status_code == 422
    assert 'aria-describedby="text-error"' in answer.content.decode()
    assert "この文には読み上げられるところがありません。" in text_of(answer)
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "japanese", "english"),
    [
        ("text", "", "ここを入力してください。", "Please fill this in."),
        ("text", "あ" * 20_000, "一度に読み上げるには長すぎます。分けてください。", "This text is too long to be read"),
        ("speed", "9", "大きすぎます。", "This is more than what is possible."),
        ("speed", "fast", "数を入力してください。", "Please enter a number."),
        ("speed", "inf", "大きすぎます。", "This is more than what is possible."),
        ("pitch", "-99", "小さすぎます。", "This is less than what is possible."),
        ("format", "flac", "一覧から選んでください。", "Please choose one of the list."),
    ],
)
def test_bad_input_is_told_at_its_field_in_the_readers_language(browser, owner, field, value, japanese, english):
    form = {"text": "こんにちは。", field: value}

    for language, sentence in (("ja", japanese), ("en", english)):
        answer = browser(owner, language=language).post("/", form)
        assert answer.status_code == 422
        errors = re.findall(r'<p class="error"[^>]*>(.*?)</p>', answer.content.decode())
        assert len(errors) == 1
        assert errors[0].startswith(sentence)
    assert not Task.objects.exists()


def test_nobody_speaks_without_a_login(browser):
    answer = browser().post("/", {"text": "こんにちは。"})

    assert answer["Location"] == "/login/?next=/"
    assert not Task.objects.exists()


def test_the_list_shows_ones_own_tasks_with_their_states(make_task, browser, owner, stranger):
    make_task(Status.CANCELLED, inputs={"text": "わたしの文"})
    make_task(owner=stranger, inputs={"text": "ほかの人の文"})

    for page in ("/", "/recent"):
        words = text_of(browser(owner).get(page))
        assert "わたしの文" in words
        assert "取り消し" in words
        assert "ほかの人の文" not in words
    assert browser().get("/recent").status_code == 404


def test_the_form_takes_bounds_and_choices_from_the_function():
    form = SpeakForm()

    assert form.speed == {"least": "0.5", "most": "2", "value": "1"}
    assert form.pitch == {"least": "-12", "most": "12", "value": "0"}
    assert [name for name, _words, _chosen in form.formats] == ["opus", "wav", "mp3"]
