"""Make API tokens, know them again, and end them.

A secret reads `koe_<prefix>_<secret>`: the prefix finds the row, the rest is 256 random
bits. Nobody can guess those, so a plain SHA-256 protects them as well as a slow hash would,
and costs a request microseconds. The secret itself is neither stored nor logged.

Called by the API's and the sockets' doors, the account page, the admin and `create_token`.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from jobs.access.audit import record
from jobs.access.caller import DEFAULT_SCOPES, SCOPES, STAFF, Caller
from jobs.access.errors import BadLifetime, StaffOnly, UnknownScope
from jobs.access.models import Action, ApiToken
from jobs.access.models.found import token_with_user
from jobs.runtime import clock

logger = logging.getLogger(__name__)

DEFAULT_DAYS = 365
# Longer than anybody remembers where a key was put.
MAX_DAYS = 3650

PREFIX_BYTES = 6
SECRET_BYTES = 32
SHAPE = re.compile(r"koe_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)


def issue(
    user: User,
    *,
    name: str,
    days: int = DEFAULT_DAYS,
    scopes: Iterable[str] = DEFAULT_SCOPES,
    actor: User | None = None,
) -> tuple[ApiToken, str]:
    """
    Return a new token and its secret, which cannot be had again.

    name: what it is for; days: until it ends, 1 to MAX_DAYS; actor: who made it, None for a command.

    Raises UnknownScope, StaffOnly, BadLifetime.
    """
    wanted = _checked(user, scopes)
    if not 1 <= days <= MAX_DAYS:
        raise BadLifetime(days, at_most=MAX_DAYS)
    prefix = secrets.token_hex(PREFIX_BYTES)
    secret = f"koe_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    now = clock.now()
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name[:80],
            prefix=prefix,
            digest=_digest(secret),
            scopes=wanted,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        record(Action.TOKEN_ISSUED, actor=actor, about=token, user=user.pk, scopes=wanted, days=days)
    return token, secret


def verify(secret: str) -> Caller | None:
    """Return who holds `secret`; None for anything unknown, changed, expired, revoked, or of an inactive user."""
    shape = SHAPE.fullmatch(secret)
    if shape is None:
        return None
    token = token_with_user(shape[1])
    # An unknown prefix is compared too, so that the time taken does not tell known ones.
    matches = hmac.compare_digest(_digest(secret), token.digest if token else "0" * 64)
    now = clock.now()
    if token is None or not matches or not token.is_valid(now=now) or not token.user.is_active:
        return None
    try:
        token.note_use(now=now)
    except DatabaseError:
        # A database too busy to note the use may well be able to answer the request.
        if transaction.get_connection().in_atomic_block:
            raise
        logger.warning("use of a token not noted", extra={"token": token.pk})
    return Caller.with_scopes(token.user, token.scopes)


def revoke(token: ApiToken, *, actor: User | None) -> bool:
    """End a token at once. Return False when it had been revoked before; again does no harm."""
    with transaction.atomic():
        ended = token.revoke(now=clock.now())
        if ended:
            record(Action.TOKEN_REVOKED, actor=actor, about=token, user=token.user_id)
    return ended


def _checked(user: User, scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    for scope in wanted:
        if scope not in SCOPES:
            raise UnknownScope(scope, SCOPES)
    if STAFF in wanted and not user.is_staff:
        raise StaffOnly(user.get_username())
    return wanted


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
