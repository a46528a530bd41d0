"""Who wants the weather announced: when, where, in which voice, and where else it is brought.

Written by edit.py, and moved on by due.py with a conditional UPDATE on `next_due_at`; nobody else changes a row.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

MAX_PLACE_CHARACTERS = 80


class WeatherSubscription(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="weather_subscription",
        verbose_name=_("user"),
    )
    announcement_time = models.TimeField(_("announcement time"), help_text=_("on the clocks of the time zone"))
    time_zone = models.CharField(_("time zone"), max_length=64, help_text="IANA")
    place = models.CharField(
        _("place"),
        max_length=MAX_PLACE_CHARACTERS,
        blank=True,
        help_text=_("as it is found again; with coordinates only what it is called"),
    )
    is_by_coordinates = models.BooleanField(_("by coordinates"), default=False)
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    voice = models.CharField(_("voice"), max_length=64)
    days = models.JSONField(_("days"), help_text='["mon", ...]')
    deliver_to = models.JSONField(_("brought to"), default=list, help_text='[{"kind", "id"}, ...]')
    is_on = models.BooleanField(_("switched on"), default=True)
    # Both are null while nothing is due: switched off, or no date left that the zone's calendar has.
    next_due_at = models.DateTimeField(_("made next"), null=True, blank=True)
    next_date = models.DateField(null=True, blank=True, help_text=_("the local date of that announcement"))
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("weather subscription")
        verbose_name_plural = _("weather subscriptions")
        ordering = ["-pk"]
        indexes = [
            # due.py asks each minute; those that are off stay out of it.
            models.Index(fields=["next_due_at", "id"], name="weather_due", condition=Q(next_due_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(latitude__range=(-90, 90)), name="weather_latitude_possible"),
            models.CheckConstraint(condition=Q(longitude__range=(-180, 180)), name="weather_longitude_possible"),
            models.CheckConstraint(
                condition=Q(next_due_at__isnull=True, next_date__isnull=True)
                | Q(next_due_at__isnull=False, next_date__isnull=False),
                name="weather_due_with_its_date",
            ),
        ]

    def __str__(self) -> str:
        return f"weather of user {self.user_id}"
