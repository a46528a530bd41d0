"""The page of a job of pictures in a real browser: they come one by one, can be cancelled, saved and looked at."""

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.flows.house import ROOT, Stack

# Its fixtures open the browser.
from tests.flows.test_pages import PHONE, WIDE, chromium, cookies, hana, visitor  # noqa: F401
from tests.waits import next_line

pytestmark = pytest.mark.browser

MENU = """前菜: トマトのカプレーゼ / Caprese | 水牛のモッツァレラとバジル
枝豆 / Edamame
甘味: わらび餅
抹茶アイス / Matcha ice cream"""
# A process of the house that ends dishes when it is told to: a worker's part, at a test's pace.
HAND = """
import sys
from jobs.engines.image.local import LocalRenderer
from jobs.images import progress, store
from jobs.images.models import ImageJob
from jobs.runtime.admission import pause, resume
from jobs.runtime.providers import Served
for line in sys.stdin:
    verb, *words = line.split()
    if verb in ("pause", "resume"):
        (pause if verb == "pause" else resume)("bulk")
    else:
        job = ImageJob.objects.get(job_id=words[0])
        image = job.images.get(position=int(words[1]))
        if verb == "fail":
            store.fail(image, words[2])
        else:
            dish = store.dish_of(image, job.categories[image.category])
            store.keep(image, dish, LocalRenderer().draw(dish), Served(provider="local"), seconds=0.1)
        progress.tell(image)
    print("done", flush=True)
"""


class Hand:
    def __init__(self, stack: Stack) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", HAND],
            cwd=ROOT, env=stack.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, *words: object) -> None:
        assert self.process.stdin is not None
        print(*words, file=self.process.stdin, flush=True)
        assert next_line(self.process, what=f"that it has done {words}") == "done\n"

    def close(self) -> None:
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def hand(stack: Stack) -> Iterator[Hand]:
    hand = Hand(stack)
    yield hand
    hand.close()


@pytest.fixture
def paused(hand: Hand) -> Iterator[Hand]:
    """No worker draws; the hand does."""
    hand("pause")
    yield hand
    hand("resume")


@pytest.fixture
def reader(hana: Callable[..., Page]) -> Callable[..., Page]:  # noqa: F811
    """Open the start page where hana has logged in."""
    return hana


def ask(page: Page, stack: Stack, menu: str = MENU) -> str:
    """Type a menu on the start page; return the id of its job, whose page is open."""
    page.goto(stack.url)
    page.fill("#menu", menu)
    page.locator("form", has=page.locator("#menu")).get_by_role("button").click()
    page.wait_for_url("**/images/img_*")
    return page.url.rpartition("/")[2]


def dish(page: Page, number: int) -> Locator:
    return page.locator(f"#dish-{number}")


def test_pictures_appear_one_by_one_each_in_its_place(stack: Stack, reader: Callable[..., Page], paused: Hand) -> None:
    page = reader()
    job = ask(page, stack)
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("[data-state=pending]")).to_have_count(4)
    place = dish(page, 4).bounding_box()

    paused("draw", job, 2)
    expect(dish(page, 3).get_by_role("img")).to_be_visible()
    expect(page.locator("[data-state=pending]")).to_have_count(3)
    expect(page.locator("[role=progressbar]")).to_have_attribute("aria-valuenow", "25")
    paused("fail", job, 1, "engine_refused")
    expect(dish(page, 2)).to_have_attribute("data-state", "failed")
    paused("draw", job, 0)

    expect(dish(page, 1).get_by_role("img")).to_have_attribute("alt", re.compile("トマトのカプレーゼ"))
    assert dish(page, 3).locator("img").evaluate("image => image.complete && image.naturalWidth") == 480
    after = dish(page, 4).bounding_box()
    assert place is not None
    assert after is not None
    # The card above grows by what there is to say of the pictures; within its own one a tile stays.
    assert (place["x"], place["width"], place["height"]) == (after["x"], after["width"], after["height"])

    page.locator("#act").click()
    expect(page.locator("#state .pill")).to_have_text("取り消し")
    expect(page.locator("[data-state=failed]")).to_have_count(2)
    expect(page.locator("#live")).to_be_hidden()


def test_a_menu_is_drawn_by_the_workers_saved_as_an_archive_and_looked_at(
    stack: Stack, reader: Callable[..., Page]
) -> None:
    page = reader()
    job = ask(page, stack, "飲物: 緑茶 / Green tea\n珈琲 / Coffee")

    expect(page.locator("#state .pill")).to_have_text("完了")
    expect(page.locator("[data-state=done]")).to_have_count(2)
    expect(page.locator("#live")).to_be_hidden()
    expect(page.locator("#said")).to_contain_text("完了")
    with page.expect_download() as waiting:
        page.locator("#zip").click()

    assert waiting.value.suggested_filename == f"{job}.zip"
    with ZipFile(Path(waiting.value.path())) as archive:
        assert archive.testzip() is None
        assert [name[:25] for name in archive.namelist()] == ["001_menu_image_green_tea_", "002_menu_image_coffee_202"]
        with Image.open(io.BytesIO(archive.read(archive.namelist()[0]))) as picture:
            assert picture.size == (1024, 1024)

    dish(page, 1).get_by_role("link").click()
    page.wait_for_url(f"**/images/{job}/1")
    large = page.locator("img.large")
    expect(large).to_be_visible()
    assert large.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1024
    page.locator("[rel=next]").click()
    page.wait_for_url(f"**/images/{job}/2")


def test_a_broken_line_is_said_and_the_page_polls_to_the_end(
    stack: Stack, reader: Callable[..., Page], paused: Hand
) -> None:
    page = reader()
    page.route_web_socket(re.compile("/image/ws/"), lambda route: route.close(code=1011))

    job = ask(page, stack)
    expect(page.locator("#live")).to_have_text("定期確認")
    paused("draw", job, 3)

    expect(dish(page, 4).get_by_role("img")).to_be_visible()


def test_without_scripts_the_moment_is_shown(stack: Stack, reader: Callable[..., Page], paused: Hand) -> None:
    page = reader(java_script_enabled=False)

    job = ask(page, stack)
    paused("draw", job, 0)
    page.get_by_role("link", name="ページを読み込み直す").click()

    expect(dish(page, 1).get_by_role("img")).to_be_visible()
    expect(page.locator("#state .pill")).to_have_text("処理中")
    page.locator("#act").click()
    expect(page.locator("#state .pill")).to_have_text("取り消し")


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
def test_the_page_fits_its_window_and_every_target_a_thumb(
    stack: Stack, reader: Callable[..., Page], paused: Hand, size: str, scheme: str
) -> None:
    page = reader(viewport=PHONE if size == "phone" else WIDE, color_scheme=scheme)
    job = ask(page, stack, MENU + "\n" + "とても長い料理の名前" * 19 + "/" + "Averylongname" * 15)
    paused("draw", job, 0)
    paused("fail", job, 1, "timed_out")
    expect(dish(page, 2)).to_have_attribute("data-state", "failed")

    for path in (f"/images/{job}", f"/images/{job}/1", "/"):
        page.goto(stack.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        small = page.eval_on_selector_all(
            "button, textarea, summary, a.button, .foot a, .top a, .tile a",
            """found => found.filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 43.9)
                             .map(each => each.outerHTML)""",
        )
        assert small == [], path
    page.goto(f"{stack.url}/images/{job}")
    tops = [
        page.locator(f"#dish-{number}").evaluate("tile => tile.getBoundingClientRect().left") for number in (3, 4, 5)
    ]
    assert len(set(tops)) == (2 if size == "phone" else 3)
    page.locator("#act").click()
