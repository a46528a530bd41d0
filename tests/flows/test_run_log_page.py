"""The lines of a run in a real browser, while it says them: its owner's page, and the admin's."""

# ruff: noqa: F401, F811 - the fixtures of the other pages are imported, then asked for by name

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.flows.house import Stack, eventually
from tests.flows.test_pages import PHONE, chromium, cookies, hana, visitor

pytestmark = pytest.mark.browser

LINES = 40


def talk(stack: Stack, *, seconds: float) -> str:
    """Start a run that says LINES lines for all and as many for the staff."""
    return stack.invoke("toy_talk", times=LINES, seconds=seconds)


def count(page: Page) -> int:
    return page.locator(".line").count()


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE}], ids=["wide", "phone"])
def test_the_owner_follows_the_lines_of_a_run(
    stack: Stack,
    hana: Callable[..., Page],
    options: dict[str, Any],
) -> None:
    page = hana(**options)
    task_id = talk(stack, seconds=12)
    page.goto(f"{stack.url}/tasks/{task_id}")

    page.locator("details.log summary").click()
    seen = eventually(lambda: count(page), what="the first lines are there")
    eventually(lambda: count(page) > seen, what="more lines follow without a click")
    assert stack.task(task_id)["status"] == "processing"
    assert page.locator("details.log").get_attribute("open") is not None, "it stays open while it is replaced"
    eventually(
        lambda: page.eval_on_selector(".log-lines", "list => list.scrollTop > 0"), what="the list follows its end"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    expect(page.locator("#state .pill")).to_have_text("完了")
    expect(page.locator(".line")).to_have_count(LINES)
    assert "for the staff" not in page.content()


def test_one_who_scrolled_up_is_left_where_they_are(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana()
    task_id = talk(stack, seconds=12)
    page.goto(f"{stack.url}/tasks/{task_id}")
    page.locator("details.log summary").click()
    eventually(lambda: page.eval_on_selector(".log-lines", "list => list.scrollTop > 20"), what="there is more to see")

    page.eval_on_selector(".log-lines", "list => { list.scrollTop = 0; }")
    seen = count(page)
    eventually(lambda: count(page) > seen, what="more lines follow")

    assert page.eval_on_selector(".log-lines", "list => list.scrollTop") == 0


def test_staff_follow_every_line_in_the_admin(stack: Stack, visitor: Callable[..., Page]) -> None:
    name, password = stack.login("boss", staff=True)
    page = visitor()
    page.goto(f"{stack.url}/admin/login/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)

    task_id = talk(stack, seconds=12)
    page.goto(f"{stack.url}/admin/jobs/task/{task_id}/change/")
    page.locator("details.log summary").click()
    seen = eventually(lambda: count(page), what="the first lines are there")
    eventually(lambda: count(page) > seen, what="more lines follow without a click")
    assert stack.task(task_id)["status"] == "processing"

    expect(page.locator(".line")).to_have_count(2 * LINES)
    assert "number=40" in page.locator(".log-lines").inner_text()


def test_what_a_killed_worker_had_said_is_kept_and_told_by_the_api(stack: Stack) -> None:
    task_id = talk(stack, seconds=30)
    eventually(lambda: stack.task(task_id)["attempts"][-1]["log"], what="the run has said something")
    worker = stack.running(task_id)["worker"]

    next(process for process in stack.workers() if f":{process.pid}:" in worker).kill()

    eventually(lambda: stack.task(task_id)["attempt"] == 2, what="another worker takes it")
    first = stack.task(task_id)["attempts"][0]
    assert first["outcome"] == "died"
    assert first["log"][0]["message"] == "line 1"
    assert {line["level"] for line in first["log"]} == {"info"}
    stack.post(f"/api/v1/tasks/{task_id}/cancel", token=stack.token())
