"""What is deleted of this room: by the clean-up old messages and updates, by `forget` what is a person's.

Registered by apps.py; called by the `cleanup` function and bots/guilds/forget.py.
"""

from datetime import datetime, timedelta

from bots.telegram.models import OPEN, Message, Preference, Update
from jobs.access.models import ChatAccount

# What /history shows.
MESSAGES_KEPT_FOR = timedelta(days=7)
# Telegram keeps an update that nobody took for 24 hours, and may send it as long.
UPDATES_KEPT_FOR = timedelta(days=2)


def delete_messages(now: datetime, limit: int) -> int:
    """Delete up to `limit` messages that ended long ago; return how many that were."""
    old = Message.objects.filter(updated_at__lte=now - MESSAGES_KEPT_FOR).exclude(status__in=OPEN)
    due = list(old.order_by("updated_at").values_list("pk", flat=True)[:limit])
    Message.objects.filter(pk__in=due).delete()
    return len(due)


def delete_updates(now: datetime, limit: int) -> int:
    """Delete up to `limit` updates that were dealt with long ago; return how many that were."""
    old = Update.objects.filter(done_at__lte=now - UPDATES_KEPT_FOR).order_by("done_at")
    due = list(old.values_list("pk", flat=True)[:limit])
    return Update.objects.filter(pk__in=due).delete()[0]


def erase(account: ChatAccount) -> int:
    """Delete a person's messages and wishes, also when the account's row stays for the wish not to be read."""
    return sum(model._default_manager.filter(account=account).delete()[0] for model in (Message, Preference))
