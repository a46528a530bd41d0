"""A signed link opens the one thing it was made for, until it ends."""

import string
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.test import override_settings
from hypothesis import assume, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from jobs.access import links
from jobs.access.caller import Caller
from jobs.runtime.models import Artifact, Source, Task

# Even a link reads the clock, which is the database's.
pytestmark = pytest.mark.django_db

TASK = UUID("0198b0a0-0000-7000-8000-000000000001")
NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
BASE = "https://koebako.example"


def link_in(url):
    return parse_qs(urlsplit(url).query)[links.PARAMETER][0]


@pytest.fixture
def task(owner):
    return Task.objects.create(
        function="speech", owner=owner, source=Source.API, order_key="k", queue="interactive", inputs={},
        created_at=NOON, updated_at=NOON,
    )  # fmt: skip


def test_a_page_link_opens_its_task():
    assert links.opens_page(links.page_link(TASK), TASK)


def test_a_page_link_opens_no_other_task():
    assert not links.opens_page(links.page_link(TASK), uuid4())


def test_an_artifact_link_opens_its_file_and_no_other():
    link = links.artifact_link(TASK, "speech.ogg")

    assert links.opens_artifact(link, TASK, "speech.ogg")
    assert not links.opens_artifact(link, TASK, "speech.wav")
    assert not links.opens_artifact(link, uuid4(), "speech.ogg")


def test_a_link_serves_one_purpose():
    assert not links.opens_artifact(links.page_link(TASK), TASK, "speech.ogg")
    assert not links.opens_page(links.artifact_link(TASK, "speech.ogg"), TASK)
    assert not links.opens_page(links.artifact_link(TASK, ""), TASK)


def test_a_link_ends(monkeypatch, settings):
    link = links.page_link(TASK, issued_at=NOON)

    monkeypatch.setattr("jobs.runtime.clock.now", lambda: NOON + timedelta(seconds=settings.LINK_SECONDS - 1))
    assert links.opens_page(link, TASK)
    monkeypatch.setattr("jobs.runtime.clock.now", lambda: NOON + timedelta(seconds=settings.LINK_SECONDS))
    assert not links.opens_page(link, TASK)


def test_a_link_of_another_house_is_refused():
    with override_settings(SECRET_KEY="another house"):
        link = links.page_link(TASK)

    assert not links.opens_page(link, TASK)


def test_a_link_outlives_a_change_of_key_while_the_old_one_is_kept():
    with override_settings(SECRET_KEY="old"):
        link = links.page_link(TASK)

    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert links.opens_page(link, TASK)


@effort(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_changed_link_opens_anything(data):
    link = links.page_link(TASK)
    start = data.draw(st.integers(0, len(link)))
    end = data.draw(st.integers(start, len(link)))
    put = data.draw(st.text(st.sampled_from(string.ascii_letters + string.digits + "-_:=. \n\x00０é"), max_size=6))
    changed = link[:start] + put + link[end:]
    assume(changed != link)

    assert not links.opens_page(changed, TASK)
    assert not links.opens_artifact(changed, TASK, "speech.ogg")


@given(st.text(max_size=80))
def test_no_made_up_link_opens_anything(text):
    assert not links.opens_page(text, TASK)


@given(st.integers(min_value=0, max_value=10**12))
def test_the_end_of_a_link_cannot_be_moved(end):
    head, _dash, signature = links.page_link(TASK).partition("-")
    assume(str(end) != head)

    assert not links.opens_page(f"{end}-{signature}", TASK)


def test_addresses_are_whole_and_open(task):
    artifact = Artifact(task=task, name="a b&c.ogg")

    page = links.page_url(task, BASE)
    file = links.artifact_url(artifact, BASE)

    assert page.startswith(f"{BASE}/tasks/{task.pk}?")
    assert links.opens_page(link_in(page), task.pk)
    assert file.startswith(f"{BASE}/api/v1/tasks/{task.pk}/artifacts/a%20b%26c.ogg?")
    assert links.opens_artifact(link_in(file), task.pk, "a b&c.ogg")


def test_a_page_address_can_count_from_the_moment_a_task_was_accepted(task):
    first = links.page_url(task, BASE, issued_at=task.created_at)

    assert links.page_url(task, BASE, issued_at=task.created_at) == first


def test_links_start_as_the_request_did_unless_the_public_address_is_known(rf, settings):
    request = rf.get("/", headers={"host": "localhost:8123"})
    assert links.base_of(request) == "http://localhost:8123"

    settings.PUBLIC_URL = "https://koe.example"
    assert links.base_of(request) == "https://koe.example"


# --- Who may see a task ---------------------------------------------------


def staff_with(user, *codenames):
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="jobs", codename__in=codenames))
    return type(user).objects.get(pk=user.pk)


def test_the_owner_sees_a_task_and_a_stranger_does_not(task, owner, stranger):
    assert links.may_see(task, user=owner)
    assert not links.may_see(task, user=stranger)
    assert not links.may_see(task, user=AnonymousUser())
    assert not links.may_see(task)


def test_a_link_shows_its_task_to_anybody(task, stranger):
    link = links.page_link(task.pk)

    assert links.may_see(task, link=link)
    assert links.may_see(task, user=stranger, link=link)
    assert not links.may_see(task, user=stranger, link=links.page_link(uuid4()))


def test_staff_need_the_permission_to_see_a_foreign_task(task, stranger, staff):
    for too_little in ((), ("view_task",), ("view_content",)):
        assert not links.may_see(task, user=staff_with(stranger, *too_little))
    assert links.may_see(task, user=staff_with(stranger, "view_task", "view_content"))
    assert links.may_see(task, user=staff)


def test_the_permission_without_being_staff_shows_nothing(task, stranger):
    user = staff_with(stranger, "view_task", "view_content")
    user.is_staff = False

    assert not links.may_see(task, user=user)


def test_an_inactive_owner_sees_nothing(task, owner):
    owner.is_active = False

    assert not links.may_see(task, user=owner)


def test_one_query_says_which_tasks_a_caller_sees(task, owner, stranger, staff):
    assert list(links.tasks_visible_to(Caller.logged_in(owner))) == [task]
    assert list(links.tasks_visible_to(Caller.logged_in(stranger))) == []
    assert list(links.tasks_visible_to(Caller.logged_in(staff))) == [task]
    # A token without the staff scope leaves that power at home.
    assert list(links.tasks_visible_to(Caller.with_scopes(staff, ["tasks"]))) == []
