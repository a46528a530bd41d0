"""The public keys of JWT_JWKS_URL, kept for ten minutes in each process.

A token with a key that is not known asks for them again, because keys are rotated, but at most twice a minute: anybody
can write any `kid` into a token. When they cannot be fetched those that were known go on for a day.

Called by jwt.py.
"""

import json
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from django.conf import settings

from jobs.access.errors import KeysUnreachable

logger = logging.getLogger(__name__)

KEPT_SECONDS = 600.0
KEPT_WITHOUT_ANSWER_SECONDS = 86_400.0
ASK_AGAIN_SECONDS = 30.0
# Of the whole answer; a request waits for it.
TIMEOUT_SECONDS = 5.0
# Some hundred keys.
MAX_BYTES = 200_000
KEY_TYPES = {"RS256": "RSA", "ES256": "EC"}
MIN_RSA_BITS = 2048


@dataclass
class _Known:
    url: str = ""
    keys: list[Any] = field(default_factory=list)
    fetched_at: float = -KEPT_WITHOUT_ANSWER_SECONDS
    asked_at: float = -KEPT_WITHOUT_ANSWER_SECONDS


_known = _Known()
_lock = threading.Lock()


def find(kid: Any, *, algorithm: str) -> Any:
    """
    Return the public key for an algorithm: the one called `kid`, or the only one when the token names none.

    Raises jwt.InvalidKeyError when there is none, KeysUnreachable.
    """
    with _lock:
        if _known.url != settings.JWT_JWKS_URL:
            _forget()
        now = time.monotonic()
        if now - _known.fetched_at > KEPT_SECONDS:
            _fetch(now)
        found = _fitting(kid, algorithm)
        if not found and _fetch(now):
            found = _fitting(kid, algorithm)
    if len(found) != 1:
        raise jwt.InvalidKeyError
    return found[0].key


def _forget() -> None:
    _known.url, _known.keys = settings.JWT_JWKS_URL, []
    _known.fetched_at = _known.asked_at = -KEPT_WITHOUT_ANSWER_SECONDS


def _fitting(kid: Any, algorithm: str) -> list[Any]:
    return [
        key
        for key in _known.keys
        if (kid is None or key.key_id == kid)
        and key.key_type == KEY_TYPES[algorithm]
        and key.public_key_use in (None, "sig")
        and key.algorithm_name == algorithm
        and (key.key_type != "RSA" or key.key.key_size >= MIN_RSA_BITS)
    ]


def _fetch(now: float) -> bool:
    """Ask for the keys, unless that was done lately; return whether they came. Raises KeysUnreachable."""
    if now - _known.asked_at >= ASK_AGAIN_SECONDS:
        _known.asked_at = now
        try:
            _known.keys = _asked_for()
            _known.fetched_at = now
        except (httpx.HTTPError, ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            logger.warning("the keys of JWT_JWKS_URL did not come", extra={"reason": type(error).__name__})
        else:
            return True
    if now - _known.fetched_at >= KEPT_WITHOUT_ANSWER_SECONDS:
        raise KeysUnreachable
    return False


def _asked_for() -> list[Any]:
    # Where it leads is the operator's word; where it is redirected to is not.
    until = time.monotonic() + TIMEOUT_SECONDS
    data = bytearray()
    with httpx.stream("GET", settings.JWT_JWKS_URL, timeout=TIMEOUT_SECONDS, follow_redirects=False) as answer:
        if answer.status_code != httpx.codes.OK:
            raise ValueError("no answer")
        for piece in answer.iter_bytes():
            data += piece
            if len(data) > MAX_BYTES or time.monotonic() > until:
                raise ValueError("too much, or too slow")
    document = json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("no set of keys")  # noqa: TRY004 - of a document, not of an argument
    # Keys of kinds that are not known are left out.
    return list(jwt.PyJWKSet.from_dict(document).keys)
