"""`manage.py create_token` prints a secret, alone, and says what it cannot use."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from jobs.access import tokens
from jobs.access.models import ApiToken

pytestmark = pytest.mark.django_db


def run(*words):
    out, err = StringIO(), StringIO()
    call_command("create_token", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_prints_a_working_secret_and_nothing_else(owner):
    out, _err = run("hana")

    secret = out.removesuffix("\n")
    assert "\n" not in secret
    assert tokens.verify(secret).user == owner


def test_it_says_for_whom_and_until_when_beside_it(owner):
    out, err = run("hana", "--days", "10")

    assert "hana" in err
    assert out.strip() not in err


def test_a_missing_user_is_made_only_when_asked():
    with pytest.raises(CommandError, match="--create") as refused:
        run("new")
    assert refused.value.returncode == 2
    assert not User.objects.exists()

    out, _err = run("new", "--create")

    user = User.objects.get(username="new")
    assert not user.has_usable_password()
    assert not user.is_staff
    assert tokens.verify(out.strip()).user == user


def test_create_takes_the_user_who_is_there(owner):
    run("hana", "--create")

    assert User.objects.get() == owner
    assert owner.check_password("correct horse battery")


@pytest.mark.parametrize("words", [["--scope", "tasks", "invoke"], ["--scope", "tasks", "--scope", "invoke"]])
def test_scopes_are_named_in_one_go_or_one_by_one(owner, words):
    out, _err = run("hana", *words)

    assert tokens.verify(out.strip()).scopes == {"tasks", "invoke"}


def test_name_and_days_are_kept(owner):
    run("hana", "--name", "radio", "--days", "3")

    token = ApiToken.objects.get()
    assert token.name == "radio"
    assert (token.expires_at - token.created_at).days == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hana", "--scope", "fly"], "no scope 'fly'"),
        (["hana", "--scope", "staff"], "not staff"),
        (["hana", "--days", "0"], "1 to"),
        (["a/b c", "--create"], "no username"),
        (["", "--create"], "no username"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(owner, words, said):
    with pytest.raises(CommandError, match=said) as refused:
        run(*words)

    assert refused.value.returncode == 2
    assert not ApiToken.objects.exists()
