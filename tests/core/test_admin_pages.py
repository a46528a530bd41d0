"""Every page of the admin, found by its address: none costs many queries, and a viewer finds no act on any."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import redis
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from bots.guilds import edit
from jobs.access import audit, roles, tokens
from jobs.access.accounts import first_contact
from jobs.access.models import Action, AuditEntry, Platform
from jobs.delivery.models import Attempt as Sending
from jobs.delivery.models import Delivery, State
from jobs.runtime import clock
from jobs.runtime.models import Attempt, Result, Schedule, Status, Task
from jobs.runtime.models.schedule import FUNC, Plan
from tests.runtime.admin_site import client_of, person
from tests.runtime.conftest import make_task  # noqa: F401 - a fixture

# Of the issue: a list, the dashboard and a page of a task.
MAX_QUERIES = 25
ROWS = 6
# They belong to everybody.
FREE = re.compile(r"/logout/$|/i18n/setlang/$|/jsi18n/$|^/admin/logout/$|/language/$")


def addresses(patterns: Any = None, prefix: str = "/admin/") -> Iterator[str]:
    """Yield every address of the admin that has no id in it."""
    for each in admin.site.get_urls() if patterns is None else patterns:
        route = str(each.pattern)
        if "<" in route or "(?P" in route or "$" in route:
            continue
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, prefix + route)
        elif isinstance(each, URLPattern):
            yield prefix + route


class Acts(HTMLParser):
    """Collects what a page lets somebody send by POST."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.found = path, []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        values = dict(attrs)
        if tag == "form" and str(values.get("method", "")).lower() == "post":
            self.found.append(values.get("action") or self.path)
        if "formaction" in values or "hx-post" in values:
            self.found.append(values.get("formaction") or values.get("hx-post"))


def acts_on(path: str, content: str) -> list[str]:
    parser = Acts(path)
    parser.feed(content)
    # A list without any action to choose is a form that sends nothing.
    has_actions = 'name="action"' in content
    return [each for each in parser.found if not FREE.search(each.partition("?")[0]) and (each != path or has_actions)]


@pytest.fixture
def pages(
    make_task: Callable[..., Task],  # noqa: F811
    valkey: redis.Redis,
    owner: User,
    staff: User,
) -> list[str]:
    """Fill what the pages show; return the addresses of lists, of pages of their own, and of one row of each kind."""
    now, rows = clock.now(), []
    for number in range(ROWS):
        status = list(Status)[number]
        task = make_task(status=status, created_at=now - timedelta(seconds=number), error_type="", attempt=1)
        Attempt.objects.create(task=task, number=1, worker="w", started_at=now, ended_at=now, outcome="failure")
        Result.objects.create(task=task, output={}, processing_seconds=1, created_at=now)
        token, _secret = tokens.issue(owner, name="script", actor=owner)
        entry = audit.record(Action.TASK_CANCELLED, actor=staff, about=task)
        account = first_contact(Platform.DISCORD, str(number))
        delivery = Delivery.objects.create(
            kind="webhook", owner=owner, task=task, key=str(number), target={}, payload={}, receiver="webhook:x",
            state=State.DEAD, next_at=now, created_at=now, ended_at=now,
        )  # fmt: skip
        Sending.objects.create(delivery=delivery, number=1, worker="w", started_at=now, ended_at=now, outcome="dead")
        guild = edit.guild(100 + number, name=f"guild {number}")
        edit.add_entry(guild.pk, "word", "わら", by="discord:5")
        edit.set_nickname(Platform.DISCORD, "5", "はな", guild_id=guild.pk)
        schedule = Schedule.objects.create(
            name=str(number), func=FUNC, schedule_type=Schedule.CRON, cron="0 9 * * *", repeats=-1,
            kwargs=Plan(function="toy_echo").model_dump_json(), next_run=now + timedelta(days=1),
        )  # fmt: skip
        rows = [task, token, entry, account, delivery, guild, guild.dictionary.get(), schedule, owner]
    assert get_resolver().url_patterns  # the addresses are loaded, and with them every room's admin
    own = [f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/" for row in rows]
    return sorted({*addresses(), *own})


def answers(client: Client, pages: list[str]) -> Iterator[tuple[str, str, int]]:
    """Yield the pages that are there, with what they say and how many queries they took."""
    for path in pages:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        assert answer.status_code < 500, path
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            yield path, answer.content.decode(), len(queries)


def test_no_page_costs_many_queries(pages: list[str], staff: User) -> None:
    client = client_of(staff)
    client.get("/admin/")

    counted = {path: count for path, _content, count in answers(client, pages)}

    assert len(counted) > 40, sorted(counted)
    assert {path: count for path, count in counted.items() if count > MAX_QUERIES} == {}


def test_a_viewer_finds_no_act_on_any_page(pages: list[str]) -> None:
    viewer = person("viewer", is_staff=True)
    viewer.groups.add(Group.objects.get(name=roles.VIEWERS), Group.objects.get(name=roles.READERS))

    seen = {path: acts_on(path, content) for path, content, _count in answers(client_of(viewer), pages)}

    assert len(seen) > 20
    assert {path: acts for path, acts in seen.items() if acts and path != "/admin/password_change/"} == {}


def test_an_operator_finds_their_acts(pages: list[str]) -> None:
    """The same look sees them, so that the one before cannot pass by being blind."""
    operator = person("operator", is_staff=True)
    operator.groups.add(Group.objects.get(name=roles.OPERATORS))
    client = client_of(operator)

    for path in ("/admin/jobs/task/", "/admin/delivery/delivery/", "/admin/queues/"):
        assert acts_on(path, client.get(path).content.decode()), path


def test_a_search_has_a_label_and_a_row_a_name_for_people(pages: list[str], staff: User) -> None:
    client = client_of(staff)
    labelled = {path for path, content, _count in answers(client, pages) if 'for="searchbar"' in content}
    searched = {path for path, content, _count in answers(client, pages) if 'id="searchbar"' in content}
    task, entry = Task.objects.get(status=Status.SUCCESS), AuditEntry.objects.order_by("pk").last()
    assert entry is not None
    Task.objects.update(function="speech")

    def path_above(url: str) -> str:
        page = client.get(url, headers={"accept-language": "ja"}).content.decode()
        return page.partition("<h1")[2].partition("</h1>")[0]

    assert searched
    assert labelled == searched
    assert f"読み上げ {task.pk}" in path_above(f"/admin/jobs/task/{task.pk}/change/")
    assert f"タスクを取り消した #{entry.pk}" in path_above(f"/admin/access/auditentry/{entry.pk}/change/")
