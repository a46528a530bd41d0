"""One's own tokens and chats."""

import re

import pytest

from jobs.access import tokens
from jobs.access.accounts import first_contact
from jobs.access.models import Action, ApiToken, AuditEntry, Platform
from tests.live.test_pages import text_of

pytestmark = pytest.mark.django_db


def make(visitor, **form):
    return visitor.post("/account/", {"name": "script", "days": "30", "scopes": ["invoke", "tasks"], **form})


def test_a_token_is_shown_once_and_works(browser, owner):
    visitor = browser(owner)

    answer = make(visitor)

    secret = re.search(r"koe_[0-9a-f]{12}_[\w-]{43}", answer.content.decode())[0]
    caller = tokens.verify(secret)
    assert caller.user == owner
    assert caller.scopes == {"invoke", "tasks"}
    assert "no-store" in answer["Cache-Control"]
    assert secret not in visitor.get("/account/").content.decode()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": " "}, "ここを入力してください。"),
        ({"name": "x" * 81}, "長すぎます。"),
        ({"days": "0"}, "一覧から選んでください。"),
        ({"days": "999999"}, "一覧から選んでください。"),
        ({"days": "soon"}, "一覧から選んでください。"),
        ({"scopes": []}, "トークンにできることを一つ以上選んでください。"),
        ({"scopes": ["staff"]}, "この権限はトークンに付けられません。"),
        ({"scopes": ["everything"]}, "この権限はトークンに付けられません。"),
    ],
)
def test_a_token_that_cannot_be_made_is_told_at_its_field(browser, owner, form, sentence):
    answer = make(browser(owner), **form)

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert not ApiToken.objects.exists()


def test_only_staff_are_offered_the_staff_scope(browser, owner, staff):
    assert 'value="staff"' not in browser(owner).get("/account/").content.decode()
    assert 'value="staff"' in browser(staff).get("/account/").content.decode()


def test_a_token_is_ended_by_its_owner_only(browser, owner, stranger):
    token, secret = tokens.issue(owner, name="script")

    foreign = browser(stranger).post(f"/account/tokens/{token.pk}/revoke")
    assert foreign.status_code == 404
    assert tokens.verify(secret) is not None

    own = browser(owner).post(f"/account/tokens/{token.pk}/revoke", follow=True)
    assert tokens.verify(secret) is None
    assert "無効にした" in text_of(own)


def test_ending_a_token_is_asked_for_twice_and_written_down(browser, owner):
    token, _secret = tokens.issue(owner, name="script")
    page = browser(owner).get("/account/").content.decode()

    # The first click opens what says what it means; only there is the button that does it.
    [asked] = re.findall(r'<details class="sure">(.*?)</details>', page, re.DOTALL)
    assert f'action="/account/tokens/{token.pk}/revoke"' in asked
    assert page.count("/revoke") == 1
    browser(owner).post(f"/account/tokens/{token.pk}/revoke")

    entry = AuditEntry.objects.get(action=Action.TOKEN_REVOKED)
    assert (entry.actor, entry.object_id) == (owner, str(token.pk))
    assert "/revoke" not in browser(owner).get("/account/").content.decode()


def test_a_token_list_shows_no_foreign_token_and_no_markup_of_its_names(browser, owner, stranger):
    tokens.issue(owner, name="<b onclick=alert(1)>mine")
    tokens.issue(stranger, name="theirs")

    html = browser(owner).get("/account/").content.decode()

    assert "&lt;b onclick=alert(1)&gt;mine" in html
    assert "theirs" not in html


def test_linked_chats_are_listed(browser):
    account = first_contact(Platform.DISCORD, "80351110224678912")

    words = text_of(browser(account.user).get("/account/"))

    assert "Discord 80351110224678912" in words


def test_an_account_needs_a_login(browser):
    assert browser().get("/account/")["Location"] == "/login/?next=/account/"
    assert browser().post("/account/tokens/1/revoke").status_code == 302
