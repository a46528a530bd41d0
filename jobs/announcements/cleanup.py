"""Announcements go two days after they were spoken, with their sounds.

Called by the clean-up, and when somebody is forgotten.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from jobs.announcements import shelf
from jobs.announcements.models import Announcement, WeatherSubscription

KEPT = timedelta(days=2)


def delete_announcements(now: datetime, limit: int) -> int:
    """Delete those that were kept long enough; return how many."""
    return _delete(Announcement.objects.filter(announcement_at__lte=now - KEPT).order_by("announcement_at")[:limit])


def forget(user: AbstractBaseUser) -> int:
    """Erase what this room knows of somebody; return how many rows. Call it in a transaction."""
    with transaction.atomic():
        deleted, _rows = WeatherSubscription.objects.filter(user_id=user.pk).delete()
        return deleted + _delete(Announcement.objects.filter(user_id=user.pk))


def _delete(rows: QuerySet[Announcement]) -> int:
    due = list(rows.only("pk", "user_id", "date", "file"))
    for row in due:
        # Also where a run failed after it had stored the sound.
        shelf.remove(row.user_id, row.date)
    Announcement.objects.filter(pk__in=[row.pk for row in due]).delete()
    return len(due)
