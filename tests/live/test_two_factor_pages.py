"""The second step of a login in a browser: asked at both doors, set up on the account page, required or not."""

import re

import pytest
from django.contrib.admin import site
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from jobs.access import tokens, two_factor
from jobs.access.models import Action, AuditEntry
from jobs.live import second_step
from tests.access.test_two_factor import code_of
from tests.live.test_login import DOORS, enter, is_in
from tests.live.test_pages import text_of
from tests.live.test_sockets import close_code, opened, socket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

CODE, PAGE = "/login/code/", "/account/two-factor/"


@pytest.fixture
def english():
    return Client(headers={"accept-language": "en"})


def give(client, code, path=CODE, **form):
    return client.post(path, {"code": code, **form})


@pytest.mark.parametrize("door", DOORS)
def test_the_password_alone_opens_nothing(english, staff, switched_on, door):
    answer = enter(english, door=f"{door}?next=/admin/")

    assert answer["Location"] == CODE
    assert not is_in(english)
    assert english.get("/admin/").status_code == 302
    assert english.get("/api/v1/tasks").status_code == 401
    assert english.get(PAGE).status_code == 302


@pytest.mark.parametrize("door", DOORS)
def test_a_code_opens_and_leads_where_one_wanted_to_go(english, staff, at, switched_on, door):
    enter(english, door=f"{door}?next=/admin/jobs/task/")
    before = english.session.session_key

    answer = give(english, code_of(switched_on[0], at))

    assert answer["Location"] == "/admin/jobs/task/"
    assert is_in(english)
    assert english.session.session_key != before
    assert AuditEntry.objects.get(action=Action.LOGGED_IN).details["steps"] == 2


def test_no_foreign_page_is_where_one_wanted_to_go(english, staff, at, switched_on):
    enter(english, door="/login/?next=https://evil.test/")

    assert give(english, code_of(switched_on[0], at))["Location"] == "/"


def test_a_wrong_code_and_one_that_was_used_are_told_alike(english, staff, at, switched_on):
    code = code_of(switched_on[0], at)
    enter(english)
    give(english, code)
    again = Client(headers={"accept-language": "en"})
    enter(again)

    for wrong in (code, "no code"):
        answer = give(again, wrong)
        assert answer.status_code == 422
        assert "This code is not valid, or it was used before." in text_of(answer)
    assert not is_in(again)


def test_codes_are_slowed_down_like_passwords(english, staff, at, switched_on):
    enter(english)
    statuses = [give(english, f"{number:06d}").status_code for number in range(7)]

    assert statuses == [422] * 5 + [429] * 2
    # The right one has to wait too, also from a new session.
    again = Client()
    enter(again)
    assert give(again, code_of(switched_on[0], at)).status_code == 429


def test_the_last_backup_codes_warn(english, staff, switched_on):
    for code in switched_on[1][:8]:
        client = Client(headers={"accept-language": "en"})
        enter(client)
        answer = client.post(CODE, {"code": code}, follow=True)
    assert is_in(client)
    assert "You have 2 backup codes left" in text_of(answer)


def test_a_password_that_is_ten_minutes_old_has_to_be_given_again(english, staff, at, switched_on):
    enter(english)
    at(second_step.WAITING_SECONDS + 1)

    assert give(english, code_of(switched_on[0], at))["Location"] == "/login/"
    assert not is_in(english)


def test_a_password_that_was_changed_meanwhile_is_worth_nothing(english, staff, at, switched_on):
    enter(english)
    staff.set_password("quite another sentence")
    staff.save()

    assert give(english, code_of(switched_on[0], at))["Location"] == "/login/"


def test_a_user_who_was_locked_out_meanwhile_does_not_get_in(english, staff, at, switched_on):
    enter(english)
    staff.is_active = False
    staff.save()

    assert give(english, code_of(switched_on[0], at))["Location"] == "/login/"


def test_the_code_page_is_nobodys_without_a_password(english):
    assert english.get(CODE)["Location"] == "/login/"
    assert give(english, "123456")["Location"] == "/login/"


def test_api_tokens_need_no_code(staff, switched_on):
    secret = tokens.issue(staff, name="n")[1]

    assert Client(headers={"authorization": f"Bearer {secret}"}).get("/api/v1/tasks").status_code == 200


# --- Setting it up --------------------------------------------------------------------------------------


def test_setting_it_up_shows_a_picture_drawn_here_and_backup_codes_once(english, staff, at):
    english.force_login(staff)
    page = english.get(PAGE)
    html = page.content.decode()
    key = re.search(r'class="code key">([A-Z2-7 ]+)<', html)[1].replace(" ", "")

    assert "<svg" in html
    assert "style=" not in html
    assert re.findall(r'(?:src|href)="(https?:)?//', html) == []
    assert "no-store" in page["Cache-Control"]
    answer = give(english, code_of(key, at), PAGE, act="confirm")
    codes = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", answer.content.decode())

    assert len(codes) == 10
    assert "no-store" in answer["Cache-Control"]
    assert codes[0] not in english.get(PAGE).content.decode()
    assert key not in english.get(PAGE).content.decode().replace(" ", "")
    # This very login goes on; the next one is asked.
    assert is_in(english)
    other = Client()
    assert enter(other)["Location"] == CODE


def test_a_wrong_code_switches_nothing_on(english, staff, at):
    english.force_login(staff)
    english.get(PAGE)

    answer = give(english, "000000", PAGE, act="confirm")

    assert answer.status_code == 422
    assert "This code does not fit." in text_of(answer)
    assert not two_factor.is_on(staff)


@pytest.mark.parametrize("act", ["off", "codes"])
def test_changing_it_needs_a_code(english, staff, at, switched_on, act):
    english.force_login(staff)

    assert give(english, "000000", PAGE, act=act).status_code == 422
    assert two_factor.is_on(staff)
    assert two_factor.take(staff, switched_on[1][0]) == "backup"

    answer = give(english, code_of(switched_on[0], at), PAGE, act=act)

    assert two_factor.is_on(staff) is (act == "codes")
    assert answer.status_code == (200 if act == "codes" else 302)
    assert AuditEntry.objects.filter(
        action=Action.BACKUP_CODES_MADE if act == "codes" else Action.TWO_FACTOR_OFF, actor=staff
    ).exists()


@pytest.mark.parametrize("act", ["", "begin", "__class__"])
def test_an_act_that_is_none_is_not_there(english, staff, act):
    english.force_login(staff)

    assert english.post(PAGE, {"act": act}).status_code == 404


def test_it_is_for_staff(english, owner, staff, settings):
    english.force_login(owner)
    assert english.get(PAGE).status_code == 404
    assert PAGE not in english.get("/account/").content.decode()
    english.force_login(staff)
    assert PAGE in english.get("/account/").content.decode()
    settings.STAFF_TWO_FACTOR = "off"
    assert english.get(PAGE).status_code == 404


def test_no_get_changes_anything_and_a_post_needs_its_token(staff, switched_on):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)

    assert client.post(PAGE, {"act": "off", "code": switched_on[1][0]}).status_code == 403
    client.get(f"{PAGE}?act=off&code={switched_on[1][0]}")
    assert two_factor.is_on(staff)


# --- Required --------------------------------------------------------------------------------------------


@pytest.fixture
def required(settings):
    settings.STAFF_TWO_FACTOR = "required"


@pytest.mark.parametrize("door", DOORS)
def test_staff_without_it_reach_only_the_page_that_sets_it_up(english, staff, at, required, door):
    answer = enter(english, door=f"{door}?next=/admin/")

    assert answer["Location"] == PAGE
    for path in ("/admin/", "/account/", "/account/password/", CODE):
        assert english.get(path).status_code == 302, path
    assert english.get("/api/v1/tasks").status_code == 401
    page = english.get(PAGE)
    assert "Everybody of the staff needs a second step here." in text_of(page)

    key = re.search(r'class="code key">([A-Z2-7 ]+)<', page.content.decode())[1].replace(" ", "")
    done = give(english, code_of(key, at), PAGE, act="confirm")

    assert 'href="/admin/"' in done.content.decode()
    assert english.get("/admin/").status_code == 200


def test_logins_of_staff_from_before_end(english, staff, owner, required):
    english.force_login(staff)
    assert english.get("/admin/").status_code == 302
    english.force_login(staff)
    assert english.get("/api/v1/tasks").status_code == 401
    english.force_login(owner)
    assert is_in(english)


def test_staff_cannot_switch_it_off(english, staff, at, switched_on, required):
    enter(english)
    give(english, switched_on[1][0])
    assert "Switch it off" not in text_of(english.get(PAGE))

    assert give(english, switched_on[1][1], PAGE, act="off").status_code == 404
    assert two_factor.is_on(staff)


def test_a_new_password_keeps_the_login_that_changed_it(english, staff, switched_on, required):
    enter(english)
    give(english, switched_on[1][0])
    new = "quite another sentence"

    english.post(
        "/account/password/",
        {"old_password": "correct horse battery", "new_password1": new, "new_password2": new},
    )

    assert is_in(english)


@pytest.mark.django_db(transaction=True)
async def test_a_socket_of_staff_without_it_is_nobodys(staff, required):
    assert await close_code(await opened(socket("/ws/mine", user=staff))) == 4401


def test_the_librarys_own_pages_are_not_there(english, staff):
    english.force_login(staff)

    assert not site.is_registered(TOTPDevice)
    assert english.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert "otp_" not in english.get("/admin/").content.decode()


def test_waiting_for_the_code_is_no_login_for_the_next_one_either(english, staff, owner, switched_on):
    english.force_login(owner)

    enter(english, door="/admin/login/")

    # Whoever was logged in here is not any more.
    assert not is_in(english)
