"""Give a chat user an account of the house at the first word, the same one ever after, and none when they go.

Called by the bots and, for users of another system, by the door for foreign JWTs.
"""

import secrets

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from jobs.access.models import ApiToken, ChatAccount, Platform
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
            user = _new_user(platform)
            return ChatAccount.objects.create(
                platform=platform, external_id=external_id, user=user, created_at=clock.now()
            )
    except IntegrityError:
        # Another process was first; its account counts, our user was rolled back.
        known = _find(platform, external_id)
        if known is None:
            raise
        return known


@transaction.atomic
def forget(account: ChatAccount, *, keep: bool) -> User | None:
    """
    Part a chat account from its user, and make the user nobody: renamed, locked out, without tokens.

    keep: the account stays, with a new user, because something must still be known of it. Return
    the user who is nobody now; None when they are somebody without this account too (a login, other
    chats) and so were left alone. Call it after the texts of their tasks are erased.
    """
    user = account.user
    if keep:
        ChatAccount.objects.filter(pk=account.pk).update(user=_new_user(Platform(account.platform)))
    else:
        account.delete()
    if is_more_than_chat(user):
        return None
    ApiToken.objects.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    user.username = f"forgotten-{secrets.token_hex(8)}"
    user.first_name = user.last_name = user.email = ""
    user.is_active, user.last_login = False, None
    user.set_unusable_password()
    user.save()
    return user


def is_more_than_chat(user: User, *, beside: ChatAccount | None = None) -> bool:
    """True when the user has a login, works here, or has a chat account other than `beside`."""
    others = ChatAccount.objects.filter(user=user)
    if beside is not None:
        others = others.exclude(pk=beside.pk)
    return user.has_usable_password() or user.is_staff or user.is_superuser or others.exists()


def _new_user(platform: Platform) -> User:
    # A random name: one made of the id could belong to somebody who was there before.
    user = User(username=f"{platform}-{secrets.token_hex(8)}")
    user.set_unusable_password()
    user.save()
    return user


def _find(platform: Platform, external_id: str) -> ChatAccount | None:
    return ChatAccount.objects.select_related("user").filter(platform=platform, external_id=external_id).first()
