"""The pages in a real browser, on the whole house: type a sentence, watch it, hear it; with and without a network."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, WebSocketRoute, expect, sync_playwright

from tests.flows.house import Stack, eventually

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
WIDE, PHONE = {"width": 1000, "height": 820}, {"width": 390, "height": 820}
SENTENCE = "明日の会議は午後三時から始まりますよ。"
# Some seconds of work in a dozen breath groups.
LONG_TEXT = "吾輩は猫である。名前はまだ無い。どこで生れたか、とんと見当がつかぬ。" * 4
PATIENCE_MILLISECONDS = 60_000

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM and not os.environ.get("CI"):
        pytest.skip("no chromium here: set CHROMIUM to one, or install Debian's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page of a fresh browser; whatever it complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(**options: Any) -> Page:
        defaults: dict[str, Any] = {"viewport": WIDE, "locale": "ja-JP", "timezone_id": "Asia/Tokyo"}
        context = chromium.new_context(**{**defaults, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("console", lambda line: complaints.append(line.text) if _is_violation(line.text) else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _is_violation(text: str) -> bool:
    return "Content Security Policy" in text or "Refused to" in text


@pytest.fixture(scope="module")
def cookies(stack: Stack, chromium: Browser) -> Any:
    """What a browser holds once hana has logged in by hand."""
    name, password = stack.login("hana")
    page = chromium.new_page()
    page.goto(f"{stack.url}/login/")
    page.fill("#username", name)
    page.fill("#password", password)
    page.click("main button")
    page.wait_for_url(f"{stack.url}/")
    state = page.context.storage_state()
    page.close()
    return state


@pytest.fixture
def hana(stack: Stack, visitor: Callable[..., Page], cookies: Any) -> Callable[..., Page]:
    """Open the start page where hana has logged in."""

    def open_page(**options: Any) -> Page:
        page = visitor(storage_state=cookies, **options)
        page.goto(stack.url)
        return page

    return open_page


def speak(page: Page, stack: Stack, text: str) -> None:
    page.goto(stack.url)
    page.fill("#text", text)
    page.click("form.fields .main")
    page.wait_for_url("**/tasks/*")


def state(page: Page) -> str:
    return page.locator("#state .pill").inner_text()


def audio(page: Page, what: str) -> Any:
    return page.eval_on_selector("audio", f"audio => audio.{what}")


def until(page: Page, what: str, is_so: Callable[[Any], Any]) -> None:
    # Not wait_for_function: the pages' policy forbids the eval it needs.
    eventually(lambda: is_so(audio(page, what)), what=f"{what} of the sound is as expected")


def test_a_sentence_is_typed_watched_and_heard(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()

    speak(page, stack, LONG_TEXT)
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("#happening")).to_contain_text("音声を合成しています")
    expect(page.locator("[aria-current=step]")).to_contain_text("音声の合成")
    expect(page.locator("#state .pill")).to_have_text("完了")

    expect(page.locator("[role=progressbar]")).to_have_attribute("aria-valuenow", "100")
    expect(page.locator("#live")).to_be_hidden()
    expect(page.locator("#said")).to_contain_text("完了")
    assert audio(page, "paused"), "a sound plays when asked, never by itself"
    expect(page.locator("[data-sound]")).to_contain_text("CC BY 3.0")

    page.get_by_role("button", name="再生").click()
    until(page, "currentTime", lambda at: at > 0.3)
    expect(page.get_by_role("button", name="停止")).to_be_visible()


def test_the_seek_bar_follows_a_click_and_the_keyboard(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()
    speak(page, stack, SENTENCE)
    # Until then the card may come anew, and with it another slider.
    expect(page.locator("#state .pill")).to_have_text("完了")
    seek = page.get_by_role("slider")
    expect(seek).to_be_visible()
    until(page, "duration", lambda length: length and length > 1)

    box = seek.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, "currentTime", lambda at: at > 0.5)
    middle = audio(page, "currentTime")
    assert middle == pytest.approx(audio(page, "duration") / 2, rel=0.1)

    seek.press("ArrowRight")
    until(page, "currentTime", lambda at: at > middle)
    seek.press("Home")
    until(page, "currentTime", lambda at: at == 0)


def test_a_running_task_is_cancelled_by_its_button(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()
    task_id = stack.invoke("toy_wait", seconds=60)
    page.goto(f"{stack.url}/tasks/{task_id}")
    expect(page.locator("#state .pill")).to_have_text("処理中")

    page.get_by_role("button", name="取り消す").click()

    expect(page.locator("#state .pill")).to_have_text("取り消し")
    page.get_by_role("button", name="もう一度").click()
    page.wait_for_url(lambda url: task_id not in url)
    page.get_by_role("button", name="取り消す").click()


def test_a_failure_and_a_retry_are_shown_without_a_reload(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()
    task_id = stack.invoke("toy_bad", word="x")

    page.goto(f"{stack.url}/tasks/{task_id}")

    expect(page.locator("#state .pill")).to_have_text("失敗")
    expect(page.get_by_role("heading", name="できませんでした")).to_be_visible()
    expect(page.locator("dl")).to_contain_text(task_id)


def test_the_start_page_moves_its_list_by_itself(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()

    stack.invoke("toy_echo", word="x")

    expect(page.locator("#recent li").first).to_contain_text("toy_echo")
    expect(page.locator("#recent li").first.locator(".pill")).to_have_text("完了")


def test_the_start_page_misses_nothing_between_its_text_and_its_socket(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()

    def late(route: Route) -> None:
        stack.finished(stack.invoke("toy_quick", word="x"))
        route.continue_()

    # The script that opens the socket comes when the page has been written.
    page.route("**/static/home.js", late)
    page.reload()

    expect(page.locator("#recent li").first).to_contain_text("toy_quick")
    expect(page.locator("#recent li").first.locator(".pill")).to_have_text("完了")


def test_a_broken_line_is_said_and_mended(stack: Stack, hana: Callable[..., Page]) -> None:
    page, lines = hana(), []

    def meet(route: WebSocketRoute) -> None:
        lines.append(route)
        route.connect_to_server()

    page.route_web_socket(re.compile("/ws/task/"), meet)
    task_id = stack.invoke("toy_wait", seconds=20)
    page.goto(f"{stack.url}/tasks/{task_id}")
    expect(page.locator("#live")).to_have_text("live")

    lines[0].close(code=1011)

    expect(page.locator("#live")).to_have_text("再接続中")
    expect(page.locator("#live")).to_have_text("live")
    assert len(lines) == 2
    page.get_by_role("button", name="取り消す").click()


def test_without_any_socket_the_page_polls_to_the_end(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()
    page.route_web_socket(re.compile("/ws/task/"), lambda route: route.close(code=1011))

    task_id = stack.invoke("toy_wait", seconds=6)
    page.goto(f"{stack.url}/tasks/{task_id}")

    expect(page.locator("#live")).to_have_text("定期確認")
    expect(page.locator("#state .pill")).to_have_text("完了")
    expect(page.locator("#live")).to_be_hidden()


def test_without_scripts_the_moment_is_shown_and_the_sound_can_be_heard(
    stack: Stack, hana: Callable[..., Page]
) -> None:
    page = hana(java_script_enabled=False)
    running = stack.invoke("toy_wait", seconds=10)
    page.goto(f"{stack.url}/tasks/{running}")
    expect(page.get_by_role("link", name="ページを読み込み直す")).to_be_visible()

    spoken = stack.invoke("speech", text=SENTENCE)
    stack.finished(spoken)
    page.goto(f"{stack.url}/tasks/{spoken}")

    assert state(page) == "完了"
    expect(page.locator("audio[controls]")).to_be_visible()
    expect(page.locator(".seek")).to_be_hidden()


def test_a_link_shows_the_task_to_anybody_and_lets_nobody_change_it(stack: Stack, visitor: Callable[..., Page]) -> None:
    page = visitor(locale="en-GB", viewport=PHONE)
    task_id = stack.invoke("toy_wait", seconds=6)

    page.goto(stack.task(task_id)["page_url"])

    expect(page.locator("#live")).to_have_text("live")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.locator("#state .pill")).to_have_text("done")
    expect(page.get_by_role("button", name="Again")).to_have_count(0)


def test_a_text_full_of_markup_stays_a_text(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()

    speak(page, stack, "危険<img src=x onerror=alert(1)><script>alert(2)</script>\"'>{{7*7}}")
    expect(page.locator("#state .pill")).to_have_text("完了")

    expect(page.locator(".asked")).to_contain_text("<img src=x onerror=alert(1)>")
    page.goto(stack.url)
    expect(page.locator("#recent li").first).to_contain_text("<script>alert(2)</script>")


def test_moments_are_shown_in_the_readers_zone_with_its_name(stack: Stack, hana: Callable[..., Page]) -> None:
    stack.finished(stack.invoke("toy_echo", word="x"))

    page = hana(locale="en-GB", timezone_id="America/New_York")

    moment = page.locator("#recent time").first
    expect(moment).to_have_attribute("title", re.compile("GMT-[45]|E[SD]T"))


def test_a_reader_changes_the_language(stack: Stack, visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.goto(stack.url)

    page.get_by_role("button", name="English").click()

    expect(page.get_by_role("heading", name="A box for voices")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_every_page_fits_its_window_and_every_target_a_thumb(
    stack: Stack, hana: Callable[..., Page], size: str, scheme: str, tmp_path: Path
) -> None:
    page = hana(viewport=PHONE if size == "phone" else WIDE, color_scheme=scheme)
    spoken = stack.invoke("speech", text=SENTENCE + "とても長い言葉" * 20)
    stack.finished(spoken)

    for path in ("/", "/account/", f"/tasks/{spoken}", "/nothing"):
        page.goto(stack.url + path)
        page.screenshot(path=tmp_path / f"{path.strip('/').replace('/', '-') or 'home'}-{size}-{scheme}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        small = page.eval_on_selector_all(
            "button, input:not([type=hidden], [type=checkbox]), select, summary, a.button, .foot a, .top a",
            """found => found.filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 43.9)
                             .map(each => each.outerHTML)""",
        )
        assert small == [], path


def test_what_has_the_focus_is_seen(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()

    page.keyboard.press("Tab")
    for _ in range(6):
        page.keyboard.press("Tab")
        width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width == "3px", page.evaluate("document.activeElement.outerHTML")


def test_who_asks_for_less_motion_gets_none(stack: Stack, visitor: Callable[..., Page]) -> None:
    page = visitor(reduced_motion="reduce")

    page.goto(stack.url)

    moving = page.evaluate("""[...document.styleSheets].flatMap(sheet => [...sheet.cssRules])
        .filter(rule => rule instanceof CSSStyleRule && /transition|animation/.test(rule.cssText)).length""")
    assert moving == 0


def test_a_token_made_on_the_page_opens_the_api(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()
    page.goto(f"{stack.url}/account/")

    page.fill("#name", "script")
    page.get_by_role("button", name="作る").click()
    secret = page.locator(".secret").inner_text()

    assert stack.get("/api/v1/tasks", token=secret).status == 200
    page.goto(f"{stack.url}/account/")
    # Asked once more: one click ends nothing.
    page.locator("summary[aria-label='script を無効にする']").click()
    assert stack.get("/api/v1/tasks", token=secret).status == 200
    page.get_by_role("button", name="今すぐ無効にする").click()
    page.wait_for_load_state()
    assert stack.get("/api/v1/tasks", token=secret).status == 401


def test_the_sound_of_an_ended_link_says_so(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()
    page.route("**/artifacts/**", lambda route: route.fulfill(status=403))

    speak(page, stack, SENTENCE)

    expect(page.locator("[data-broken]")).to_be_visible()
    # The card may have come anew just now, whose sound has not been asked for yet.
    expect(page.locator("[data-play]")).to_be_disabled()
