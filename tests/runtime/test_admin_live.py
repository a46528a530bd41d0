"""The admin in a real browser, on a real house: it moves without a reload, and nothing breaks its policy."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.flows.house import Stack, eventually
from tests.runtime.admin_browser import PATIENCE_MS, Open

LIST = "/admin/jobs/task/"

# What ends to the right of the card it stands in, whose padding is 16 pixels at least.
RUNS_OUT_OF_ITS_CARD = """[...document.querySelectorAll('.house-card')].flatMap(card => {
    const end = card.getBoundingClientRect().right - 15;
    return [...card.querySelectorAll('td, th, button, a, input, select, textarea, .pill')]
        .filter(part => part.getBoundingClientRect().right > end).map(part => part.outerHTML);
})"""


def row(page: Page, task_id: str) -> Any:
    return page.locator("tr.data-row", has=page.locator(f'[data-task="{task_id}"]'))


REPLACED = re.compile(r"^(\d+) workers? replaced since it began$")


def replaced_workers(page: Page) -> int:
    """Return how many the guard has replaced so far: other tests of this house kill workers too."""
    told = REPLACED.search(page.get_by_text(REPLACED).inner_text())
    assert told is not None
    return int(told[1])


def mark(page: Page) -> None:
    page.evaluate("window.notReloaded = true")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("window.notReloaded === true"))


def test_a_row_moves_to_its_end_without_a_reload(house: Stack, open_page: Open) -> None:
    task_id = house.invoke("toy_wait", seconds=8)
    page = open_page(LIST)
    mark(page)

    expect(page.locator("#live")).to_have_text("live")
    expect(row(page, task_id).locator(".pill-processing")).to_have_text("processing")
    expect(row(page, task_id).locator("progress")).not_to_have_attribute("aria-valuenow", "0")
    expect(row(page, task_id).locator(".pill-success")).to_have_text("done")
    expect(row(page, task_id).locator("progress.bar-success")).to_have_attribute("aria-valuenow", "100")
    assert is_marked(page)


def test_a_row_moves_when_no_socket_can_be_opened(house: Stack, open_page: Open) -> None:
    task_id = house.invoke("toy_wait", seconds=6)

    def refuse(socket: WebSocketRoute) -> None:
        socket.close(code=1011)

    page = open_page(LIST, before=lambda page: page.route_web_socket("**/ws/tasks", refuse))
    mark(page)

    expect(page.locator("#live")).to_have_text("polling")
    expect(row(page, task_id).locator(".pill-success")).to_be_visible(timeout=PATIENCE_MS)
    assert is_marked(page)


def test_a_new_task_is_announced(house: Stack, open_page: Open) -> None:
    page = open_page(LIST)
    expect(page.locator("#live")).to_have_text("live")

    task_id = house.invoke("toy_echo", word="new")
    page.get_by_text("new task", exact=False).click()

    expect(row(page, task_id)).to_be_visible()


def test_the_page_of_a_task_is_live_until_its_end(house: Stack, open_page: Open) -> None:
    task_id = house.invoke("toy_wait", seconds=8)
    page = open_page(f"{LIST}{task_id}/change/")
    mark(page)

    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("#state .house-head .pill")).to_have_text("done")
    expect(page.locator("#result-title")).to_be_visible()
    expect(page.locator("#again")).to_be_visible()
    expect(page.locator("#live")).to_be_hidden()
    assert is_marked(page)


def test_staff_cancel_by_the_button_and_by_the_list(house: Stack, open_page: Open) -> None:
    first, second = (house.invoke("toy_wait", seconds=50) for _number in range(2))
    page = open_page(f"{LIST}{first}/change/")

    page.click("#cancel")
    expect(page.get_by_text("1 task was cancelled.")).to_be_visible()
    page.goto(LIST)
    row(page, second).locator("input.action-select").check()
    page.locator("select[name=action]").select_option("cancel_selected")
    page.get_by_title("Run the selected action").click()

    expect(row(page, second).locator(".pill-cancelled")).to_be_visible()
    assert {house.finished(task_id)["status"] for task_id in (first, second)} == {"cancelled"}


def test_the_dashboard_moves_without_a_reload_and_nobody_loses_their_place(house: Stack, open_page: Open) -> None:
    page = open_page("/admin/")
    mark(page)
    tile = page.locator(".house-tile", has_text="Throughput")
    ended = int(tile.locator(".dim").inner_text().split()[0])
    page.locator("#table-throughput summary").click()
    page.locator("#span-week").focus()

    house.finished(house.invoke("toy_echo", word="new"))

    # Schedules of the house may have ended meanwhile too.
    page.wait_for_function(
        "before => parseInt(document.querySelector('.house-tile .dim').textContent) > before", arg=ended
    )
    expect(page.locator("[data-part=chart-throughput] rect.chart-success").last).to_be_visible()
    expect(page.locator("#table-throughput")).to_have_attribute("open", "")
    assert page.evaluate("document.activeElement.id") == "span-week"

    page.keyboard.press("Enter")
    expect(page.locator("#span-week")).to_have_attribute("aria-current", "true")
    expect(page.locator("#title-throughput")).to_have_text("Tasks ended, per hour")
    assert page.evaluate("document.activeElement.id") == "span-week"
    assert page.url.endswith("?span=week")
    assert is_marked(page)


def test_staff_end_a_worker_and_its_task_goes_on_elsewhere(house: Stack, open_page: Open) -> None:
    task_id = house.invoke("toy_wait", seconds=50)
    worker = house.running(task_id)["worker"]
    page = open_page("/admin/workers/")
    line = page.locator("tbody tr", has=page.locator(f'th[title="{worker}"]'))

    replaced = replaced_workers(page)

    line.get_by_role("button", name="End now").click()

    expect(page.get_by_text("is ended now; its task goes back to the queue")).to_be_visible()
    eventually(lambda: house.running(task_id)["attempt"] == 2, what="another worker runs it")
    assert house.task(task_id)["attempts"][0]["outcome"] == "stopped"
    house.post(f"/api/v1/tasks/{task_id}/cancel", token=house.token())
    expect(line).to_have_count(0)
    # As many as before: two for every queue, one for the interactive one.
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.get_by_text(REPLACED)).to_have_text(re.compile(rf"^{replaced + 1} worker"))


def test_emptying_a_queue_goes_on_by_itself(house: Stack, open_page: Open) -> None:
    page = open_page("/admin/queues/")
    page.click("#switch-bulk")
    expect(page.locator("#switch-bulk")).to_have_text("Resume")
    waiting = [house.invoke("toy_echo", word=str(number)) for number in range(3)]

    page.click("#purge-bulk")
    page.get_by_label("Type the queue's name, bulk, to confirm").fill("bulk")
    page.keyboard.press("Enter")

    expect(page.get_by_text("tasks were cancelled.")).to_be_visible()
    assert {house.task(task_id)["status"] for task_id in waiting} == {"cancelled"}
    page.click("#switch-bulk")
    expect(page.locator("#switch-bulk")).to_have_text("Pause")


# Japanese words are the longer ones on these buttons.
@pytest.mark.parametrize(("language", "pause", "paused", "resume"), [
    ("en", "Pause", "paused", "Resume"), ("ja-JP", "一時停止", "一時停止中", "再開"),
])  # fmt: skip
def test_staff_pause_a_queue_and_resume_it(
    house: Stack, open_page: Open, language: str, pause: str, paused: str, resume: str
) -> None:
    page = open_page("/admin/", locale=language, viewport={"width": 390, "height": 820})
    line = page.locator(".house-table tr", has=page.locator("#switch-bulk"))
    expect(page.locator("#switch-bulk")).to_have_text(pause)
    expect(line.locator(".pill")).to_have_count(0)

    page.click("#switch-bulk")
    expect(line.locator(".pill")).to_have_text(paused)
    expect(page.locator("#switch-bulk")).to_have_text(resume)
    expect(page.locator("#switch-interactive")).to_have_text(pause)
    assert page.evaluate(RUNS_OUT_OF_ITS_CARD) == []

    page.click("#switch-bulk")
    expect(line.locator(".pill")).to_have_count(0)
    expect(page.locator("#switch-bulk")).to_have_text(pause)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_breaks_its_policy_or_the_width(house: Stack, open_page: Open, color_scheme: str, width: int) -> None:
    task_id = house.invoke("speech", text="おはようございます。")
    house.finished(task_id)
    house.finished(house.invoke("toy_secret", word="<img src=x>"))
    house.finished(house.invoke("image", final_menu={"前菜": [{"japanese_name": "枝豆"}]}))

    page = open_page("/admin/", color_scheme=color_scheme, viewport={"width": width, "height": 820})

    for path in (
        LIST,
        f"{LIST}?status=failure",
        f"{LIST}{task_id}/change/",
        "/admin/access/apitoken/",
        "/admin/access/auditentry/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        "/admin/run/",
        "/admin/run/speech",
        "/admin/jobs/schedule/",
        "/admin/jobs/schedule/add/?function=speech",
        "/admin/breakers/",
        "/admin/functions/",
        "/admin/functions/speech/",
        "/admin/queues/",
        "/admin/queues/bulk/purge/",
        "/admin/workers/",
        "/admin/images/menuimage/statistics/",
        "/admin/delivery/delivery/",
        "/admin/",
    ):
        page.goto(path, wait_until="networkidle" if path.startswith("/admin/auth") else "load")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(RUNS_OUT_OF_ITS_CARD) == [], path
    page.goto(f"{LIST}{task_id}/change/")
    page.wait_for_function("document.querySelector('audio').readyState > 0")


def test_what_the_pages_load_is_ours(house: Stack, open_page: Open) -> None:
    foreign: list[str] = []

    def note(page: Page) -> None:
        page.on("request", lambda request: foreign.append(request.url))

    page = open_page(LIST, before=note)
    page.goto("/admin/")

    assert [url for url in foreign if not url.startswith((house.url, "data:"))] == []
