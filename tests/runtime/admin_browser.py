"""The admin in a real browser: a house that runs, Chromium, staff who have logged in, and pages that may not complain.

Fixtures; the conftest.py of a room whose pages are tried in it imports them.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.flows.house import Stack

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
# One machine runs all of it; this is where waiting becomes failing.
PATIENCE_MS = 60_000
Open = Callable[..., Page]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def house(stack: Stack) -> Stack:
    return stack


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def listen(page: Page, complaints: list[str]) -> None:
    """Note whatever the browser complains of."""

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))


@pytest.fixture(scope="module")
def cookies(house: Stack, chromium: Browser) -> Any:
    """What a browser holds once the staff have logged in by hand."""
    name, password = house.login("boss", staff=True)
    complaints: list[str] = []
    context = chromium.new_context(base_url=house.url, locale="en")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    listen(page, complaints)
    page.goto("/admin/login/?next=/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")
    state = context.storage_state()
    context.close()
    assert complaints == []
    return state


@pytest.fixture
def open_page(house: Stack, chromium: Browser, cookies: Any) -> Iterator[Open]:
    """Open a page of the admin as staff; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: str, *, before: Callable[[Page], Any] | None = None, **options: Any) -> Page:
        context = chromium.new_context(base_url=house.url, storage_state=cookies, **{"locale": "en", **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        listen(page, complaints)
        if before is not None:
            before(page)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
