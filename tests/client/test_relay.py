"""README's relay in a browser: live progress in a foreign page; and that no page comes nearer than that."""

import os
import shutil
import subprocess
import sys
import urllib.request
from urllib.error import HTTPError

import pytest

from tests.client.readme import example
from tests.ports import free_port

PATIENCE_SECONDS = 60


@pytest.fixture
def relay(web, token, tmp_path):
    place = tmp_path / "relay.py"
    place.write_text(example("python", "For clients", having="class Relay"))
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, place],
        env={"KOEBAKO_URL": web, "KOEBAKO_TOKEN": token, "RELAY_PORT": str(port), "PATH": os.environ["PATH"]},
        stderr=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            break
        except OSError:
            continue
    yield url
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_a_foreign_page_follows_a_task_live_and_holds_no_token(relay, web, token, working):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        said, asked = [], []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append((request.url, str(request.headers))))
        page.goto(relay)
        page.get_by_role("button", name="Speak").click()
        page.get_by_text("success").wait_for(timeout=PATIENCE_SECONDS * 1000)
        bar = page.locator("progress").evaluate("bar => bar.value")
        refused = page.evaluate(
            "house => fetch(`${house}/api/v1/functions`, {mode: 'cors'}).then(() => 'read', () => 'refused')", web
        )
        browser.close()

    assert (said, bar, refused) == ([], 100, "refused")
    assert not any(token in url + headers for url, headers in asked)


def test_a_relay_hands_on_the_events_of_its_own_tasks_alone(relay, working):
    with pytest.raises(HTTPError, match="404") as refused:
        urllib.request.urlopen(f"{relay}/events/01a2039f-7f10-75d8-946d-992c362a2fcc", timeout=5)
    refused.value.close()
