"""The rows of the admin's lists are the house's own work (jobs/runtime/admin/list_rows.py), and read as unfold's."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
import redis
from django.contrib import admin
from django.contrib.auth.models import User
from django.utils import translation
from unfold.templatetags.unfold_list import items_for_result

from jobs.runtime import clock
from jobs.runtime.admin.tasks import TaskAdmin
from jobs.runtime.models import Task
from tests.core.test_admin_pages import make_task, pages  # noqa: F401 - fixtures
from tests.runtime.admin_site import LIST, client_of

# Opened by another page, to choose from; on another page than the first; with something searched for.
OTHERWISE = (f"{LIST}?_popup=1", f"{LIST}?p=2", "/admin/auth/user/?_popup=1&_to_field=id", "/admin/auth/user/?q=h")


# Unfold's class names are left out: how a cell looks without them is tests/core/test_admin_list_look.py's.
HOUSE = re.compile(r"field-[\w.]+|action-(checkbox|select)|pill(-\w+)?|bar(-\w+)?|cell|numbers|when|code|dim")


class Tags(HTMLParser):
    """A text's tags with their attributes, and its words; the tags that it leaves open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[Any] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = {name: value or "" for name, value in attrs}
        classes = sorted(name for name in found.pop("class", "").split() if HOUSE.fullmatch(name))
        self.said.append((tag, found, classes))
        if tag != "input":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += [data.strip()] if data.strip() else []


def test_each_row_is_a_whole_one_and_each_cell_as_unfold_draws_it(
    pages: list[str],  # noqa: F811
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(TaskAdmin, "list_per_page", 4)
    client, seen = client_of(staff), set()

    for path in (
        *(f"/admin/{each._meta.app_label}/{each._meta.model_name}/" for each in admin.site._registry),
        *OTHERWISE,
    ):
        answer = client.get(path)
        changes = answer.context["cl"]
        if not changes.result_list:
            continue
        seen.add(path)
        with translation.override(answer.headers["Content-Language"]):
            rows = changes.rows()
            theirs = ["".join(items_for_result(changes, row, None)) for row in changes.result_list]
        assert rows in answer.content.decode(), path
        assert Tags(rows).open == [], path
        ours = re.findall(r'<tbody><tr class="data-row">(.*?)</tr></tbody>', rows, re.DOTALL)
        assert [Tags(cells).said for cells in ours] == [Tags(cells).said for cells in theirs], path

    assert seen >= set(OTHERWISE)
    assert len(seen) >= 12


def test_what_a_row_says_is_text(
    make_task: Callable[..., Task],  # noqa: F811
    valkey: redis.Redis,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_task()
    monkeypatch.setattr(TaskAdmin, "queue_name", lambda _admin, _task: "<img src=x>")

    content = client_of(staff).get(LIST).content.decode()

    assert "<img src=x>" not in content
    assert "&lt;img src=x&gt;" in content
