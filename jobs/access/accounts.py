"""Give a chat user an account of the house at the first word, and the same one ever after.

Called by the bots and, for users of another system, by the door for foreign JWTs.
"""

import secrets

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from jobs.access.models import ChatAccount, Platform
from jobs.runtime import clock


def first_contact(platform: Platform, external_id: str) -> ChatAccount:
    """
    Return the account of a chat user, made now if this is the first contact.

    The new user has no usable password and is not staff. Safe to call by several processes at
    once: all get the same account.
    """
    known = _find(platform, external_id)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            # A random name: one made of the id could belong to somebody who was there before.
            user = User(username=f"{platform}-{secrets.token_hex(8)}")
            user.set_unusable_password()
            user.save()
            return ChatAccount.objects.create(
                platform=platform, external_id=external_id, user=user, created_at=clock.now()
            )
    except IntegrityError:
        # Another process was first; its account counts, our user was rolled back.
        known = _find(platform, external_id)
        if known is None:
            raise
        return known


def _find(platform: Platform, external_id: str) -> ChatAccount | None:
    return ChatAccount.objects.select_related("user").filter(platform=platform, external_id=external_id).first()
