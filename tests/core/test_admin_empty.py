"""Lists without a row: what will stand there and how it comes about, or that nothing matches."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import get_resolver
from django.utils import translation

from bots.guilds import edit
from jobs.access.models import AuditEntry
from jobs.runtime.admin.base import HouseAdmin
from tests.runtime.admin_site import client_of

pytestmark = pytest.mark.django_db

# The addresses load every room's admin.
assert get_resolver().url_patterns
# Who looks is a row, and the groups of roles are kept by `migrate`.
NEVER_EMPTY = (User, Group)
ADMINS = [each for each in admin.site._registry.values() if each.model not in NEVER_EMPTY]


def page_of(client: Client, each: Any, query: str = "", language: str = "en") -> str:
    url = f"/admin/{each.opts.app_label}/{each.opts.model_name}/{query}"
    answer = client.get(url, headers={"accept-language": language})
    assert answer.status_code == 200, url
    return answer.content.decode()


@pytest.mark.parametrize("each", ADMINS, ids=lambda each: each.opts.label)
def test_an_empty_list_says_what_will_stand_there(each: Any, staff: User) -> None:
    assert isinstance(each, HouseAdmin)
    client = client_of(staff)
    with translation.override("ja"):
        japanese = str(each.comes_here)

    page = page_of(client, each)

    if each.model is AuditEntry:
        # Logging in is in the book already.
        assert str(each.comes_here)
    else:
        assert "Nothing here yet" in page
        assert str(each.comes_here) in page.replace("&#x27;", "'")
        assert japanese in page_of(client, each, language="ja")
    assert re.search(r"[ぁ-んァ-ヶ一-龠]", japanese)
    assert "Create a new" not in page


@pytest.mark.parametrize("each", ADMINS, ids=lambda each: each.opts.label)
def test_only_what_can_be_added_by_hand_offers_it(each: Any, staff: User) -> None:
    page = page_of(client_of(staff), each, "?q=nothing-is-called-so")
    empty = page_of(client_of(staff), each)
    request = type("Request", (), {"user": staff, "GET": {}})()

    offered = f'/{each.opts.model_name}/add/"' in empty.partition("house-empty")[2]

    assert "Nothing matches" in page or not each.search_fields
    assert offered == (each.has_add_permission(request) and "house-empty" in empty)


def test_a_search_without_a_find_leads_back_to_all(staff: User) -> None:
    client = client_of(staff)
    for url in ("/admin/jobs/task/?q=nothing-is-called-so", "/admin/jobs/task/?status=failure"):
        page = client.get(url).content.decode()
        assert "Nothing matches" in page
        assert 'class="house-button" href="?"' in page
        assert "Nothing here yet" not in page


@pytest.mark.parametrize(("language", "words"), [("en", ("1 row", "2 rows")), ("ja", ("1 件", "2 件"))])
def test_a_list_counts_its_rows(staff: User, language: str, words: tuple[str, str]) -> None:
    client = client_of(staff)

    # Their names are of one, of many, or of the whole: the audit book.
    for number, counted in enumerate(words, start=1):
        edit.guild(100 + number, name="")
        page = client.get("/admin/guilds/guild/", headers={"accept-language": language}).content.decode()
        assert f'<div class="py-4">{counted}</div>' in page
