"""Change who wants the weather announced. The only way in, for the API, the page, the admin and the bots.

Everything that is typed is judged here, and a refusal names its field. Saving computes when the next announcement
is due; a day that has its announcement already gets no second one, whatever is changed.

Raises InvalidInput.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from jobs.announcements import carriers, moments
from jobs.announcements.models import Announcement, WeatherSubscription
from jobs.announcements.models.subscription import MAX_PLACE_CHARACTERS
from jobs.announcements.where import locate, zones
from jobs.engines.errors import InputRejected
from jobs.engines.weather.port import Place
from jobs.runtime import clock, registry
from jobs.runtime.errors import FieldError, InvalidInput

DEFAULT_ZONE = "Asia/Tokyo"
DEFAULT_VOICE = "mei_normal"
MAX_DELIVERIES = 10
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True)
class Wish:
    """
    What somebody asks for, as they typed it.

    announcement_time: HH:MM. days: of mon..sun, empty for every day. deliver_to: [{"kind", "id"}].
    """

    announcement_time: str
    time_zone: str = DEFAULT_ZONE
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    voice: str = DEFAULT_VOICE
    days: Sequence[str] = ()
    deliver_to: Sequence[Mapping[str, Any]] = ()
    is_on: bool = True


def find(user: AbstractBaseUser) -> WeatherSubscription | None:
    return WeatherSubscription.objects.filter(user_id=user.pk).first()


def wish_of(row: WeatherSubscription) -> Wish:
    """
    Return a subscription as it would be asked for, to be changed in parts with `dataclasses.replace`.

    Without the places that are not the user's to choose any more: a deleted endpoint must not keep the time from
    being changed.
    """
    allowed = _allowed(row.user, row)
    return Wish(
        announcement_time=row.announcement_time.strftime("%H:%M"),
        time_zone=row.time_zone,
        place=row.place,
        latitude=row.latitude if row.is_by_coordinates else None,
        longitude=row.longitude if row.is_by_coordinates else None,
        voice=row.voice,
        days=row.days,
        deliver_to=[each for each in row.deliver_to if (each["kind"], each["id"]) in allowed],
        is_on=row.is_on,
    )


def save(user: AbstractBaseUser, wish: Wish, *, vouched: Sequence[tuple[str, str]] = ()) -> WeatherSubscription:
    """
    Store what `user` wishes in the place of what they had; return the row.

    vouched: (kind, id) that the caller knows to be theirs to choose, such as a guild whose staff they are just now.
    """
    clock_time, zone, place = _checked(wish)
    with transaction.atomic():
        row = WeatherSubscription.objects.select_for_update().filter(user_id=user.pk).first()
        now = clock.now()
        values = {
            "announcement_time": clock_time,
            "time_zone": zone.key,
            "place": place.label,
            "is_by_coordinates": wish.latitude is not None,
            "latitude": place.latitude,
            "longitude": place.longitude,
            "voice": wish.voice,
            "days": [day for day in moments.DAYS if day in (wish.days or moments.DAYS)],
            "deliver_to": _places(wish.deliver_to, allowed={*vouched, *_allowed(user, row)}),
            "is_on": wish.is_on,
            "updated_at": now,
        }
        row = row or WeatherSubscription(user_id=user.pk, created_at=now)
        for name, value in values.items():
            setattr(row, name, value)
        plan(row, after=now)
        row.save()
    return row


def check(wish: Wish) -> None:
    """Raise InvalidInput for what could not be stored, wherever it is brought."""
    _checked(wish)


def delete(user: AbstractBaseUser) -> bool:
    """Announce nothing any more; False when nothing was. What is being made for today ends unspoken."""
    deleted, _rows = WeatherSubscription.objects.filter(user_id=user.pk).delete()
    return deleted > 0


def withdraw(user: AbstractBaseUser, kind: str, place_id: str) -> bool:
    """Bring announcements to a place no more that is the user's no more; False when they were not brought there."""
    with transaction.atomic():
        row = WeatherSubscription.objects.select_for_update().filter(user_id=user.pk).first()
        kept = [each for each in row.deliver_to if (each["kind"], each["id"]) != (kind, place_id)] if row else []
        if row is None or len(kept) == len(row.deliver_to):
            return False
        row.deliver_to, row.updated_at = kept, clock.now()
        row.save(update_fields=["deliver_to", "updated_at"])
    return True


def plan(row: WeatherSubscription, *, after: datetime) -> None:
    """Set when the next announcement of `row` is made: the first that is spoken later than `after`."""
    due = _next(row, after) if row.is_on else None
    row.next_due_at, row.next_date = (due.made_at, due.date) if due else (None, None)


def _next(row: WeatherSubscription, after: datetime) -> moments.Due | None:
    # A day earlier: the local date may be behind that of UTC.
    made = Announcement.objects.filter(user_id=row.user_id, date__gte=after.date() - timedelta(days=1))
    skipping = set(made.values_list("date", flat=True))
    return moments.next_due(row.announcement_time, ZoneInfo(row.time_zone), row.days, after=after, skipping=skipping)


def _checked(wish: Wish) -> tuple[time, ZoneInfo, Place]:
    """Return time, zone and place of a wish, or raise InvalidInput naming every field that does not fit."""
    errors: list[FieldError] = []
    found = _TIME.fullmatch(wish.announcement_time.strip())
    if found is None:
        errors.append(FieldError("announcement_time", "no_time", _("Write the time as 07:30.")))
    if wish.time_zone not in zones():
        errors.append(FieldError("time_zone", "unknown_zone", _("There is no such time zone; one is Asia/Tokyo.")))
    if unknown := [day for day in wish.days if day not in moments.DAYS]:
        words = _("“%(day)s” is no day; they are mon, tue, wed, thu, fri, sat and sun.")
        errors.append(FieldError("days", "unknown_day", words % {"day": str(unknown[0])[:20]}))
    place, refused = _located(wish)
    errors += [*refused, *_voice_errors(wish.voice)]
    if errors or found is None or place is None:
        raise InvalidInput(errors)
    return time(int(found[1]), int(found[2])), ZoneInfo(wish.time_zone), place


def _located(wish: Wish) -> tuple[Place | None, list[FieldError]]:
    if len(wish.place) > MAX_PLACE_CHARACTERS:
        words = _("At most %(count)d characters.") % {"count": MAX_PLACE_CHARACTERS}
        return None, [FieldError("place", "too_long", words)]
    try:
        return locate(wish.place, wish.latitude, wish.longitude), []
    except InputRejected as error:
        return None, [FieldError(error.field, error.code, _why_nowhere(error))]


def _why_nowhere(error: InputRejected) -> str:
    """Return in words why a place is none; the engine's message ends with those that may be meant."""
    if error.code == "ambiguous_place":
        return _("Several places are called so: %(places)s") % {"places": error.message.partition(": ")[2]}
    if error.code == "unknown_place":
        closest = error.message.partition("names are ")[2]
        perhaps = _("Perhaps: %(places)s") % {"places": closest} if closest else ""
        return " ".join([_("No place in Japan is called so."), perhaps]).strip()
    return error.message


def _voice_errors(voice: str) -> list[FieldError]:
    """Ask the function that reads aloud: it alone knows the voices."""
    try:
        registry.get("speech").accept({"text": "天気", "voice": voice})
    except InvalidInput as error:
        return error.errors
    return []


def _allowed(user: AbstractBaseUser, row: WeatherSubscription | None) -> set[tuple[str, str]]:
    """Return what a user may choose: what the rooms know, and guilds that were theirs when they chose them."""
    # Who manages a guild only Discord knows, and says it with a command alone; see bots/discord/commands/weather.py.
    chosen = [(str(each["kind"]), str(each["id"])) for each in row.deliver_to] if row else []
    guilds = {(kind, name) for kind, name in chosen if kind == "discord"}
    return guilds | {(choice.kind, choice.id) for choice in carriers.choices_of(user)}


def _places(wanted: Sequence[Mapping[str, Any]], *, allowed: set[tuple[str, str]]) -> list[dict[str, str]]:
    if len(wanted) > MAX_DELIVERIES:
        words = _("At most %(count)d places.") % {"count": MAX_DELIVERIES}
        raise InvalidInput([FieldError("deliver_to", "too_many", words)])
    places: list[dict[str, str]] = []
    for number, each in enumerate(wanted):
        place = {"kind": str(each.get("kind", "")), "id": str(each.get("id", ""))}
        if carriers.find(place["kind"]) is None:
            words = _("Announcements are brought to telegram, discord and webhook.")
            raise InvalidInput([FieldError(f"deliver_to.{number}.kind", "unknown_kind", words)])
        if (place["kind"], place["id"]) not in allowed:
            words = _("This is not linked to you, or not yours to choose.")
            raise InvalidInput([FieldError(f"deliver_to.{number}.id", "not_yours", words)])
        if place not in places:
            places.append(place)
    return places


def announced_at(row: WeatherSubscription) -> datetime | None:
    """Return when the next announcement is spoken, in UTC."""
    return None if row.next_due_at is None else (row.next_due_at + moments.AHEAD).astimezone(UTC)
