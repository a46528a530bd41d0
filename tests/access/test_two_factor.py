"""Codes of an app and backup codes: each opens once, for its user alone; the rows tell nobody what they are."""

import base64
import threading
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from jobs.access import login_tries, two_factor
from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

# RFC 6238, appendix B, the SHA-1 rows: seconds since 1970, and the last six of its eight digits.
RFC_SECRET = b"12345678901234567890"
RFC_CODES = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}


@pytest.fixture
def at(monkeypatch):
    """The database's clock stands; the returned function moves it by seconds."""
    moment = [timezone.now().replace(second=10, microsecond=0)]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def move(seconds=0):
        moment[0] += timedelta(seconds=seconds)
        return moment[0]

    return move


def code_of(secret, at, *, off_by_seconds=0):
    """Return what an app shows whose clock is off by so much."""
    app = TOTP(base64.b32decode(secret))
    app.time = at().timestamp() + off_by_seconds
    return f"{app.token():06d}"


@pytest.fixture
def switched_on(staff, at):
    """A user with an app; returns its secret and the backup codes, half a minute later."""
    secret = two_factor.begun(staff)
    codes = two_factor.confirm(staff, code_of(secret, at))
    at(30)
    return secret, codes


def every_cell():
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            yield str(cursor.fetchall())


def test_the_codes_are_those_of_the_rfc(staff, monkeypatch):
    device = TOTPDevice(user=staff, key=two_factor._sealed(staff, RFC_SECRET))
    told = {}
    for seconds, code in RFC_CODES.items():
        monkeypatch.setattr(clock, "now", lambda seconds=seconds: datetime.fromtimestamp(seconds, UTC))
        told[seconds] = two_factor._step_of(device, code)

    assert told == {seconds: seconds // 30 for seconds in RFC_CODES}


def test_it_is_on_once_a_code_was_right_and_not_before(staff, at):
    secret = two_factor.begun(staff)
    assert not two_factor.is_on(staff)
    assert two_factor.confirm(staff, "000000" if code_of(secret, at) != "000000" else "000001") == []
    assert not two_factor.is_on(staff)

    codes = two_factor.confirm(staff, code_of(secret, at))

    assert two_factor.is_on(staff)
    assert len(set(codes)) == 10
    assert AuditEntry.objects.get(action=Action.TWO_FACTOR_ON).actor == staff


def test_the_secret_stays_until_it_is_confirmed(staff):
    assert two_factor.begun(staff) == two_factor.begun(staff)


def test_a_code_opens_once(staff, at, switched_on):
    secret, _codes = switched_on
    code = code_of(secret, at)

    assert [two_factor.take(staff, code) for _ in range(3)] == ["app", None, None]


def test_the_code_that_switched_it_on_opens_nothing(staff, at):
    secret = two_factor.begun(staff)
    code = code_of(secret, at)
    two_factor.confirm(staff, code)

    assert two_factor.take(staff, code) is None


def test_an_older_code_opens_nothing_after_a_newer_one(staff, at, switched_on):
    secret, _codes = switched_on
    older = code_of(secret, at)
    assert two_factor.take(staff, code_of(secret, at, off_by_seconds=30)) == "app"

    assert two_factor.take(staff, older) is None


@pytest.mark.parametrize(("seconds", "opens"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phones_clock_may_be_half_a_minute_off(staff, at, switched_on, seconds, opens):
    at(300)

    assert (two_factor.take(staff, code_of(switched_on[0], at, off_by_seconds=seconds)) == "app") is opens


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "0x1234", "1" * 40, "\x00" * 6]
)
def test_what_is_no_code_opens_nothing(staff, switched_on, typed):
    assert two_factor.take(staff, typed) is None


def test_blanks_in_a_code_do_not_matter(staff, at, switched_on):
    code = code_of(switched_on[0], at)

    assert two_factor.take(staff, f" {code[:3]} {code[3:]} ") == "app"


@pytest.mark.django_db(transaction=True)
def test_a_code_brought_by_many_at_once_opens_once(staff, at, switched_on, monkeypatch):
    monkeypatch.setattr(login_tries, "FREE", 100)
    app, backup = code_of(switched_on[0], at), switched_on[1][0]
    for code in (app, backup):
        took = []

        def bring(code=code, took=took):
            try:
                took.append(two_factor.take(staff, code))
            finally:
                connection.close()

        threads = [threading.Thread(target=bring) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(took) == 8
        assert len([each for each in took if each]) == 1


def test_a_backup_code_opens_once_in_any_writing(staff, switched_on):
    _secret, codes = switched_on

    assert two_factor.take(staff, codes[0].upper().replace("-", " ")) == "backup"
    assert two_factor.take(staff, codes[0]) is None
    assert two_factor.take(staff, codes[1]) == "backup"
    assert two_factor.backup_codes_left(staff) == 8
    assert AuditEntry.objects.filter(action=Action.BACKUP_CODE_USED).count() == 2


def test_new_backup_codes_end_the_old_ones(staff, switched_on):
    new = two_factor.new_backup_codes(staff)

    assert two_factor.take(staff, switched_on[1][0]) is None
    assert two_factor.take(staff, new[0]) == "backup"


def test_nobodys_code_opens_for_somebody_else(staff, owner, at, switched_on):
    secret, codes = switched_on
    other = two_factor.begun(owner)
    two_factor.confirm(owner, code_of(other, at, off_by_seconds=-30))

    assert two_factor.take(owner, code_of(secret, at)) is None
    assert two_factor.take(owner, codes[0]) is None
    # Not even with the row of the one under the name of the other.
    TOTPDevice.objects.filter(user=owner).update(key=TOTPDevice.objects.get(user=staff).key)
    assert two_factor.take(owner, code_of(secret, at)) is None


def test_the_rows_hold_neither_the_secret_nor_a_backup_code(staff, switched_on):
    secret, codes = switched_on
    plain = base64.b32decode(secret)

    for cells in every_cell():
        assert secret not in cells
        assert plain.hex() not in cells.lower()
        assert not any(code in cells or code.replace("-", "") in cells for code in codes)


def test_an_older_key_still_opens_and_no_other_does(staff, at, switched_on, settings):
    secret, codes = switched_on
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another key that is long enough, " * 2

    assert two_factor.take(staff, code_of(secret, at)) is None
    assert two_factor.take(staff, codes[0]) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert two_factor.take(staff, code_of(secret, at)) == "app"
    assert two_factor.take(staff, codes[0]) == "backup"


def test_codes_are_not_found_by_trying(staff, switched_on):
    for number in range(login_tries.FREE):
        assert two_factor.take(staff, f"{number:06d}") is None

    with pytest.raises(two_factor.MustWait) as wait:
        two_factor.take(staff, "000100")
    assert wait.value.seconds > 0


def test_while_it_is_off_in_the_house_nobody_is_asked(staff, owner, switched_on, settings):
    for mode, asked, missing, offered in (
        ("off", False, False, False),
        ("optional", True, False, True),
        ("required", True, False, True),
    ):
        settings.STAFF_TWO_FACTOR = mode
        assert (two_factor.is_on(staff), two_factor.is_missing(staff), two_factor.is_offered(staff)) == (
            asked, missing, offered,
        )  # fmt: skip
        assert (two_factor.is_missing(owner), two_factor.is_offered(owner)) == (False, False)


def test_the_command_takes_it_away_and_writes_it_down(staff, switched_on):
    said = StringIO()

    call_command("reset_two_factor", staff.username, stdout=said)
    call_command("reset_two_factor", staff.username, stdout=said)

    assert said.getvalue().splitlines() == ["boss logs in with the password alone.", "boss had no second step."]
    assert not two_factor.is_on(staff)
    assert not StaticToken.objects.exists()
    entry = AuditEntry.objects.get(action=Action.TWO_FACTOR_OFF)
    assert (entry.actor, entry.object_id) == (None, str(staff.pk))


def test_the_command_knows_when_there_is_nobody():
    with pytest.raises(CommandError, match="there is no user 'nobody'"):
        call_command("reset_two_factor", "nobody")


def test_what_the_app_is_told(staff):
    secret = two_factor.begun(staff)

    assert two_factor.address_for_app(staff, secret) == (
        f"otpauth://totp/Koebako%3Aboss?secret={secret}&issuer=Koebako"
    )
    assert len(base64.b32decode(secret)) == 20
