"""The rows of the admin's lists look as unfold's would, with what its class names say written once, in admin.css."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
import unfold
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, sync_playwright
from unfold.templatetags.unfold_list import items_for_result

from jobs.runtime import clock
from jobs.runtime.models import Status, Task
from tests.runtime.admin_site import LIST, client_of
from tests.runtime.conftest import make_task  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
THEIRS = (Path(unfold.__file__).parent / "static/unfold/css/styles.css").read_text()
HOUSE = (Path(settings.BASE_DIR) / "templates/static/admin.css").read_text()
# What says of a row what unfold's class names say.
ROWS = HOUSE[HOUSE.index("/* Rows */") : HOUSE.index("/* Lists */")]
# Of unfold's change_list_results.html, which no list of ours uses.
ROW = (
    '<tbody class="block relative lg:table-row-group {}"><tr class="data-row block border border-base-200 mb-3 relative'
    ' rounded-default lg:table-row lg:border-none lg:mb-0 lg:rounded-none dark:border-base-800">{}</tr></tbody>'
)
STRIPES = ("", "bg-base-50 dark:bg-white/[.02]")
PAGE = """<!doctype html><html><body class="{model}">
<table id="result_list" class="result-list block border-base-200 border-spacing-none border-separate w-full lg:table">
<thead><tr><th>head</th></tr></thead>{rows}</table></body></html>"""
# What a browser is asked of each part of each row, and of what each draws before and after itself.
SEEN = (
    *("display", "position", "width", "height", "min-width", "overflow", "padding", "margin", "gap", "vertical-align"),
    *("align-items", "justify-content", "border-width", "border-style", "border-color", "border-radius", "box-shadow"),
    *(
        "background-color",
        "color",
        "font",
        "letter-spacing",
        "text-align",
        "text-transform",
        "white-space",
        "direction",
    ),
    *("content", "appearance", "opacity"),
)
LOOKS = """seen => [...document.querySelectorAll('#result_list > tbody')].flatMap((body, row) =>
    [body, ...body.querySelectorAll('*')].flatMap(part => ['', '::before', '::after'].map(pseudo => {
        const style = getComputedStyle(part, pseudo || null), label = part.closest('td, th')?.dataset.label ?? '';
        const drawn = !pseudo || !['none', 'normal'].includes(style.content);
        return [`${row} ${label} ${part.tagName}${pseudo}`,
            drawn ? Object.fromEntries(seen.map(name => [name, style.getPropertyValue(name)])) : {}];
    })))"""


def both(path: str, staff: User) -> tuple[str, str]:
    """Return the rows of a list as the house writes them, and as unfold does."""
    changes = client_of(staff).get(path).context["cl"]
    assert len(changes.result_list) > 1
    cells = ["".join(items_for_result(changes, row, None)) for row in changes.result_list]
    return changes.rows(), "".join(ROW.format(STRIPES[number % 2], each) for number, each in enumerate(cells))


def looks(page: Page, rows: str, model: str, *sheets: str) -> dict[str, dict[str, str]]:
    """Return how everything looks, in light and dark; the first row is chosen."""
    page.set_content(PAGE.format(model=model, rows=rows))
    for sheet in sheets:
        page.add_style_tag(content=sheet)
    page.locator(".action-select").first.check()
    found = {}
    for scheme in ("light", "dark"):
        page.evaluate("scheme => document.documentElement.className = scheme", scheme)
        found |= {f"{scheme} {name}": look for name, look in page.evaluate(LOOKS, SEEN)}
    return found


def test_a_row_looks_as_unfold_draws_it(
    make_task: Callable[..., Task],  # noqa: F811
    valkey: redis.Redis,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not CHROMIUM and not os.environ.get("CI"):
        pytest.skip("no chromium here: set CHROMIUM to one, or install Debian's package `chromium`")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    for status in (Status.PENDING, Status.FAILURE):
        make_task(status=status)
    ours, theirs = both(LIST, staff)
    assert len(ours) * 3 < len(theirs)

    differ = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        # The list of tasks has rules of its own on a phone, which stand above these.
        for width, model in ((1280, "model-task"), (390, "model-task"), (390, "model-of-another-list")):
            page.set_viewport_size({"width": width, "height": 900})
            here = looks(page, ours, model, THEIRS, HOUSE)
            there = looks(page, theirs, model, THEIRS, HOUSE.replace(ROWS, ""))
            assert here.keys() == there.keys()
            assert len(here) > 100
            differ |= {
                f"{width} {model} {part}: {name}": (value, there[part].get(name))
                for part, look in here.items()
                for name, value in look.items()
                if value != there[part].get(name)
            }
        browser.close()

    assert differ == {}
