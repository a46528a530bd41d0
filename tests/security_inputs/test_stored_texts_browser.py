"""S6 once more, by a browser: the pages of a house full of payloads run none of them, and break no policy."""

import os
import shutil

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import sync_playwright

from tests.security_inputs.payloads import MARK
from tests.security_inputs.stored_texts import Sower
from tests.security_inputs.test_stored_texts import admin_pages, house_pages

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
# Runs before any script of a page: whatever a payload calls is heard.
LISTEN = """
window.heard = [];
for (const name of ['alert', 'confirm', 'prompt']) window[name] = text => window.heard.push(String(text));
document.addEventListener('securitypolicyviolation', event => window.heard.push(
    `policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


def complain(page, wrong):
    """Note what a page does that it should not."""
    page.on("dialog", lambda dialog: (wrong.append(("a dialog", dialog.message)), dialog.dismiss()))
    page.on("pageerror", lambda error: wrong.append((page.url, "an error", str(error)[:200])))
    page.on("request", lambda request: wrong.append(request.url) if f"//{MARK}" in request.url else None)


def test_a_browser_runs_none_of_them(web, valkey, owner, staff):
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    sower = Sower(owner)
    sower.sow()
    # Of each model the list and a row: what is drawn by which script; that all of it is escaped is shown elsewhere.
    paths = {staff: admin_pages(sower, rows=1, forms=False), owner: house_pages(sower)}
    wrong, seen = [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for user, places in paths.items():
            session = Client()
            session.force_login(user)
            context = browser.new_context(base_url=web)
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session.cookies["sessionid"].value, "url": web}
            context.add_cookies([cookie])
            context.add_init_script(LISTEN)
            page = context.new_page()
            complain(page, wrong)
            for path in dict.fromkeys(places):
                if session.get(path).status_code != 200:
                    continue
                page.goto(path, wait_until="load")
                seen += 1
                wrong += [(path, each) for each in page.evaluate("window.heard")]
            context.close()
        browser.close()

    assert wrong == []
    assert seen > 50
