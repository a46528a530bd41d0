"""The waveform of a finished sound in a real browser: drawn from the worker's peaks, sought by click and by key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.flows.house import Stack, eventually

# Its fixtures open the browser.
from tests.flows.test_pages import (  # noqa: F401
    PHONE,
    SENTENCE,
    WIDE,
    audio,
    chromium,
    cookies,
    hana,
    speak,
    until,
    visitor,
)

pytestmark = pytest.mark.browser

MIXED = "今日は I have a meeting today. です。明日の会議は、午後三時から始まりますよ。"

# The rows of the middle of each bar that are painted, as shares of the canvas's height; and its colour there.
BARS = """canvas => {
    const {width, height} = canvas, pen = canvas.getContext("2d"), count = Number(canvas.dataset.bars);
    return Array.from({length: count}, (_, number) => {
        const x = Math.floor((number + 0.5) * width / count);
        const column = pen.getImageData(x, 0, 1, height).data;
        const painted = [...Array(height).keys()].filter(y => column[4 * y + 3] > 40);
        const middle = 4 * Math.floor(height / 2);
        return [painted.length / height, [...column.slice(middle, middle + 4)]];
    });
}"""


def wave_of(page: Page) -> Locator:
    wave = page.locator("canvas.wave")
    expect(wave).to_be_visible()
    expect(wave).to_have_attribute("data-bars", "100")
    return wave


def box_of(wave: Locator) -> Any:
    # The page may just be putting its last card in place of the one before, and a new canvas is shown at once.
    return eventually(wave.bounding_box, what="the waveform has a place")


def played(wave: Locator) -> int:
    return int(wave.get_attribute("data-played") or 0)


def is_played(wave: Locator) -> list[bool]:
    """Whether each bar is painted in full colour."""
    return [colour[3] > 200 for _height, colour in wave.evaluate(BARS)]


@pytest.fixture
def spoken(stack: Stack, hana: Callable[..., Page]) -> Callable[..., Page]:  # noqa: F811
    """Open the page of a sentence that was read aloud."""

    def open_page(text: str = MIXED, **options: object) -> Page:
        page = hana(**options)
        speak(page, stack, text)
        expect(page.locator("#state .pill")).to_have_class("pill pill-success")
        until(page, "duration", lambda length: length and length > 1)
        return page

    return open_page


def test_the_bars_are_the_peaks_that_the_worker_made(stack: Stack, spoken: Callable[..., Page]) -> None:
    page = spoken()
    task = stack.task(page.url.rsplit("/", 1)[1])
    peaks = task["result"]["peaks"]

    heights = [height for height, _colour in wave_of(page).evaluate(BARS)]

    assert len(peaks) == 200
    for height, pair in zip(heights, zip(peaks[::2], peaks[1::2], strict=True), strict=True):
        assert height == pytest.approx(max(4 / 60, (max(pair) / 100) ** 0.7), abs=0.04)


def test_nothing_plays_by_itself_and_what_is_played_turns_blue(spoken: Callable[..., Page]) -> None:
    page = spoken()
    wave = wave_of(page)
    assert audio(page, "paused")
    assert not any(is_played(wave))

    page.get_by_role("button", name="再生").click()
    eventually(lambda: played(wave) > 5, what="the bars follow the sound")
    page.get_by_role("button", name="停止").click()

    shown = is_played(wave)
    count = played(wave)
    assert shown == [number < count for number in range(100)]
    red, green, blue, _alpha = wave.evaluate(BARS)[0][1]
    assert (red, green, blue) == (0x1F, 0x5F, 0x8B)


def test_a_click_seeks_to_where_it_is(spoken: Callable[..., Page]) -> None:
    page = spoken()
    wave = wave_of(page)
    box = box_of(wave)

    for share in (0.25, 0.8):
        page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] * 0.2)
        eventually(lambda share=share: abs(played(wave) - 100 * share) <= 1, what=f"{share} of the bars are blue")
        assert audio(page, "currentTime") == pytest.approx(audio(page, "duration") * share, abs=0.1)
    assert audio(page, "paused"), "to seek is not to play"


def test_the_keyboard_moves_by_a_twentieth_and_to_both_ends(spoken: Callable[..., Page]) -> None:
    page = spoken()
    slider = page.get_by_role("slider", name="音声の位置")
    twentieth = audio(page, "duration") / 20

    slider.press("ArrowRight")
    slider.press("ArrowUp")
    assert audio(page, "currentTime") == pytest.approx(2 * twentieth, abs=0.01)
    slider.press("PageUp")
    slider.press("ArrowLeft")
    assert audio(page, "currentTime") == pytest.approx(5 * twentieth, abs=0.01)
    slider.press("End")
    until(page, "currentTime", lambda at: at == pytest.approx(20 * twentieth, abs=0.05))
    eventually(lambda: played(wave_of(page)) == 100, what="all bars are blue")
    slider.press("Home")
    until(page, "currentTime", lambda at: at == 0)
    assert slider.get_attribute("aria-valuetext").startswith("0.0 / ")


def test_the_focus_is_seen_around_the_bars(spoken: Callable[..., Page]) -> None:
    page = spoken()
    page.get_by_role("slider").press("ArrowRight")

    outline, box = page.eval_on_selector(
        ".seek", "seek => [getComputedStyle(seek).outlineWidth, seek.getBoundingClientRect().toJSON()]"
    )

    assert outline == "3px"
    wave = box_of(wave_of(page))
    assert (box["width"], box["height"]) == (pytest.approx(wave["width"], abs=1), pytest.approx(wave["height"], abs=1))


def test_who_asks_for_less_motion_sees_it_move_four_times_a_second(spoken: Callable[..., Page]) -> None:
    page = spoken(reduced_motion="reduce")
    wave = wave_of(page)
    wave.evaluate(
        """canvas => {
            window.drawn = 0;
            new MutationObserver(() => window.drawn++).observe(canvas, {attributeFilter: ["data-played"]});
        }"""
    )

    page.get_by_role("button", name="再生").click()
    until(page, "currentTime", lambda at: at > 1.5)
    page.get_by_role("button", name="停止").click()

    seconds = audio(page, "currentTime")
    assert 1 <= page.evaluate("window.drawn") <= 6 * seconds + 3


def test_dark_and_light_each_have_their_blue_also_when_changed_on_the_way(spoken: Callable[..., Page]) -> None:
    page = spoken(color_scheme="dark")
    wave = wave_of(page)
    page.get_by_role("slider").press("End")
    eventually(lambda: played(wave) == 100, what="all bars are blue")
    assert wave.evaluate(BARS)[10][1][:3] == [0x6F, 0xB1, 0xDE]

    page.emulate_media(color_scheme="light")

    eventually(lambda: wave.evaluate(BARS)[10][1][:3] == [0x1F, 0x5F, 0x8B], what="the bars are blue on white")


def test_a_narrow_window_has_room_for_all_bars_and_a_narrower_one_for_fewer(spoken: Callable[..., Page]) -> None:
    page = spoken(viewport=PHONE)
    wave_of(page)

    page.set_viewport_size({"width": 320, "height": 700})

    expect(page.locator("canvas.wave")).not_to_have_attribute("data-bars", "100")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_result_without_peaks_keeps_the_plain_seek_bar(stack: Stack, spoken: Callable[..., Page]) -> None:
    page = spoken()
    address = page.url

    def without_peaks(route) -> None:  # type: ignore[no-untyped-def]
        body = route.fetch().text()
        start = body.index("<canvas")
        route.fulfill(body=body[:start] + body[body.index("</canvas>") + 9 :], content_type="text/html")

    page.route(address, without_peaks)
    page.goto(address)

    expect(page.locator("canvas.wave")).to_have_count(0)
    expect(page.get_by_role("slider")).to_be_visible()
    assert page.get_by_role("slider").get_attribute("class") == "seek"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_the_page_with_its_waveform_fits(spoken: Callable[..., Page], size: str, scheme: str, tmp_path: Path) -> None:
    page = spoken(SENTENCE, viewport=PHONE if size == "phone" else WIDE, color_scheme=scheme)
    wave = wave_of(page)
    box = box_of(wave)

    page.mouse.click(box["x"] + box["width"] * 0.45, box["y"] + 30)
    page.mouse.move(0, 0)
    page.locator("[data-sound]").scroll_into_view_if_needed()
    eventually(lambda: abs(played(wave) - 45) <= 1, what="the bars are blue up to the click")

    page.screenshot(path=tmp_path / f"waveform-{size}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert 59 <= box["height"] <= 61
