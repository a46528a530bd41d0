"""What the scheduled clean-up deletes of this room: utterances that ended long ago.

Their text was blanked with their end. The rows stay for as long as the tasks that made their
sound, so that staff can see what was said when, what was not, and why.

Registered by apps.py; called by the `cleanup` function.
"""

from datetime import datetime, timedelta

from bots.guilds.models import Utterance

KEPT_FOR = timedelta(days=7)


def delete_utterances(now: datetime, limit: int) -> int:
    """Delete up to `limit` utterances that ended KEPT_FOR ago; return how many that were."""
    old = Utterance.objects.filter(ended_at__lte=now - KEPT_FOR).order_by("ended_at")
    due = list(old.values_list("pk", flat=True)[:limit])
    return Utterance.objects.filter(pk__in=due).delete()[0]
