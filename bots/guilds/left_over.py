"""What is still to be said, as the rows tell it: after a restart, and what other processes wrote.

Called by bots/discord, in a thread. utterances.py writes these rows.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from bots.guilds.models import State, Utterance
from jobs.runtime.gate import writing


def begin_again(now: datetime) -> dict[str, int]:
    """
    End what a bot that was killed left behind; return how many, by reason.

    What was being said has been heard, at least in part: it is not said twice. What is late is not said at all.
    """
    late = now - timedelta(seconds=settings.DISCORD_LATE_SECONDS)
    waiting = Utterance.objects.filter(state=State.WAITING, created_at__lt=late)
    with writing(), transaction.atomic():
        return {
            "restart": Utterance.objects.filter(state=State.PLAYING).update(
                state=State.SKIPPED, reason="restart", ended_at=now, text=""
            ),
            "late": waiting.update(state=State.SKIPPED, reason="late", ended_at=now, text=""),
        }


def newest_message(guild_id: int) -> int:
    """Return the id of the last message that was taken in a guild, 0 for none: later ones were not seen."""
    messages = Utterance.objects.filter(guild_id=guild_id, message_id__isnull=False)
    return messages.order_by("-message_id").values_list("message_id", flat=True).first() or 0


def waiting(guild_ids: Collection[int] | None = None, *, without: Collection[UUID] = frozenset()) -> list[Utterance]:
    """
    Return what waits, of these guilds or of all, in the order it is to be said.

    without: what the caller knows already; of those only the ids are read.
    """
    rows = Utterance.objects.filter(state=State.WAITING)
    if guild_ids is not None:
        rows = rows.filter(guild_id__in=guild_ids)
    unknown = set(rows.order_by().values_list("pk", flat=True)) - set(without)
    if not unknown:
        return []
    found = rows.filter(pk__in=unknown).select_related("author")
    return list(found.order_by("guild_id", "priority", "position"))
