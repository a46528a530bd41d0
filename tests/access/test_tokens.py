"""What an API token opens, and what ends it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.access import tokens
from jobs.access.caller import DEFAULT_SCOPES
from jobs.access.errors import BadLifetime, StaffOnly, UnknownScope
from jobs.access.models import Action, ApiToken, AuditEntry
from jobs.access.models.found import token_with_user

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def at_noon(monkeypatch):
    """The database's clock stands at noon; the returned function moves it."""
    moment = [NOON]
    monkeypatch.setattr("jobs.runtime.clock.now", lambda: moment[0])

    def later(**delta):
        moment[0] += timedelta(**delta)

    return later


def test_a_secret_stands_for_its_user_with_all_scopes_but_staff(owner):
    _token, secret = tokens.issue(owner, name="laptop")

    caller = tokens.verify(secret)

    assert caller.user == owner
    assert caller.scopes == set(DEFAULT_SCOPES) == {"invoke", "tasks", "practice", "weather"}


def test_the_secret_is_in_no_column_of_any_row(owner):
    token, secret = tokens.issue(owner, name="laptop")

    secret_part = secret.removeprefix(f"koe_{token.prefix}_")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            assert secret_part not in str(cursor.fetchall())


def test_every_secret_is_another(owner):
    secrets = {tokens.issue(owner, name="n")[1] for _ in range(50)}

    assert len(secrets) == 50


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "koe_",
        "koe__",
        "koe_000000000000_" + "A" * 43,
        "Bearer x",
        "koe_\x00",
        "koe_ééé",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "k" * 100_000,
    ],
)
def test_what_is_no_secret_of_ours_opens_nothing(owner, secret):
    tokens.issue(owner, name="laptop")

    assert tokens.verify(secret) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_secret_with_one_character_changed_opens_nothing(owner, data):
    _token, secret = tokens.issue(owner, name="laptop")
    place = data.draw(st.integers(0, len(secret) - 1))
    other = data.draw(st.characters(codec="latin-1").filter(lambda letter: letter != secret[place]))

    assert tokens.verify(secret[:place] + other + secret[place + 1 :]) is None


def test_a_token_ends_at_its_hour(owner, at_noon):
    _token, secret = tokens.issue(owner, name="laptop", days=2)

    at_noon(days=2, seconds=-1)
    assert tokens.verify(secret) is not None
    at_noon(seconds=1)
    assert tokens.verify(secret) is None


def test_a_revoked_token_is_refused_at_once_and_stays_so(owner, staff):
    token, secret = tokens.issue(owner, name="laptop")

    assert tokens.revoke(token, actor=staff) is True
    assert tokens.revoke(token, actor=staff) is False

    assert tokens.verify(secret) is None
    entry = AuditEntry.objects.get(action=Action.TOKEN_REVOKED)
    assert (entry.actor, entry.object_id) == (staff, str(token.pk))


def test_an_inactive_users_token_is_refused(owner):
    _token, secret = tokens.issue(owner, name="laptop")
    owner.is_active = False
    owner.save()

    assert tokens.verify(secret) is None


def test_use_is_written_at_most_once_a_minute(owner, at_noon, django_assert_num_queries):
    token, secret = tokens.issue(owner, name="laptop")
    tokens.verify(secret)
    at_noon(seconds=59)

    with django_assert_num_queries(1):
        tokens.verify(secret)

    token.refresh_from_db()
    assert token.last_used_at == NOON
    at_noon(seconds=1)
    tokens.verify(secret)
    token.refresh_from_db()
    assert token.last_used_at == NOON + timedelta(minutes=1)


def test_a_token_is_found_as_the_orm_would_find_it_in_one_query(owner, at_noon, django_assert_num_queries):
    token, secret = tokens.issue(owner, name="laptop 声")
    owner.last_login, owner.first_name = NOON, "花"
    owner.save()
    tokens.verify(secret)
    meant = ApiToken.objects.select_related("user").get(pk=token.pk)

    with django_assert_num_queries(1):
        found = token_with_user(token.prefix)
        assert {**vars(found), "_state": None} == {**vars(meant), "_state": None}
        assert {**vars(found.user), "_state": None} == {**vars(meant.user), "_state": None}
    assert (found._state.adding, found._state.db) == (meant._state.adding, meant._state.db)
    assert found.last_used_at == found.user.last_login == NOON
    assert token_with_user("000000000000") is None


def test_of_two_that_see_a_stale_row_one_writes(owner, at_noon):
    token, _secret = tokens.issue(owner, name="laptop")
    also = ApiToken.objects.get(pk=token.pk)

    assert token.note_use(now=NOON) is True
    assert also.note_use(now=NOON) is False


def test_the_staff_scope_counts_only_while_its_user_is_staff(staff):
    _token, secret = tokens.issue(staff, name="ops", scopes=["staff", "tasks"])
    assert tokens.verify(secret).is_staff()

    staff.is_staff = False
    staff.save()

    assert tokens.verify(secret).scopes == {"tasks"}


def test_the_staff_scope_is_refused_to_others(owner):
    with pytest.raises(StaffOnly):
        tokens.issue(owner, name="ops", scopes=["staff"])


def test_an_unknown_scope_is_named(owner):
    with pytest.raises(UnknownScope, match="'everything'"):
        tokens.issue(owner, name="n", scopes=["tasks", "everything"])


def test_a_scope_that_left_the_code_gives_nothing(owner):
    token, secret = tokens.issue(owner, name="n", scopes=["tasks"])
    ApiToken.objects.filter(pk=token.pk).update(scopes=["tasks", "fly"])

    assert tokens.verify(secret).scopes == {"tasks"}


@pytest.mark.parametrize("days", [-1, 0, tokens.MAX_DAYS + 1, 10**12])
def test_a_token_must_end_within_reason(owner, days):
    with pytest.raises(BadLifetime):
        tokens.issue(owner, name="n", days=days)


def test_issuing_is_written_in_the_book_without_the_tokens_name(owner):
    token, secret = tokens.issue(owner, name="hana's phone", days=7, actor=owner)

    entry = AuditEntry.objects.get(action=Action.TOKEN_ISSUED)

    assert entry.object_id == str(token.pk)
    assert entry.details == {"user": owner.pk, "scopes": sorted(DEFAULT_SCOPES), "days": 7}
    assert secret not in str(entry.details)


def test_the_database_refuses_a_token_that_ends_before_it_starts(owner):
    from django.db import IntegrityError

    now = timezone.now()
    with pytest.raises(IntegrityError):
        ApiToken.objects.create(user=owner, name="n", prefix="x", digest="x", created_at=now, expires_at=now)


def test_two_live_tokens_let_a_key_be_changed_without_a_gap(owner):
    old, old_secret = tokens.issue(owner, name="old")
    _new, new_secret = tokens.issue(owner, name="new")

    tokens.revoke(old, actor=owner)

    assert tokens.verify(old_secret) is None
    assert tokens.verify(new_secret) is not None
