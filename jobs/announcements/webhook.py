"""Announcements as webhooks, to endpoints of the subscriber: type `weather.announcement`, with a link to the sound.

The body is made when it is sent: a link signed an hour before would have ended by then.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from jobs.access import links
from jobs.announcements.carriers import Carrier, Choice, Destination
from jobs.announcements.made import Made, by_task
from jobs.announcements.models import Announcement
from jobs.delivery.errors import Refused
from jobs.delivery.models import Delivery, Endpoint
from jobs.delivery.webhook.payload import moment
from jobs.delivery.wishes import receiver_of

KIND = "webhook"
TYPE = "weather.announcement"


def choices(user: AbstractBaseUser) -> list[Choice]:
    rows = Endpoint.objects.filter(owner_id=user.pk, disabled_at__isnull=True)
    return [Choice(KIND, str(row.pk), row.name or row.url) for row in rows]


def destination(announcement: Announcement, endpoint_id: str) -> Destination | None:
    key = _uuid(endpoint_id)
    row = Endpoint.objects.filter(pk=key, owner_id=announcement.user_id).first() if key else None
    if row is None:
        return None
    return Destination(KIND, {"endpoint_id": str(row.pk)}, receiver_of(row.owner_id, row.url))


def body(delivery: Delivery) -> dict[str, Any]:
    """Return what a webhook says of an announcement. Raises Refused when it is gone."""
    row = Announcement.objects.filter(pk=delivery.payload.get("announcement"), user_id=delivery.owner_id).first()
    made = by_task(row.task_id) if row is not None else Made()
    sound = made.sound
    if row is None or sound is None or not made.text:
        raise Refused("the announcement is gone")
    return {
        "type": TYPE,
        "timestamp": moment(row.announcement_at),
        "data": {
            "date": row.date.isoformat(),
            "announcement_at": moment(row.announcement_at),
            "place": row.place,
            "task_id": str(row.task_id),
            "text": made.text,
            "forecast": made.said.get("forecast"),
            "source": made.source,
            "audio": {
                "content_type": sound.content_type,
                "bytes": sound.bytes,
                "duration_seconds": made.seconds,
                "url": links.artifact_url(sound, settings.BASE_URL),
            },
        },
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


CARRIER = Carrier(KIND, choices, destination)
