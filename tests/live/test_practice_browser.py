"""The pages of practice in a real browser, on rows and one real upload: drawn, listened to, recorded, waited for."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from jobs.practice.models import PracticeRecord, RecordStatus
from jobs.runtime.models import Status, Task
from tests.live import practice_rows as rows

# Its fixtures stand in for the engine and for a worker.
from tests.practice.conftest import ear, worker  # noqa: F401

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("valkey"),
    pytest.mark.django_db(transaction=True),
    # A browser that leaves closes lines that the test's server still writes to.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
]  # fmt: skip
PATIENCE_MILLISECONDS = 30_000
WIDE, PHONE = {"width": 1280, "height": 844}, {"width": 390, "height": 844}

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no chromium here: set CHROMIUM to one, or install Debian's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def hana(chromium: Browser, live_server: Any, owner: Any) -> Iterator[Callable[..., Page]]:
    """Open a page where hana has logged in; a script's error or a broken policy fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    client = Client()
    client.force_login(owner)

    def open_page(path: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, **{"viewport": WIDE, "locale": "en-US", **options})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def session(transactional_db: None, owner: Any) -> Any:
    return rows.session(owner, "月曜日")


def page_of(record: PracticeRecord) -> str:
    return f"/practice/{record.session_id}/records/{record.pk}"


def test_a_result_is_drawn_and_its_bars_are_chosen_by_hand_and_by_key(session: Any, hana: Callable[..., Page]) -> None:
    record = rows.record(session)
    rows.result(record)

    page = hana(page_of(record))

    bars = page.locator(".sound")
    expect(bars).to_have_count(len(rows.KANA))
    expect(page.locator(".wave-bars").first).to_be_attached()
    assert [bar.get_attribute("aria-label") for bar in bars.all()][6] == "つ: 38 points to practise, heard as “す”"
    assert page.locator(".strip-pause:not(.is-expected)").get_attribute("title") == "pause 0.6 s"

    bars.nth(6).click()
    expect(page.locator(".stopper")).to_be_visible()
    expect(page.locator(".sound.sounding")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".stopper")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".sound:focus")).to_have_attribute("data-unit", "7")
    page.keyboard.press("Home")
    expect(page.locator(".strip-said")).to_contain_text("きょ: 96 points good (ky 96, o 96)")
    page.locator(".advice button").nth(1).click()
    expect(page.locator(".strip-said")).to_contain_text("は: 12 points to practise, left out")
    expect(page.locator(".stopper")).to_be_visible()


@pytest.mark.usefixtures("ear")
def test_a_recording_is_sent_waited_for_and_its_result_appears_by_itself(
    session: Any,
    hana: Callable[..., Page],
    worker: Any,  # noqa: F811
) -> None:
    page = hana(f"/practice/{session.pk}")
    page.fill("#sentence", "つきがきれいです")
    page.set_input_files("#recording", {"name": "me.webm", "mimeType": "audio/webm", "buffer": rows.BEEP})
    page.click("#send")

    page.wait_for_url("**/records/*")
    expect(page.locator("#state .pill")).to_have_text("waiting")
    record = PracticeRecord.objects.get()
    assert (record.bytes, record.status) == (len(rows.BEEP), RecordStatus.AI_QUEUED)
    listing = hana(f"/practice/{session.pk}")
    expect(listing.locator(".records .pill")).to_have_text("waiting")
    worker.work()

    expect(page.locator(".overall")).to_contain_text("82 / 100 good")
    expect(page.locator(".sound")).to_have_count(1)
    expect(page.locator("#plain-sound")).to_have_count(0)
    # The first figures of a session draw no line yet: they stand in the table, which is open.
    expect(listing.locator("#trend-table")).to_have_attribute("open", "")


def test_one_records_listens_and_sends_in_the_browser(session: Any, hana: Callable[..., Page]) -> None:
    page = hana(f"/practice/{session.pk}", permissions=["microphone"])
    page.fill("#sentence", "つきがきれいです")
    page.uncheck("[name=analyse]")

    page.click("#record")
    # The fake microphone beeps once a second.
    expect(page.locator("#recorder-state")).to_contain_text("Recording 1 / 120 s")
    page.click("#record")
    expect(page.locator("#recorder-state")).to_contain_text("Recorded")
    page.click("#listen")
    expect(page.locator("#listen")).to_contain_text("Stop")
    page.click("#send")

    page.wait_for_url("**/records/*")
    record = PracticeRecord.objects.get()
    assert (record.content_type, record.status) == ("audio/webm", RecordStatus.RECORDED)
    assert 0.9 < record.seconds < 10
    assert not Task.objects.exists()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_every_page_fits_its_window_and_every_target_a_thumb(
    session: Any, hana: Callable[..., Page], size: Any, scheme: Any
) -> None:
    done, running, failed = (rows.record(session) for _ in range(3))
    long = rows.record(session, sentence="とてもながいぶん" * 40)
    rows.result(done)
    rows.result(long, 91.0)
    rows.task(running, Status.PROCESSING, progress=43, current_step="phonemes")
    rows.task(failed, Status.FAILURE, error_type="data_validation_error", error_code="silence")
    page = hana("/practice/", viewport=size, color_scheme=scheme)

    for path in ("/practice/", f"/practice/{session.pk}", *(page_of(each) for each in (done, long, running, failed))):
        page.goto(path)
        if path == page_of(done):
            expect(page.locator(".sound")).to_have_count(len(rows.KANA))
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        small = page.eval_on_selector_all(
            "button, textarea, summary, input, select, a.button, .session, .record-sentence, .above a, .foot a",
            """found => found.filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 43.9
                                             && !each.closest(".check"))
                             .map(each => each.outerHTML)""",
        )
        assert small == [], path


def test_without_scripts_the_figures_stand_in_the_table(session: Any, hana: Callable[..., Page]) -> None:
    record = rows.record(session)
    rows.result(record)

    page = hana(page_of(record), java_script_enabled=False)

    page.locator("#sounds-table summary").click()
    expect(page.locator("#sounds-table tbody tr")).to_have_count(len(rows.KANA))
    expect(page.locator("audio")).to_be_visible()
    expect(page.locator("#strip")).to_be_hidden()
    page.get_by_role("button", name="Hear the reference voice").click()
    page.wait_for_url("**/tasks/*")
