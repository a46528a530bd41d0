"""The groups that every house has, and what the audit book says of people, groups and logins."""

import csv
import io
import json
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from jobs.access import audit, logins, roles, tokens
from jobs.access.book_admin import in_words
from jobs.access.models import Action, AuditEntry
from tests.runtime.admin_site import client_of, person

pytestmark = pytest.mark.django_db

BOOK, PEOPLE, GROUPS = "/admin/access/auditentry/", "/admin/auth/user/", "/admin/auth/group/"


def held(role: str) -> set[str]:
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


def make() -> None:
    last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
    roles.make(last, using="default")


def test_each_role_has_what_its_name_says() -> None:
    every = {name: held(name) for name in roles.ROLES}

    for act in roles.ACTS:
        assert act in every[roles.OPERATORS], act
    assert every[roles.GUILD_STAFF] == roles.OF_GUILDS
    assert every[roles.AUDITORS] == roles.OF_AUDITORS
    assert {name.partition(".")[2].partition("_")[0] for name in every[roles.VIEWERS]} == {"view"}
    assert "jobs.view_task" in every[roles.VIEWERS] & every[roles.READERS]
    assert [role for role, names in every.items() if "jobs.view_content" in names] == [roles.READERS]
    for table in roles.PERSONAL:
        app, _dot, model = table.partition(".")
        assert f"{app}.view_{model}" in every[roles.READERS] - every[roles.VIEWERS] - every[roles.OPERATORS], table
    assert not any(name.startswith("auth.change") for names in every.values() for name in names)


def test_a_role_is_put_right_again_and_other_groups_are_left_alone(django_assert_max_num_queries: Any) -> None:
    viewers, own = Group.objects.get(name=roles.VIEWERS), Group.objects.create(name="Readers of ours")
    before = {role: held(role) for role in roles.ROLES}
    cancel = Permission.objects.get(codename="cancel_task")
    viewers.permissions.set([cancel])
    own.permissions.set([cancel])
    Group.objects.get(name=roles.AUDITORS).delete()

    make()

    assert {role: held(role) for role in roles.ROLES} == before
    assert held("Readers of ours") == {"jobs.cancel_task"}
    # After each test that empties the database.
    with django_assert_max_num_queries(4):
        make()


def test_migrating_again_makes_nothing_twice() -> None:
    call_command("migrate", verbosity=0)

    assert Group.objects.filter(name__in=roles.ROLES).count() == len(roles.ROLES)


# People and groups


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    return {"username": user.username, "is_active": "on", "first_name": "", "last_name": "", "email": "", **changes}


def newest() -> AuditEntry:
    entry = AuditEntry.objects.order_by("-pk").first()
    assert entry is not None
    return entry


def test_the_book_says_what_somebody_may_before_and_after(staff: User, owner: User) -> None:
    client, group = client_of(staff), Group.objects.get(name=roles.VIEWERS)

    client.post(f"{PEOPLE}{owner.pk}/change/", form_of(owner, is_staff="on", groups=[group.pk], first_name="Hana"))

    entry = newest()
    assert (entry.actor, entry.action, entry.object_id) == (staff, Action.PERSON_CHANGED, str(owner.pk))
    assert entry.details["before"] == {"is_staff": False, "groups": []}
    assert entry.details["after"] == {"is_staff": True, "groups": ["Viewers"]}
    assert entry.details["fields"] == ["first_name"]
    assert "Hana" not in json.dumps(entry.details)


def test_the_book_says_who_was_added_and_whose_password_is_new(staff: User) -> None:
    client, words = client_of(staff), "a long new word"
    client.post(f"{PEOPLE}add/", {"username": "neu", "password1": words, "password2": words, "usable_password": "true"})
    made = User.objects.get(username="neu")
    added = newest()
    client.post(f"{PEOPLE}{made.pk}/password/", {"password1": words[1:], "password2": words[1:]})
    others = newest()
    client.post(f"{PEOPLE}{made.pk}/password/", {"password1": "x", "password2": "y"})

    assert (added.action, added.object_id) == (Action.PERSON_MADE, str(made.pk))
    assert (others.action, others.object_id, others.details) == (Action.PASSWORD_CHANGED, str(made.pk), {})
    assert newest() == others
    assert words[1:] not in json.dumps(list(AuditEntry.objects.values_list("details", flat=True)))


def test_the_book_says_what_a_group_may(staff: User) -> None:
    client = client_of(staff)
    ours = Permission.objects.filter(content_type__app_label="jobs")
    look, act = ours.get(codename="view_task"), ours.get(codename="cancel_task")

    client.post(f"{GROUPS}add/", {"name": "ours", "permissions": [look.pk]})
    group = Group.objects.get(name="ours")
    client.post(f"{GROUPS}{group.pk}/change/", {"name": "ours", "permissions": [look.pk, act.pk]})
    client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})

    made, changed, deleted = AuditEntry.objects.order_by("pk")
    assert [entry.action for entry in (made, changed, deleted)] == ["group_made", "group_changed", "group_deleted"]
    assert changed.details["before"]["permissions"] == ["jobs.view_task"]
    assert changed.details["after"]["permissions"] == ["jobs.cancel_task", "jobs.view_task"]
    assert not Group.objects.filter(name="ours").exists()


def test_nobody_sets_the_password_of_who_may_more() -> None:
    manager = person("manager", "auth.view_user", "auth.change_user", is_staff=True)
    operator = person("operator", "jobs.cancel_task", is_staff=True)
    client, words = client_of(manager), {"password1": "a long new word", "password2": "a long new word"}

    refused = client.post(f"{PEOPLE}{operator.pk}/password/", words)
    own = client.post(f"{PEOPLE}{manager.pk}/password/", words)

    assert (refused.status_code, own.status_code) == (403, 302)


# Logins


def test_failed_logins_name_nobody_who_is_not_known(owner: User) -> None:
    client = Client()
    for name in (owner.username, "my secret password"):
        client.post("/login/", {"username": name, "password": "wrong"})

    entries = AuditEntry.objects.filter(action=Action.LOGIN_FAILED).order_by("pk")
    assert [(entry.object_type, entry.object_id) for entry in entries] == [("user", str(owner.pk)), ("user", "")]
    assert "secret" not in json.dumps(list(entries.values()), default=str)
    assert all(entry.actor is None for entry in entries)


def test_who_guesses_passwords_does_not_fill_the_book(owner: User, rf: Any) -> None:
    for _number in range(logins.MAX_FAILURES + 5):
        logins.note_failure(None, credentials={"username": owner.username}, request=rf.post("/login/"))

    assert AuditEntry.objects.filter(object_id=str(owner.pk)).count() == logins.MAX_FAILURES


def test_staff_who_log_out_are_written_down(staff: User, owner: User) -> None:
    for user in (staff, owner):
        client_of(user).post("/logout/")

    assert list(AuditEntry.objects.values_list("action", "object_id")) == [("logged_out", str(staff.pk))]


# The book


def test_the_book_is_filtered_and_handed_out(staff: User, owner: User) -> None:
    owner.username = "=cmd()"
    owner.save()
    token, _secret = tokens.issue(owner, name="script", actor=owner)
    tokens.revoke(token, actor=staff)
    client = client_of(staff)

    def shown(query: str) -> list[str]:
        return [entry.action for entry in client.get(f"{BOOK}?{query}").context["cl"].result_list]

    assert shown("who=boss") == ["token_revoked"]
    assert shown("action=token_issued") == ["token_issued"]
    assert shown("kind=apitoken") == ["token_revoked", "token_issued"]
    assert shown("kind=task") == shown("created_at_to=2020-01-01") == []

    assert client.get(f"{BOOK}export/").status_code == 405
    answer = client.post(f"{BOOK}export/?action=token_issued")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["action"], row["who"], row["object"]) for row in rows] == [("token_issued", "'=cmd()", str(token.pk))]
    exported = newest()
    assert (exported.action, exported.actor) == (Action.BOOK_EXPORTED, staff)
    assert exported.details == {"count": 1, "filters": ["action"]}


def test_who_may_not_see_the_book_gets_no_file() -> None:
    assert client_of(person("low", is_staff=True)).post(f"{BOOK}export/").status_code == 403
    auditor = person("auditor", is_staff=True)
    auditor.groups.add(Group.objects.get(name=roles.AUDITORS))
    assert client_of(auditor).post(f"{BOOK}export/").status_code == 200


def test_changes_are_read_from_left_to_right(owner: User) -> None:
    entry = audit.record(
        Action.PERSON_CHANGED, actor=None, about=owner,
        before={"is_staff": False, "groups": []}, after={"is_staff": True, "groups": ["a", "b"]}, fields=[],
    )  # fmt: skip

    assert in_words(entry.details) == "groups: – → a b, is_staff: no → yes"
