"""The second step of a login: a code of an app on the phone (TOTP, RFC 6238), or a backup code once.

The rows and the arithmetic are django-otp's; what is kept in them is ours: the secret is sealed (AES-SIV, bound to its
user), backup codes are kept as keyed hashes, and both a code and a backup code are taken by one conditional statement,
so that neither opens twice, however many requests bring it at once. Tries are slowed down like passwords, for each
user: whoever gets this far has the password.

Off while STAFF_TWO_FACTOR is `off`; API tokens never need it. Called by the login, the account page and
the commands `reset_two_factor` and `reseal_secrets`.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from typing import Literal, Self
from urllib.parse import quote, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.encoding import force_bytes
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from jobs.access import login_tries
from jobs.access.audit import record
from jobs.access.models import Action
from jobs.runtime import clock

ISSUER = "Koebako"
SECRET_BYTES = 20
# A phone's clock is off by some seconds, and a code is typed for some more.
STEPS_EITHER_WAY = 1
BACKUP_CODES = 10
# 50 random bits each; without letters that are read as digits.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
BACKUP_CHARACTERS = 10
SEAL_SALT, BACKUP_SALT = b"koebako.two_factor.secret", b"koebako.two_factor.backup"
# Tries with codes count for the user alone: from wherever they come, whoever makes them has the password.
ANYWHERE = "anywhere"

Took = Literal["app", "backup"]


class MustWait(Exception):
    """Too many codes were wrong."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"wait for {seconds:.0f} s")


# --- Who is asked ------------------------------------------------------------------------------------


def is_offered(user: User) -> bool:
    return settings.STAFF_TWO_FACTOR != "off" and user.is_staff


def is_on(user: User) -> bool:
    """Return True for a user who is asked for a code after the password."""
    return settings.STAFF_TWO_FACTOR != "off" and _device(user, confirmed=True) is not None


def is_missing(user: User) -> bool:
    """Return True for staff who may do nothing but switch it on."""
    return settings.STAFF_TWO_FACTOR == "required" and user.is_staff and not is_on(user)


def may_switch_off(user: User) -> bool:
    return not (settings.STAFF_TWO_FACTOR == "required" and user.is_staff)


# --- Switching it on and off -------------------------------------------------------------------------


def begun(user: User) -> str:
    """Return the secret that waits to be confirmed, in base32 as apps take it; the same until it is."""
    device = _device(user, confirmed=False)
    secret = None if device is None else _opened(device)
    if secret is None:
        secret = secrets.token_bytes(SECRET_BYTES)
        with transaction.atomic():
            TOTPDevice.objects.filter(user=user, confirmed=False).delete()
            TOTPDevice.objects.create(user=user, name="app", key=_sealed(user, secret), confirmed=False)
    return base64.b32encode(secret).decode()


def address_for_app(user: User, secret: str) -> str:
    """Return the `otpauth:` address that the QR code holds."""
    label = quote(f"{ISSUER}:{user.get_username()}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"


def confirm(user: User, code: str) -> list[str]:
    """Switch it on when `code` is one of the secret that waits; return the backup codes, none when it is not."""
    device = _device(user, confirmed=False)
    if device is None or is_on(user):
        return []
    with _counted(user) as right:
        step = _step_of(device, code)
        if step is None:
            return []
        right()
    with transaction.atomic():
        if not TOTPDevice.objects.filter(pk=device.pk, confirmed=False).update(confirmed=True, last_t=step):
            return []
        record(Action.TWO_FACTOR_ON, actor=user, about=user)
        return _new_codes(user)


def new_backup_codes(user: User) -> list[str]:
    """Make new backup codes in the place of the old ones. Ask for a code before."""
    with transaction.atomic():
        record(Action.BACKUP_CODES_MADE, actor=user, about=user)
        return _new_codes(user)


def switch_off(user: User, *, actor: User | None) -> bool:
    """Take it away, with what waits to be confirmed and the backup codes; return False when it was off."""
    with transaction.atomic():
        was_on: bool = TOTPDevice.objects.filter(user=user, confirmed=True).exists()
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
        if was_on:
            record(Action.TWO_FACTOR_OFF, actor=actor, about=user)
    return was_on


def backup_codes_left(user: User) -> int:
    left: int = StaticToken.objects.filter(device__user=user).count()
    return left


# --- Codes ----------------------------------------------------------------------------------------------


def take(user: User, code: str) -> Took | None:
    """Use up a code of the app or a backup code; None when it is neither, or was used before. Raises MustWait."""
    device = _device(user, confirmed=True)
    if device is None:
        return None
    with _counted(user) as right:
        step = _step_of(device, code)
        # Whoever comes second with the same code, at the same moment too, changes no row.
        if step is not None and TOTPDevice.objects.filter(pk=device.pk, last_t__lt=step).update(
            last_t=step, last_used_at=clock.now()
        ):
            right()
            return "app"
        used = StaticToken.objects.filter(device__user=user, token__in=_hashes(user, code)).delete()[0]
        if used:
            record(Action.BACKUP_CODE_USED, actor=user, about=user)
            right()
            return "backup"
    return None


class _counted:  # noqa: N801 - reads as a statement
    """Count a try; what the block is given is called when it was right. Raises MustWait."""

    def __init__(self, user: User) -> None:
        self._name = f"code:{user.pk}"

    def __enter__(self) -> Self:
        this_try = login_tries.begin(self._name, address=ANYWHERE)
        if this_try.wait_seconds:
            raise MustWait(this_try.wait_seconds)
        return self

    def __call__(self) -> None:
        login_tries.succeeded(self._name, address=ANYWHERE)

    def __exit__(self, *_error: object) -> None:
        return None


def _step_of(device: TOTPDevice, code: str) -> int | None:
    """Return the half minute that a code belongs to, None when it belongs to none that is still good."""
    digits = code.replace(" ", "")
    secret = _opened(device)
    if secret is None or len(digits) != device.digits or not (digits.isascii() and digits.isdigit()):
        return None
    totp = TOTP(secret, device.step, device.t0, device.digits)
    totp.time = clock.now().timestamp()
    return totp.t() if totp.verify(int(digits), STEPS_EITHER_WAY, device.last_t + 1) else None


def _new_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="backup")
    codes = ["".join(secrets.choice(LETTERS) for _ in range(BACKUP_CHARACTERS)) for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=next(_hashes(user, code))) for code in codes)
    half = BACKUP_CHARACTERS // 2
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def _device(user: User, *, confirmed: bool) -> TOTPDevice | None:
    found: TOTPDevice | None = TOTPDevice.objects.filter(user=user, confirmed=confirmed).order_by("pk").last()
    return found


# --- What is kept ---------------------------------------------------------------------------------------


def _sealed(user: User, secret: bytes) -> str:
    # 16 bytes of seal and 20 of secret are 72 digits; the column has 80.
    return AESSIV(next(_keys(SEAL_SALT))).encrypt(secret, [str(user.pk).encode()]).hex()


def _opened(device: TOTPDevice) -> bytes | None:
    """Return the secret of a row; None when it is another user's row, or SECRET_KEY has changed."""
    return next((secret for key in _keys(SEAL_SALT) if (secret := _opened_by(key, device)) is not None), None)


def _opened_by(key: bytes, device: TOTPDevice) -> bytes | None:
    try:
        return AESSIV(key).decrypt(bytes.fromhex(device.key), [str(device.user_id).encode()])
    except (InvalidTag, ValueError):
        return None


def reseal_all() -> tuple[int, int]:
    """
    Bring the apps' secrets to the newest SECRET_KEY; return how many were sealed again, and how many nothing opens.

    Backup codes are kept as hashes: those made under an older key are known while it is a fallback, no longer.
    """
    done, unreadable = 0, 0
    for device in TOTPDevice.objects.select_related("user").order_by("pk").iterator(chunk_size=200):
        if _opened_by(next(_keys(SEAL_SALT)), device) is not None:
            continue
        secret = _opened(device)
        if secret is None:
            unreadable += 1
            continue
        # One that was switched off and on meanwhile holds another secret.
        done += TOTPDevice.objects.filter(pk=device.pk, key=device.key).update(key=_sealed(device.user, secret))
    return done, unreadable


def _hashes(user: User, code: str) -> Iterator[str]:
    """Yield what a backup code is kept as, under each key: 64 bits, all that the column holds."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    for key in _keys(BACKUP_SALT):
        yield hmac.new(key, f"{user.pk}:{plain}".encode(), hashlib.sha256).hexdigest()[:16]


def _keys(salt: bytes) -> Iterator[bytes]:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield hmac.new(force_bytes(secret), salt, hashlib.sha512).digest()
