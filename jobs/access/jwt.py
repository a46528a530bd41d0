"""Know the users of another system by the JWTs that it signs.

HS256 by JWT_SECRET, RS256 and ES256 by the keys at JWT_JWKS_URL; the algorithm decides where the key comes from, so
that a public key is never taken for a secret, and no other algorithm counts, `none` least of all. `iss`, `aud`, `exp`
and `sub` are required. `sub` names a ChatAccount of platform `jwt`, made at its first use: its user has no password,
and is never staff here, whatever else that user may be.

`scope` (a text, RFC 9068) or `scopes` (a list) bound what a token may; without either it may all but `staff`.

Called by bearer.py.
"""

import logging
import re
from typing import Any

import jwt
from django.conf import settings
from django.db import transaction

from jobs.access import accounts, audit, jwks
from jobs.access.caller import DEFAULT_SCOPES, Caller
from jobs.access.models import Action, ChatAccount, Platform

logger = logging.getLogger(__name__)

SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
# A header of a request has 8 kB with most servers.
MAX_CHARACTERS = 8_000
MAX_SUBJECT_CHARACTERS = 255
BY_SECRET = ("HS256",)
BY_KEYS = ("RS256", "ES256")


def verify(token: str) -> Caller | None:
    """
    Return the user that a token names; None for one that is not valid, or of an inactive user.

    Raises KeysUnreachable.
    """
    if len(token) > MAX_CHARACTERS or not SHAPE.fullmatch(token):
        return None
    try:
        claims = _claims(token)
    except (jwt.PyJWTError, ValueError) as error:
        # Its kind alone: the message may hold what the token says.
        logger.info("a JWT was refused", extra={"reason": type(error).__name__})
        return None
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS or not subject.isprintable():
        return None
    user = _account(subject).user
    return Caller.with_scopes(user, _scopes(claims)) if user.is_active else None


def _claims(token: str) -> dict[str, Any]:
    """Raises PyJWTError, KeysUnreachable."""
    header = jwt.get_unverified_header(token)
    algorithm = header.get("alg")
    if "crit" in header:
        # RFC 7515, 4.1.11: what must be understood and is not ends the matter.
        raise jwt.InvalidTokenError
    key: Any
    if algorithm in BY_SECRET and settings.JWT_SECRET:
        key = settings.JWT_SECRET
    elif algorithm in BY_KEYS and settings.JWT_JWKS_URL:
        key = jwks.find(header.get("kid"), algorithm=algorithm)
    else:
        raise jwt.InvalidAlgorithmError
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=settings.JWT_AUDIENCE,
        issuer=settings.JWT_ISSUER,
        leeway=settings.JWT_LEEWAY_SECONDS,
        options={"require": ["exp", "iss", "aud", "sub"]},
    )
    return claims


def _account(subject: str) -> ChatAccount:
    known = ChatAccount.objects.select_related("user").filter(platform=Platform.JWT, external_id=subject).first()
    if known is not None:
        return known
    with transaction.atomic():
        account = accounts.first_contact(Platform.JWT, subject)
        audit.record(Action.ACCOUNT_MADE, actor=None, about=account.user, platform=str(Platform.JWT))
    return account


def _scopes(claims: dict[str, Any]) -> list[str]:
    """Return what the token may: never `staff`, which is given to people of this house."""
    named = claims.get("scope", claims.get("scopes"))
    if named is None:
        return list(DEFAULT_SCOPES)
    words = named.split() if isinstance(named, str) else named if isinstance(named, list) else []
    return [word for word in words if word in DEFAULT_SCOPES]
