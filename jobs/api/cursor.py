"""Where a list goes on: the last id shown, signed, so that a cursor can only be handed back.

A cursor belongs to the owner it was made for; the filters may change under it, since it only
says "older than this task".
"""

import re
from uuid import UUID

from django.core.signing import BadSignature, Signer

SALT = "koebako.cursor"
SHAPE = re.compile(r"([0-9a-f]{32})-([A-Za-z0-9_-]{43})", re.ASCII)


def make(owner_id: int, last: UUID) -> str:
    return f"{last.hex}-{_signer().signature(f'{owner_id}:{last.hex}')}"


def read(owner_id: int, cursor: str) -> UUID | None:
    """Return the id in `cursor`, None when it is not one that `make()` gave this owner."""
    shape = SHAPE.fullmatch(cursor)
    if shape is None:
        return None
    head, signature = shape.groups()
    try:
        _signer().unsign(f"{owner_id}:{head}:{signature}")
    except BadSignature:
        return None
    return UUID(hex=head)


def _signer() -> Signer:
    return Signer(salt=SALT)
