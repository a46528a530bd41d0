"""Secrets and signatures of webhooks, by Standard Webhooks 1.0.

A secret is stored encrypted under a key of our own, derived from SECRET_KEY: to sign it must be
read, so a digest would not do. A secret sealed under an older key is read while that key is
among SECRET_KEY_FALLBACKS; resealing.py brings it to the newest.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.encoding import force_bytes

SALT = b"koebako.delivery.signing-secret"
PREFIX = "whsec_"
# The standard asks for 24 to 64.
SECRET_BYTES = 32


class Unreadable(Exception):
    """The secret was sealed under another SECRET_KEY. Rotating makes a new one."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(secret: str) -> str:
    return _lock().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Raise Unreadable when it was sealed under another key."""
    try:
        return _lock().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def is_under_newest_key(sealed: str) -> bool:
    try:
        _locks()[0].decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def headers(message_id: str, timestamp: int, body: bytes, signed_by: Sequence[str]) -> dict[str, str]:
    """
    Return the headers that a receiver verifies, with one signature for each secret.

    timestamp: of this attempt, in seconds since 1970.
    """
    told = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, told) for secret in signed_by),
    }


def _signature(secret: str, told: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()


def _lock() -> MultiFernet:
    return MultiFernet(_locks())


def _locks() -> list[Fernet]:
    return [Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _derived(key: str | bytes) -> bytes:
    # SECRET_KEY is long and random: a key derivation function for passwords is not needed.
    return base64.urlsafe_b64encode(hmac.new(force_bytes(key), SALT, hashlib.sha256).digest())
