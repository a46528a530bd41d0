"""Who gets in where: every route, asked by everybody."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from jobs.access import links, tokens
from jobs.access.caller import SCOPES
from jobs.access.models import ApiToken
from jobs.runtime.models import Status, Task
from tests.api.conftest import bearer

JSON = "application/json"
UNKNOWN = "0198b0a0-0000-7000-8000-00000000dead"
INVOKE = json.dumps({"input": {"word": "hi"}})
SPEAK = json.dumps({"model": "m", "voice": "bob", "input": "x"})

# method, path, body, scope, the answer to its rightful caller ({id}: a finished task of theirs with a file)
ROUTES = [
    ("GET", "/api/v1/functions", None, "invoke", 200),
    ("GET", "/api/v1/functions/toy_echo", None, "invoke", 200),
    ("POST", "/api/v1/functions/toy_echo/invoke", INVOKE, "invoke", 202),
    ("GET", "/api/v1/tasks", None, "tasks", 200),
    ("GET", "/api/v1/tasks/{id}", None, "tasks", 200),
    ("POST", "/api/v1/tasks/{id}/cancel", None, "tasks", 409),
    ("POST", "/api/v1/tasks/{id}/retry", None, "tasks", 202),
    ("GET", "/api/v1/tasks/{id}/artifacts/speech.ogg", None, "tasks", 200),
    ("HEAD", "/api/v1/tasks/{id}/artifacts/speech.ogg", None, "tasks", 200),
    # An unknown voice: the door was passed, nothing is spoken.
    ("POST", "/v1/audio/speech", SPEAK, "invoke", 422),
]
EVENTS = ("GET", "/api/v1/tasks/{id}/events", None, "tasks", 200)
OF_A_TASK = [route for route in [*ROUTES, EVENTS] if "{id}" in route[1]]
READ_BY_LINK = ["/api/v1/tasks/{id}", "/api/v1/tasks/{id}/events"]


def ask(client, route, task_id=UNKNOWN):
    method, path, body, *_rest = route
    return client.generic(method, path.format(id=task_id), body or "", content_type=JSON if body else "")


def without_id(answer):
    """Return an answer's body without the id of the request, which differs each time."""
    return answer.content.replace(answer.headers["X-Request-ID"].encode(), b"*")


def named(routes):
    return pytest.mark.parametrize("route", routes, ids=lambda route: f"{route[0]} {route[1]}")


@pytest.fixture
def task(make_artifact, owner):
    return make_artifact(owner=owner).task


@named([*ROUTES, EVENTS])
def test_without_a_name_nobody_gets_in(route, task):
    answer = ask(Client(), route, task.pk)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="koebako"'


NO_TOKENS = [
    "Bearer koe_000000000000_" + "A" * 43,
    "Bearer",
    "Bearer ",
    "",
    "Basic aGFuYTpzZWNyZXQ=",
    "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA",
    "koe_000000000000_" + "A" * 43,
]


@named([*ROUTES, EVENTS])
def test_a_token_that_is_none_is_refused_as_such(route, task):
    for header in NO_TOKENS:
        answer = ask(Client(headers={"authorization": header}), route, task.pk)

        assert answer.status_code == 401, header
        assert 'error="invalid_token"' in answer["WWW-Authenticate"]


@named([*ROUTES, EVENTS])
def test_an_expired_token_is_refused(route, task, owner):
    token, secret = tokens.issue(owner, name="n", days=1)
    past = timezone.now() - timedelta(days=3)
    ApiToken.objects.filter(pk=token.pk).update(created_at=past, expires_at=past + timedelta(days=1))

    assert ask(bearer(secret), route, task.pk).status_code == 401


@named([*ROUTES, EVENTS])
def test_a_revoked_token_is_refused(route, task, owner):
    token, secret = tokens.issue(owner, name="n")
    tokens.revoke(token, actor=owner)

    assert ask(bearer(secret), route, task.pk).status_code == 401


@named([*ROUTES, EVENTS])
def test_every_other_scope_is_not_the_one(route, task, staff, client_of):
    scope = route[3]
    others = [name for name in SCOPES if name != scope]

    answer = ask(client_of(staff, *others), route, task.pk)

    assert answer.status_code == 403
    assert route[0] == "HEAD" or scope in answer.content.decode()


@named(ROUTES)
def test_the_one_scope_is_enough(route, task, owner, client_of):
    assert ask(client_of(owner, route[3]), route, task.pk).status_code == route[4]


@named(OF_A_TASK)
def test_a_foreign_task_and_an_unknown_one_look_alike(route, task, as_stranger):
    foreign = ask(as_stranger, route, task.pk)
    unknown = ask(as_stranger, route, uuid4())

    assert foreign.status_code == unknown.status_code == 404
    assert without_id(foreign) == without_id(unknown)
    assert [name for name, _value in foreign.items()] == [name for name, _value in unknown.items()]


@named(OF_A_TASK)
def test_an_id_that_is_none_is_a_404_too(route, as_owner):
    for task_id in ["1", "x", "..", "0198b0a0-0000-7000-8000-00000000DEAD", "%00", "a" * 500]:
        assert ask(as_owner, route, task_id).status_code == 404, task_id


def test_a_wrong_token_is_not_saved_by_a_login(owner):
    client = Client(headers={"authorization": "Bearer koe_wrong"})
    client.force_login(owner)

    assert client.get("/api/v1/tasks").status_code == 401


def test_an_inactive_users_token_is_refused(owner, as_owner):
    owner.is_active = False
    owner.save()

    assert as_owner.get("/api/v1/tasks").status_code == 401


# --- A browser that is logged in ------------------------------------------


@pytest.fixture
def browser(owner, valkey):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    return client


def test_a_login_reads(browser):
    assert browser.get("/api/v1/tasks").status_code == 200


def test_a_login_changes_nothing_without_the_csrf_header(browser):
    answer = browser.post("/api/v1/functions/toy_echo/invoke", INVOKE, content_type=JSON)

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:koebako:problem:csrf"
    assert not Task.objects.exists()


def test_a_login_with_the_csrf_header_changes(browser):
    browser.get("/api/v1/docs")
    csrf = browser.cookies["csrftoken"].value

    answer = browser.post("/api/v1/functions/toy_echo/invoke", INVOKE, content_type=JSON, headers={"x-csrftoken": csrf})

    assert answer.status_code == 202


def test_a_form_from_elsewhere_changes_nothing(browser, make_task):
    task = make_task()
    for body, kind in [
        ("", "application/x-www-form-urlencoded"),
        ("a=b", "application/x-www-form-urlencoded"),
        ("x", "multipart/form-data"),
        ("x", "multipart/form-data; boundary=x"),
        ('{"a":1}', "text/plain"),
    ]:
        answer = browser.post(f"/api/v1/tasks/{task.pk}/cancel", body, content_type=kind)
        assert answer.status_code in {403, 415}

    task.refresh_from_db()
    assert task.status == Status.PENDING


def test_staff_who_are_logged_in_have_the_staff_scope(staff, valkey):
    client = Client()
    client.force_login(staff)

    answer = client.post(
        "/api/v1/functions/toy_echo/invoke", {"input": {"word": "a"}, "priority": 0}, content_type=JSON
    )

    assert answer.status_code == 202


# --- Signed links -----------------------------------------------------------


@pytest.mark.parametrize("path", READ_BY_LINK)
def test_a_page_link_shows_its_task_without_a_login(path, task):
    answer = Client().get(path.format(id=task.pk), {"link": links.page_link(task.pk)})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", READ_BY_LINK)
def test_a_page_link_shows_no_other_task(path, task, make_task):
    other = make_task(status=Status.SUCCESS)
    link = links.page_link(task.pk)

    foreign = Client().get(path.format(id=other.pk), {"link": link})
    unknown = Client().get(path.format(id=UNKNOWN), {"link": link})

    assert foreign.status_code == unknown.status_code == 403
    assert without_id(foreign) == without_id(unknown)


@pytest.mark.parametrize("act", ["cancel", "retry"])
def test_a_page_link_changes_nothing(act, task):
    answer = Client().post(f"/api/v1/tasks/{task.pk}/{act}?link={links.page_link(task.pk)}")

    assert answer.status_code == 401


def test_a_page_link_does_not_renew_itself(task):
    link = links.page_link(task.pk)

    said = Client().get(f"/api/v1/tasks/{task.pk}", {"link": link}).json()

    assert said["page_url"].endswith(link)


def test_a_stranger_with_a_link_is_let_in_by_the_link(task, as_stranger):
    answer = as_stranger.get(f"/api/v1/tasks/{task.pk}", {"link": links.page_link(task.pk)})

    assert answer.status_code == 200


def test_an_old_link_does_not_keep_the_owner_out(task, as_owner):
    assert as_owner.get(f"/api/v1/tasks/{task.pk}", {"link": "1-x"}).status_code == 200


def test_a_link_to_a_task_that_is_gone_is_a_404(task):
    link = links.page_link(task.pk)
    Task.objects.all().delete()

    assert Client().get(f"/api/v1/tasks/{task.pk}", {"link": link}).status_code == 404


# --- Staff ------------------------------------------------------------------


def test_staff_see_and_change_foreign_tasks_with_the_staff_scope(as_staff, make_task):
    task = make_task()

    assert as_staff.get(f"/api/v1/tasks/{task.pk}").status_code == 200
    assert as_staff.post(f"/api/v1/tasks/{task.pk}/cancel", content_type=JSON).status_code == 200


def test_staff_without_the_staff_scope_are_like_anybody(staff, client_of, make_task):
    task = make_task()

    assert client_of(staff, "tasks").get(f"/api/v1/tasks/{task.pk}").status_code == 404


def test_staff_who_may_only_look_cannot_change(stranger, client_of, make_task):
    stranger.is_staff = True
    stranger.save()
    looks = ("view_task", "view_content")
    stranger.user_permissions.set(Permission.objects.filter(content_type__app_label="jobs", codename__in=looks))
    client = client_of(stranger, "tasks", "staff")
    task = make_task()

    assert client.get(f"/api/v1/tasks/{task.pk}").status_code == 200
    refused = client.post(f"/api/v1/tasks/{task.pk}/cancel", content_type=JSON)
    assert refused.status_code == 403
    assert "jobs.cancel_task" in refused.json()["detail"]
    assert client.post(f"/api/v1/tasks/{task.pk}/retry", content_type=JSON).status_code == 403


def test_the_list_is_ones_own_even_for_staff(as_staff, make_task):
    make_task()

    assert as_staff.get("/api/v1/tasks").json()["tasks"] == []
