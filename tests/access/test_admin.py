"""The admin of people, tokens, chat accounts and the audit book."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from jobs.access import audit, book_admin, book_kinds, roles, tokens
from jobs.access.accounts import first_contact
from jobs.access.models import Action, ApiToken, AuditEntry, ChatAccount, Platform
from tests.runtime.admin_site import PAYLOAD, client_of, person

pytestmark = pytest.mark.django_db

TOKENS = "/admin/access/apitoken/"
CHATS = "/admin/access/chataccount/"
BOOK = "/admin/access/auditentry/"
PEOPLE = "/admin/auth/user/"
GROUPS = "/admin/auth/group/"

ALL = [f"access.{act}_apitoken" for act in ("add", "change", "delete", "view")]
PEOPLE_POWERS = [f"auth.{act}_{model}" for act in ("add", "change", "delete", "view") for model in ("user", "group")]


@pytest.fixture
def token(owner: User) -> tuple[ApiToken, str]:
    return tokens.issue(owner, name="script", actor=owner)


def revoke(client: Client, *chosen: ApiToken) -> Any:
    return client.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk for token in chosen]})


def test_a_token_is_revoked_and_the_book_says_by_whom(token: tuple[ApiToken, str], staff: User) -> None:
    row, secret = token

    revoke(client_of(staff), row)
    revoke(client_of(staff), row)

    assert tokens.verify(secret) is None
    [entry] = AuditEntry.objects.filter(action=Action.TOKEN_REVOKED)
    assert (entry.actor, entry.object_id) == (staff, str(row.pk))


@pytest.mark.parametrize(
    ("permissions", "flags"),
    [
        (None, {}),
        (ALL, {}),
        ([], {"is_staff": True}),
        (["access.view_apitoken"], {"is_staff": True}),
        (["access.change_apitoken"], {"is_staff": True}),
        (["access.view_apitoken", "access.delete_apitoken", "access.add_apitoken"], {"is_staff": True}),
    ],
)
def test_who_may_not_revoke_does_not(
    token: tuple[ApiToken, str], permissions: list[str] | None, flags: dict[str, bool]
) -> None:
    row, secret = token
    client = client_of(None if permissions is None else person("somebody", *permissions, **flags))

    revoke(client, row)

    assert tokens.verify(secret) is not None


def test_view_and_change_are_enough_to_revoke(token: tuple[ApiToken, str]) -> None:
    row, secret = token

    revoke(client_of(person("low", "access.view_apitoken", "access.change_apitoken", is_staff=True)), row)

    assert tokens.verify(secret) is None


def test_a_token_cannot_be_made_changed_or_deleted_by_hand(token: tuple[ApiToken, str], staff: User) -> None:
    row, secret = token
    client = client_of(staff)
    before = ApiToken.objects.values().get()
    forged = {"name": "x", "digest": "0" * 64, "user": staff.pk, "scopes": '["staff"]', "expires_at_0": "2099-01-01"}

    answers = [client.post(f"{TOKENS}{path}", forged) for path in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/")]
    client.post(TOKENS, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})

    assert {answer.status_code for answer in answers} == {403}
    assert ApiToken.objects.values().get() == before
    assert tokens.verify(secret) is not None


def test_the_digest_is_shown_nowhere(token: tuple[ApiToken, str], staff: User) -> None:
    row, secret = token
    client = client_of(staff)

    for path in (TOKENS, f"{TOKENS}{row.pk}/change/", f"{TOKENS}?q={row.prefix}"):
        content = client.get(path).content.decode()
        assert row.prefix in content
        assert row.digest not in content
        assert secret not in content


def test_tokens_say_whether_they_count(owner: User, staff: User) -> None:
    tokens.issue(owner, name="valid")
    old, _secret = tokens.issue(owner, name="old")
    ended, _secret = tokens.issue(owner, name="ended")
    long_ago = old.created_at - timedelta(days=400)
    ApiToken.objects.filter(pk=old.pk).update(created_at=long_ago, expires_at=long_ago + timedelta(days=1))
    tokens.revoke(ended, actor=None)

    content = client_of(staff).get(TOKENS).content.decode()

    for word in ("valid", "expired", "revoked"):
        assert f">{word}</span>" in content


def test_the_book_can_only_be_read(staff: User, owner: User) -> None:
    entry = audit.record(Action.TOKEN_ISSUED, actor=owner, about=owner, scopes=["tasks"])
    client = client_of(staff)

    assert client.get(f"{BOOK}{entry.pk}/change/").status_code == 200
    for path in ("add/", f"{entry.pk}/change/", f"{entry.pk}/delete/"):
        assert client.post(f"{BOOK}{path}", {"action": "x", "post": "yes"}).status_code == 403
    client.post(BOOK, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert AuditEntry.objects.count() == 1


def test_lists_cost_a_few_queries(staff: User, owner: User, django_assert_max_num_queries: Any) -> None:
    for number in range(60):
        tokens.issue(owner, name=str(number), actor=owner)
        first_contact(Platform.DISCORD, str(number))
    client = client_of(staff)

    for path in (TOKENS, CHATS, BOOK, PEOPLE):
        with django_assert_max_num_queries(10):
            assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [TOKENS, CHATS, BOOK, PEOPLE, GROUPS])
def test_pages_are_for_who_may_look(path: str) -> None:
    assert client_of(None).get(path).status_code == 302
    assert client_of(person("user", *ALL)).get(path).status_code == 302
    assert client_of(person("low", is_staff=True)).get(path).status_code == 403


def test_texts_are_shown_as_texts(staff: User, owner: User) -> None:
    owner.username = owner.first_name = PAYLOAD
    owner.save()
    token, _secret = tokens.issue(owner, name=PAYLOAD[:80], actor=owner)
    chat = ChatAccount.objects.create(
        platform=Platform.TELEGRAM, external_id=PAYLOAD, user=owner, created_at=token.created_at
    )
    entry = audit.record(Action.TOKEN_ISSUED, actor=owner, about=token, **{PAYLOAD: PAYLOAD})
    group = Group.objects.create(name=PAYLOAD)
    client = client_of(staff)

    pages = [(TOKENS, token), (CHATS, chat), (BOOK, entry), (PEOPLE, owner), (GROUPS, group)]
    for path in [path for path, _row in pages] + [f"{path}{row.pk}/change/" for path, row in pages]:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode(), path
        assert "<img src=x" not in answer.content.decode(), path


# People and their powers


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    return {"username": user.username, "is_active": "on", "first_name": "", "last_name": "", "email": "", **changes}


def test_nobody_but_a_superuser_gives_powers(owner: User) -> None:
    manager = person("manager", *PEOPLE_POWERS, is_staff=True)
    client = client_of(manager)
    powers = {"is_staff": "on", "is_superuser": "on", "user_permissions": ["1", "2"]}

    for user in (manager, owner):
        was_staff = user.is_staff
        client.post(f"{PEOPLE}{user.pk}/change/", form_of(user, **powers))
        user.refresh_from_db()
        assert (user.is_staff, user.is_superuser) == (was_staff, False)
    assert owner.user_permissions.count() == 0
    assert manager.user_permissions.count() == len(PEOPLE_POWERS)


def test_nobody_but_a_superuser_touches_a_superuser(staff: User) -> None:
    client = client_of(person("manager", *PEOPLE_POWERS, is_staff=True))
    before = User.objects.values().get(pk=staff.pk)

    answers = [
        client.post(f"{PEOPLE}{staff.pk}/change/", form_of(staff, is_active="")),
        client.post(f"{PEOPLE}{staff.pk}/password/", {"password1": "a new long word", "password2": "a new long word"}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert User.objects.values().get(pk=staff.pk) == before


def test_nobody_but_a_superuser_changes_groups() -> None:
    group = Group.objects.create(name="readers")
    client = client_of(person("manager", *PEOPLE_POWERS, is_staff=True))

    for path in ("add/", f"{group.pk}/change/", f"{group.pk}/delete/"):
        assert client.post(f"{GROUPS}{path}", {"name": "x", "permissions": ["1"], "post": "yes"}).status_code == 403
    assert list(Group.objects.exclude(name__in=roles.ROLES).values_list("name", flat=True)) == ["readers"]


def test_a_superuser_gives_powers_and_locks_out(staff: User, owner: User) -> None:
    client = client_of(staff)

    client.post(f"{PEOPLE}{owner.pk}/change/", form_of(owner, is_staff="on"))
    owner.refresh_from_db()
    assert owner.is_staff

    client.post(f"{PEOPLE}{owner.pk}/change/", form_of(owner, is_active=""))
    owner.refresh_from_db()
    assert not owner.is_active


def test_people_are_not_deleted(staff: User, owner: User) -> None:
    client = client_of(staff)

    assert client.post(f"{PEOPLE}{owner.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(PEOPLE, {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"})
    assert User.objects.filter(pk=owner.pk).exists()


def test_a_person_is_made_with_a_password(staff: User) -> None:
    client = client_of(staff)
    words = "several quiet words"

    answer = client.post(
        f"{PEOPLE}add/",
        {"username": "mika", "usable_password": "true", "password1": words, "password2": words},
    )

    assert answer.status_code == 302
    mika = User.objects.get(username="mika")
    assert mika.check_password(words)
    assert not mika.is_staff


def test_the_book_is_searched_by_what_it_was_done_to_and_by_whom(staff: User, owner: User) -> None:
    row, _secret = tokens.issue(owner, name="n")
    done = audit.record(Action.TOKEN_ISSUED, actor=owner, about=row)
    named = audit.record_named(Action.QUEUE_PAUSED, actor=None, kind="queue", name="bulk")
    others = audit.record(Action.TASK_CANCELLED, actor=staff, about=staff)
    client = client_of(staff)

    def found(term: str) -> set[int]:
        return {entry.pk for entry in client.get(BOOK, {"q": term}).context["cl"].result_list}

    assert found(str(row.pk)) >= {done.pk}
    assert done.pk in found("hana")
    assert others.pk not in found("hana")
    assert found("bulk") == {named.pk}
    assert found("nobody at all") == set()
    assert found("") >= {done.pk, named.pk, others.pk}


def test_a_search_of_the_book_asks_for_no_id_without_its_kind(staff: User, owner: User) -> None:
    audit.record(Action.TASK_CANCELLED, actor=staff, about=owner)
    client = client_of(staff)

    with CaptureQueriesContext(connection) as queries:
        client.get(BOOK, {"q": str(owner.pk)})

    asked = [query["sql"] for query in queries if '"object_id" = ' in query["sql"]]
    assert asked
    # The index leads from the kind to the id: without it a million entries would be read.
    assert all('"object_type" IN (' in sql for sql in asked)


def test_the_book_says_in_words_what_an_entry_is_about(staff: User, owner: User) -> None:
    token, _secret = tokens.issue(owner, name="n")
    audit.record_named(Action.QUEUE_PAUSED, actor=staff, kind="queue", name="bulk")
    audit.record(Action.PERSON_CHANGED, actor=staff, about=owner)
    client = client_of(staff)

    def cells(language: str, **query: str) -> list[str]:
        page = client.get(BOOK, query, headers={"accept-language": language}).content.decode()
        return re.findall(r'<td class="field-kind_word" [^>]*>([^<]*)</td>', page)

    assert cells("en") == ["user", "queue", "API token"]
    assert cells("ja") == ["利用者", "待ち行列", "API トークン"]
    assert cells("ja", kind="queue") == ["待ち行列"]
    assert cells("en", kind="apitoken") == ["API token"]
    assert f"/admin/access/apitoken/{token.pk}/change/" in client.get(BOOK).content.decode()


def test_every_kind_of_the_book_is_offered_and_has_words_and_is_none_of_programs(staff: User) -> None:
    with translation.override("ja"):
        choices = dict(book_kinds.choices())
        page = client_of(staff).get(BOOK, headers={"accept-language": "ja"}).content.decode()

    # What the rooms write that has words of its own, and what nobody knows any more.
    assert {"practicerecord", "endpoint", "weathersubscription", "receiver", "auditentry"} <= set(choices)
    assert book_kinds.word("left long ago") == "left long ago"
    for kind, words in choices.items():
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", words), kind
        assert f'<option value="{kind}"' in page
        assert words in page


def test_an_entry_leads_to_the_page_of_its_row_where_there_is_one() -> None:
    assert book_kinds.page("endpoint", "f858cbfc-0fa5-4ef1-a521-9bfa5b413490") is not None
    assert book_kinds.page("autojoin", "5") is None
    assert book_kinds.page("queue", "bulk") is None
    assert book_kinds.page("task", "") is None
    assert book_kinds.page("user", "-") is None
    assert book_kinds.page("left long ago", "1") is None


def test_details_say_yes_and_no_and_nothing() -> None:
    details = {"part": "", "own": True, "ids": [], "before": {"enabled": True}, "after": {"enabled": False}}

    assert book_admin.in_words(details) == "part: –, own: yes, enabled: yes → no"
    with translation.override("ja"):
        assert book_admin.in_words({"own": False}) == "own: いいえ"
