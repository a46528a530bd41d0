"""The page of webhooks in a real browser, on the whole house: add, try, new secret, switch off and on, delete."""

# ruff: noqa: F401, F811 - the fixtures of the other pages are imported, then asked for by name

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from tests.flows.house import Stack, eventually
from tests.flows.test_pages import PHONE, chromium, cookies, hana, visitor
from tests.receivers import Receiver

pytestmark = pytest.mark.browser


def button(page: Page, words: str) -> Any:
    return page.get_by_role("button", name=words, exact=True)


@pytest.mark.parametrize(
    "options", [{}, {"viewport": PHONE, "color_scheme": "dark"}], ids=["wide and light", "phone and dark"]
)
def test_an_endpoint_lives_its_life_by_buttons(
    stack: Stack, hana: Callable[..., Page], hook: Receiver, options: dict[str, Any], tmp_path: Path
) -> None:
    page = hana(**options)
    page.goto(f"{stack.url}/account/webhooks/")

    page.fill("#url", hook.url)
    page.fill("#name", "台所の時計")
    button(page, "追加").click()
    first = page.locator(".secret").first.inner_text()
    assert first.startswith("whsec_")
    expect(page.locator("li", has_text="台所の時計")).to_be_visible()
    assert _fits(page)

    before = len(hook.requests)
    button(page, "試す").click()
    sent = eventually(lambda: hook.requests[before:], what="the receiver is tried")[0]
    assert Webhook(first).verify(sent.body, sent.headers)["type"] == "webhook.test"
    page.screenshot(path=tmp_path / "webhooks.png", full_page=True)
    eventually(lambda: page.reload() and page.locator(".pill-success", has_text="200").count(), what="it is told")
    assert first not in page.content(), "a secret is shown once"

    _first_click(page, "新しい秘密鍵")
    assert _fits(page)
    page.locator("li details[open] .danger").click()
    second = page.locator(".secret").first.inner_text()
    assert second.startswith("whsec_")
    assert second != first

    button(page, "止める").click()
    expect(button(page, "再開する")).to_be_visible()
    expect(button(page, "試す")).to_have_count(0)
    button(page, "再開する").click()
    expect(button(page, "試す")).to_be_visible()

    _first_click(page, "削除")
    expect(page.locator("li", has_text="台所の時計")).to_be_visible()
    assert _fits(page)
    page.screenshot(path=tmp_path / "asked.png", full_page=True)
    page.locator("li details[open] .danger").click()
    expect(page.locator("li", has_text="台所の時計")).to_have_count(0)
    assert _fits(page)


def test_a_private_address_is_refused_in_words_and_kept(stack: Stack, hana: Callable[..., Page]) -> None:
    page = hana(viewport=PHONE)
    page.goto(f"{stack.url}/account/webhooks/")

    page.fill("#url", "https://192.168.0.1/hook")
    button(page, "追加").click()

    expect(page.locator("#url-error")).to_be_visible()
    assert page.input_value("#url") == "https://192.168.0.1/hook"
    assert _fits(page)


def _first_click(page: Page, words: str) -> None:
    """Open the question of an endpoint's button; nothing is done yet."""
    page.locator("li summary", has_text=words).click()


def _fits(page: Page) -> bool:
    """True when nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
