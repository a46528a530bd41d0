"""Telegram as a place that announcements of the weather are brought to: the private chats of linked accounts.

Every process of the house registers it (apps.py), so Telegram's library is not loaded here; announcements.py sends.
"""

from django.contrib.auth.models import AbstractBaseUser

from bots.telegram.delivery import KIND
from jobs.access.models import ChatAccount, Platform
from jobs.announcements.carriers import Carrier, Choice, Destination
from jobs.announcements.models import Announcement


def choices(user: AbstractBaseUser) -> list[Choice]:
    rows = ChatAccount.objects.filter(user_id=user.pk, platform=Platform.TELEGRAM).order_by("pk")
    return [Choice(KIND, row.external_id, row.external_id) for row in rows]


def destination(announcement: Announcement, chat: str) -> Destination | None:
    return target_of(chat) if is_linked(announcement.user_id, chat) else None


def target_of(chat: str) -> Destination:
    # The private chat with somebody has their id.
    return Destination(KIND, {"weather": chat}, chat)


def is_linked(user_id: int, chat: str) -> bool:
    return ChatAccount.objects.filter(user_id=user_id, platform=Platform.TELEGRAM, external_id=chat).exists()


CARRIER = Carrier(KIND, choices, destination)
