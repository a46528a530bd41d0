"""The pages as a browser gets them: who sees what, in which words, and nothing that the policy forbids."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils import translation
from django.utils.timezone import localtime

from jobs.access import links
from jobs.access.models import Action, AuditEntry
from jobs.runtime import queue, stats
from jobs.runtime.models import ErrorType, Source, Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.telling import Telling
from tests.live.conftest import CREDIT, NOON, TEXT, add_attempt

WORDS = {
    "ja": ["待機中", "処理中", "再試行", "完了", "失敗", "取り消し"],
    "en": ["waiting", "processing", "retrying", "done", "failed", "cancelled"],
}


def text_of(response) -> str:
    """Return the words of a page, as a reader sees them."""
    body = re.sub(r"<head>.*?</head>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


class Policy(HTMLParser):
    """Collects whatever the content security policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.offences: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "style" or (tag == "script" and not found.get("src")):
            self.offences.append(f"inline <{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.offences.append(f"{tag} {name}")
            is_address = name in {"src", "href", "action"}
            if is_address and (value or "").startswith(("http:", "https:", "//", "javascript:")):
                own = (value or "").startswith("http://testserver/")
                self.offences += [] if own else [f"{tag} {name}={value}"]


def keeps_the_policy(response) -> bool:
    policy = Policy()
    policy.feed(response.content.decode())
    assert policy.offences == []
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    return True


# Who sees a task's page


@pytest.mark.parametrize("path", ["", "/card"])
def test_the_owner_staff_and_a_link_open_a_task_and_nobody_else(make_task, browser, owner, stranger, staff, path):
    task, other = make_task(), make_task()
    page = f"/tasks/{task.pk}{path}"
    good = f"{page}?link={links.page_link(task.pk)}"
    foreign = f"{page}?link={links.page_link(other.pk)}"
    ended = f"{page}?link={links.page_link(task.pk, issued_at=datetime.now(UTC) - timedelta(days=1))}"

    answers = {
        "owner": browser(owner).get(page).status_code,
        "staff": browser(staff).get(page).status_code,
        "stranger": browser(stranger).get(page).status_code,
        "link": browser().get(good).status_code,
        "stranger with link": browser(stranger).get(good).status_code,
        "link of another task": browser().get(foreign).status_code,
        "ended link": browser().get(ended).status_code,
        "owner with an ended link": browser(owner).get(ended).status_code,
    }

    assert answers == {
        "owner": 200, "staff": 200, "stranger": 404, "link": 200, "stranger with link": 200,
        "link of another task": 404, "ended link": 404, "owner with an ended link": 200,
    }  # fmt: skip


def test_foreign_and_unknown_tasks_look_alike(make_task, browser, stranger):
    visitor = browser(stranger)

    foreign = visitor.get(f"/tasks/{make_task().pk}")
    unknown = visitor.get(f"/tasks/{uuid.uuid4()}")

    assert foreign.status_code == unknown.status_code == 404
    without_ids = [re.sub(r'value="[^"]*"', "", answer.content.decode()) for answer in (foreign, unknown)]
    assert without_ids[0] == without_ids[1]


def test_somebody_without_login_or_link_is_asked_to_log_in_whatever_the_id(make_task, browser):
    for task_id in (make_task().pk, uuid.uuid4()):
        answer = browser().get(f"/tasks/{task_id}")

        assert answer.status_code == 302
        assert answer["Location"] == f"/login/?next=/tasks/{task_id}"


def test_a_fragment_never_answers_with_the_login_page(make_task, browser):
    assert browser().get(f"/tasks/{make_task().pk}/card").status_code == 404


def test_personal_pages_are_kept_by_no_cache(make_task, browser, owner):
    for page in ("/", "/account/", f"/tasks/{make_task().pk}", "/recent"):
        assert "no-store" in browser(owner).get(page)["Cache-Control"]


# What the page of a task says


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_state_has_its_word(make_task, browser, owner, language):
    said = []
    for status in (
        Status.PENDING, Status.PROCESSING, Status.RETRY, Status.SUCCESS, Status.FAILURE, Status.CANCELLED
    ):  # fmt: skip
        page = browser(owner, language=language).get(f"/tasks/{make_task(status).pk}")
        pills = re.findall(r'<span class="pill pill-(\w+)">(.*?)</span>', page.content.decode())
        said.append(pills[0][1])
        assert {state for state, _word in pills} == {status.value}

    assert said == WORDS[language]


def test_a_running_task_shows_what_was_asked_the_bar_and_its_steps(make_task, browser, owner):
    task = make_task(
        Status.PROCESSING, progress=64, current_step="synthesis", step=2, total_steps=3,
        steps=[["analysis", 0.0], ["synthesis", 0.07]],
    )  # fmt: skip

    page = browser(owner).get(f"/tasks/{task.pk}")

    words = text_of(page)
    assert f"「{TEXT}」" in words
    assert "音声を合成しています（2 / 3）" in words
    assert (
        "✓ 受け付けました 0.0 s ✓ 作業を始めました 0.02 s ✓ 文の解析 0.02 s ● 音声の合成 2 / 3 0.09 s ○ 保存" in words
    )
    assert 'role="progressbar" max="100" value="64"' in page.content.decode()
    assert 'aria-valuenow="64"' in page.content.decode()
    assert "取り消す" in words


def test_a_waiting_task_shows_its_place_and_how_long_it_may_take(make_task, browser, owner):
    before, task = make_task(), make_task()
    for each in (before, task):
        queue.send(each)
    stats.beat({"here:1": {"host": "here", "pid": 1, "lane": "all", "task": None}})
    told = Telling()
    told.run("speech", 20.0)
    told.send()

    words = text_of(browser(owner).get(f"/tasks/{task.pk}"))

    assert "順番を待っています（前に 1 件）" in words
    assert "あと 40 秒ほど" in words


def test_a_waiting_task_says_when_nobody_is_there_to_run_it(make_task, browser, owner):
    task = make_task()
    queue.send(task)

    assert "ワーカーが動き出すのを待っています" in text_of(browser(owner).get(f"/tasks/{task.pk}"))


def test_a_finished_task_offers_its_sound_with_all_that_belongs_to_it(make_sound, browser, owner):
    page = browser(owner).get(f"/tasks/{make_sound(kept_until=datetime.now(UTC) + timedelta(seconds=301)).pk}")

    html, words = page.content.decode(), text_of(page)
    assert re.search(r'<audio controls preload="metadata" src="http://testserver/api/v1/tasks/[^"]+"></audio>', html)
    assert "autoplay" not in html
    assert "3.5 秒 · Ogg/Opus · 27 kB · 5 分後に消えます" in words
    assert "声: " + CREDIT.replace('"', "&quot;") in words
    assert 'download="speech.ogg"' in html
    assert "もう一度" in words


def test_raw_samples_are_a_file_because_no_browser_plays_them(make_sound, browser, owner):
    task = make_sound()
    task.artifacts.update(name="speech.pcm", content_type="audio/pcm")

    html = browser(owner).get(f"/tasks/{task.pk}").content.decode()

    assert "<audio" not in html
    assert 'download="speech.pcm"' in html


def test_a_failure_says_what_happened_what_was_kept_and_what_to_do(make_task, browser, owner):
    task = make_task(
        Status.FAILURE, attempt=3, deaths=3, error_type=ErrorType.RESOURCE, error_code="worker_died",
        error_message="the worker died while it ran the task", kept_until=datetime.now(UTC) + timedelta(days=7),
    )  # fmt: skip
    for number in (1, 2, 3):
        add_attempt(task, number, Outcome.DIED, error_type=ErrorType.RESOURCE, error_code="worker_died")

    words = text_of(browser(owner).get(f"/tasks/{task.pk}"))

    assert "作業の途中でワーカーが続けて止まりました。" in words
    assert "送った内容は残っていて、もう一度実行できます（7 日後に消えます）。" in words
    assert "もう一度試してください。" in words
    assert str(task.pk) in words
    assert "✕ 3 回目は失敗：ワーカーが止まりました" in words


def test_a_retry_shows_why_and_that_another_attempt_follows(make_task, browser, owner):
    task = make_task(Status.RETRY, not_before=NOON)
    add_attempt(task, 1, Outcome.RETRY, error_type=ErrorType.NETWORK)

    words = text_of(browser(owner).get(f"/tasks/{task.pk}"))

    assert "✕ 1 回目は失敗：必要な相手につながりませんでした。" in words
    assert "○ もう一度試す" in words


def test_a_retry_that_is_far_off_says_from_when(make_task, browser, owner):
    far, near = datetime.now(UTC) + timedelta(minutes=10), datetime.now(UTC) + timedelta(seconds=2)

    shown = {
        at: browser(owner).get(f"/tasks/{make_task(Status.RETRY, not_before=at).pk}").content.decode()
        for at in (far, near)
    }

    assert f"{localtime(far):%H:%M}</time> 以降" in shown[far]
    assert "以降" not in shown[near]


@pytest.mark.parametrize("attempts", [0, 1])
def test_a_cancelled_task_says_so_once(make_task, browser, owner, attempts):
    task = make_task(Status.CANCELLED, attempt=attempts)
    if attempts:
        add_attempt(task, 1, Outcome.CANCELLED)

    assert text_of(browser(owner).get(f"/tasks/{task.pk}")).count("✕") == 1


def test_a_function_that_left_the_code_still_has_a_page(make_task, browser, owner):
    task = make_task(Status.FAILURE, function="gone", inputs={"what": 1}, error_type="x", error_code="no_function")

    assert "この機能は、いま動いている版にはありません。" in text_of(browser(owner).get(f"/tasks/{task.pk}"))


def test_without_scripts_the_page_shows_the_moment_and_a_way_to_look_again(make_task, browser, owner):
    running, ended = make_task(Status.PROCESSING), make_task(Status.CANCELLED)
    visitor = browser(owner)

    assert f'<a class="button" href="/tasks/{running.pk}">' in visitor.get(f"/tasks/{running.pk}").content.decode()
    assert "<noscript>" not in visitor.get(f"/tasks/{ended.pk}").content.decode()


# What a reader may do


def test_the_holder_of_a_link_changes_nothing(make_task, browser):
    task = make_task(Status.PROCESSING)
    link = f"?link={links.page_link(task.pk)}"

    page = browser().get(f"/tasks/{task.pk}{link}")

    assert "取り消す" not in text_of(page)
    for act in ("cancel", "again"):
        assert browser().post(f"/tasks/{task.pk}/{act}{link}").status_code == 404
    task.refresh_from_db()
    assert task.status == Status.PROCESSING


def test_an_owner_cancels_and_it_is_written_down(make_task, browser, owner):
    task = make_task(Status.PENDING)

    answer = browser(owner).post(f"/tasks/{task.pk}/cancel", follow=True)

    assert answer.redirect_chain == [(f"/tasks/{task.pk}", 302)]
    assert "取り消しました" in text_of(answer)
    entry = AuditEntry.objects.get(action=Action.TASK_CANCELLED)
    assert (entry.actor, entry.object_id) == (owner, str(task.pk))


def test_cancelling_what_has_ended_shows_how_it_ended(make_sound, browser, owner):
    task = make_sound()

    answer = browser(owner).post(f"/tasks/{task.pk}/cancel", follow=True)

    assert "完了" in text_of(answer)
    assert not AuditEntry.objects.exists()


def test_an_owner_runs_a_finished_task_again(make_sound, browser, owner):
    task = make_sound()

    answer = browser(owner).post(f"/tasks/{task.pk}/again")

    again = Task.objects.get(retried_from=task)
    assert answer["Location"] == f"/tasks/{again.pk}"
    assert (again.owner, again.inputs["text"], again.source) == (owner, TEXT, Source.PAGE)
    assert AuditEntry.objects.get().details == {"again": str(again.pk)}


def test_what_was_erased_cannot_run_again(make_task, browser, owner):
    task = make_task(Status.SUCCESS, inputs={"text": ""})

    answer = browser(owner).post(f"/tasks/{task.pk}/again", follow=True)

    assert "このタスクはもう一度実行できません。" in text_of(answer)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("act", ["cancel", "again"])
def test_a_stranger_changes_nothing_and_nothing_happens_by_a_link_alone(make_task, browser, owner, stranger, act):
    task = make_task(Status.PROCESSING)

    assert browser(stranger).post(f"/tasks/{task.pk}/{act}").status_code == 404
    assert browser(owner).get(f"/tasks/{task.pk}/{act}").status_code == 405


def test_forms_of_foreign_pages_are_refused(make_task, owner):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(owner)
    task = make_task(Status.PENDING)

    for path in ("/", f"/tasks/{task.pk}/cancel", "/account/", "/logout/", "/language/"):
        assert careful.post(path, {"text": "x"}).status_code == 403, path
    task.refresh_from_db()
    assert task.status == Status.PENDING


# Texts of people


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</textarea><script>alert(1)</script>",
        "{{ 7 }}{% csrf_token %}",
        "'-alert(1)-'",
        "javascript:alert(1)",
        "</title><svg onload=alert(1)>",
        "\u202e\u2066reversed",
    ],
)
def test_a_text_stays_a_text(make_task, browser, owner, text):
    task = make_task(Status.FAILURE, inputs={"text": text}, error_type="x", error_message=text, current_step=text)

    for page in (f"/tasks/{task.pk}", f"/tasks/{task.pk}/card", "/", "/recent"):
        answer = browser(owner).get(page)
        assert keeps_the_policy(answer)
        assert "<script>alert" not in answer.content.decode()
        assert "onerror=alert(1)>" not in answer.content.decode()


def test_a_rejected_text_comes_back_unharmed(valkey, browser, owner):
    answer = browser(owner).post("/", {"text": "</textarea><script>alert(1)</script>", "speed": "99"})

    assert answer.status_code == 422
    assert keeps_the_policy(answer)
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;</textarea>" in answer.content.decode()


def test_a_long_text_is_shown_by_its_beginning(make_task, browser, owner):
    task = make_task(inputs={"text": "あ" * 1000})

    assert "あ" * 140 + "…」" in text_of(browser(owner).get(f"/tasks/{task.pk}"))


def test_every_page_keeps_the_policy(make_sound, make_task, browser, owner, staff):
    tasks = [make_sound()] + [make_task(status) for status in Status]

    for visitor in (browser(), browser(owner), browser(staff, language="en")):
        for page in ("/", "/login/", "/account/", "/nothing", *(f"/tasks/{task.pk}" for task in tasks)):
            answer = visitor.get(page, follow=True)
            assert keeps_the_policy(answer), page


# The other pages


@pytest.mark.parametrize("language", ["ja", "en"])
def test_errors_look_like_the_rest_and_say_what_to_do(db, browser, owner, language, rf):
    from django.views import defaults
    from django.views.csrf import csrf_failure

    missing = browser(owner, language=language).get("/nothing")
    assert missing.status_code == 404
    with translation.override(language):
        request = rf.get("/")
        for answer in (
            defaults.server_error(request),
            defaults.bad_request(request, ValueError()),
            defaults.permission_denied(request, PermissionError()),
            csrf_failure(request),
        ):
            assert "koebako.css" in answer.content.decode()
            assert "Django" not in answer.content.decode()


def test_a_reader_chooses_the_language_and_keeps_it(db, browser):
    visitor = browser(language="ja")
    assert "声の箱" in text_of(visitor.get("/"))

    answer = visitor.post("/language/", {"language": "en", "next": "/"}, follow=True)

    assert "A box for voices" in text_of(answer)
    assert '<html lang="en">' in answer.content.decode()


def test_a_person_logs_in_and_out(db, browser, owner):
    visitor = browser()

    wrong = visitor.post("/login/", {"username": "hana", "password": "no"})
    right = visitor.post("/login/", {"username": "hana", "password": "correct horse battery", "next": "/account/"})
    asked = visitor.get("/logout/")
    is_still_in = visitor.get("/account/").status_code == 200
    gone = visitor.post("/logout/")["Location"], visitor.get("/logout/")["Location"]

    assert "名前とパスワードが合っていません。" in text_of(wrong)
    assert right["Location"] == "/account/"
    assert "hana" in text_of(asked)
    assert is_still_in
    assert gone == ("/", "/")


def test_logging_in_leads_to_no_foreign_place(db, browser, owner):
    answer = browser().post(
        "/login/", {"username": "hana", "password": "correct horse battery", "next": "https://evil.test/"}
    )

    assert answer["Location"] == "/"


@pytest.mark.parametrize("function", ["weather", "speech", "transcription"])
def test_what_did_not_answer_is_not_called_what_it_is_not(make_task, browser, owner, function):
    """Speech is made by one engine, the weather is told by another."""
    task = make_task(
        Status.FAILURE, function=function, inputs={}, error_type="ai_service_error", error_code="engine_unavailable"
    )

    content = browser(owner, language="en").get(f"/tasks/{task.pk}").content.decode()

    assert "the service that does the work did not answer" in content
    assert "speech engine" not in content
