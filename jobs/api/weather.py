"""The weather: one's own subscription, place names, and the announcements of the last days.

PUT replaces the whole subscription, and answers it as it is stored: with the place that was found, and when the next
announcement is spoken. Sounds are linked by signed addresses.
"""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest
from ninja import Query, Router, Status
from pydantic import BaseModel, ConfigDict, Field

from jobs.access import links
from jobs.access.caller import WEATHER
from jobs.announcements import edit
from jobs.announcements.made import Made, by_tasks
from jobs.announcements.models import Announcement, Condition, WeatherSubscription
from jobs.api.body import refuse_any_body
from jobs.api.doors import token_or_login
from jobs.api.problem import Problem, documented
from jobs.api.sight import caller_of
from jobs.engines.weather import places
from jobs.runtime.errors import InvalidInput

router = Router(tags=["weather"])

# Kept for two days, so there are hardly more.
MAX_ANNOUNCEMENTS = 10
MAX_PLACES = 20

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Begins = Annotated[str, Query(max_length=80, description="how it begins")]
Kind = Literal["telegram", "discord", "webhook"]


class Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Kind
    # Ids of chats and guilds are numbers to those who made them.
    id: str = Field(
        max_length=64,
        coerce_numbers_to_str=True,
        description="a linked chat's id, a guild's, an endpoint's; a number is taken too",
    )


class NewSubscription(BaseModel):
    model_config = ConfigDict(extra="forbid")

    announcement_time: str = Field(max_length=5, description="HH:MM on the clocks of the time zone")
    time_zone: str = Field(default=edit.DEFAULT_ZONE, max_length=64, description="IANA")
    place: str = Field(
        default="", max_length=80, description="a town or prefecture of Japan; or what coordinates are called"
    )
    latitude: float | None = Field(default=None, description="degrees; with longitude, before the place's own")
    longitude: float | None = None
    voice: str = Field(default=edit.DEFAULT_VOICE, max_length=64, description="as for speech; its language is spoken")
    days: list[Day] = Field(default=[], max_length=7, description="of the local date; empty for every day")
    deliver_to: list[Place] = Field(
        default=[],
        max_length=edit.MAX_DELIVERIES,
        description="brought there at the time: your linked chats, guilds you manage, your webhook endpoints",
    )


class Subscription(BaseModel):
    announcement_time: str
    time_zone: str
    place: str = Field(description="as it was found")
    latitude: float
    longitude: float
    voice: str
    days: list[Day]
    deliver_to: list[Place]
    enabled: bool = Field(description="switched off by a bot's /weather off; PUT switches it on")
    next_announcement_at: dt.datetime | None = Field(description="with the offset of its own zone")
    next_date: dt.date | None
    next_made_at: dt.datetime | None = Field(description="an hour before, in UTC")


class FoundPlace(BaseModel):
    place: str = Field(description="to be sent as `place`")
    name: str
    prefecture: str
    english_name: str
    latitude: float
    longitude: float


class PlaceList(BaseModel):
    places: list[FoundPlace]


class Audio(BaseModel):
    content_type: str
    bytes: int
    duration_seconds: float | None
    url: str = Field(description="signed: it opens without a token for a while")


class AnnouncementLine(BaseModel):
    date: dt.date
    announcement_at: dt.datetime
    place: str
    status: Condition
    error: str
    text: str
    source: str
    task_id: UUID | None
    audio: Audio | None


class AnnouncementList(BaseModel):
    announcements: list[AnnouncementLine] = Field(description="the newest first")


@router.get(
    "/subscription",
    auth=token_or_login(WEATHER),
    response={200: Subscription, **documented(404)},
    summary="Your weather subscription",
)
def show_subscription(request: HttpRequest) -> Subscription:
    """When, where and how the weather is announced to you. 404 when it is not."""
    row = edit.find(caller_of(request).user)
    if row is None:
        raise Http404
    return _shown(row)


@router.put(
    "/subscription",
    auth=token_or_login(WEATHER),
    response={200: Subscription, **documented(400, 413, 415, 422)},
    summary="Have the weather announced",
)
def put_subscription(request: HttpRequest, body: NewSubscription) -> Subscription:
    """Every day, or on some: made an hour before, and spoken at that time. Replaces what was there."""
    wanted = body.model_dump()
    try:
        return _shown(edit.save(caller_of(request).user, edit.Wish(**wanted)))
    except InvalidInput as error:
        raise Problem(422, "invalid-input", errors=error.errors) from None


@router.delete(
    "/subscription",
    auth=token_or_login(WEATHER),
    response={204: None, **documented(400, 404, 413, 415, 422)},
    summary="Have the weather announced no more",
)
def delete_subscription(request: HttpRequest) -> Status[None]:
    """What was made already stays for its two days."""
    refuse_any_body(request)
    if not edit.delete(caller_of(request).user):
        raise Http404
    return Status(204, None)


@router.get(
    "/places",
    auth=token_or_login(WEATHER),
    response={200: PlaceList, **documented(422)},
    summary="Places by the beginning of their names",
)
def list_places(request: HttpRequest, q: Begins = "") -> PlaceList:
    """Japan's towns and prefectures. For others send coordinates."""
    found = places.suggest(q.strip(), MAX_PLACES) if q.strip() else []
    return PlaceList(
        places=[
            FoundPlace(
                place=each.label,
                name=each.name,
                prefecture=each.prefecture,
                english_name=each.english_name,
                latitude=each.latitude,
                longitude=each.longitude,
            )
            for each in found
        ]
    )


@router.get(
    "/announcements",
    auth=token_or_login(WEATHER),
    response={200: AnnouncementList, **documented()},
    summary="The last announcements",
)
def list_announcements(request: HttpRequest) -> AnnouncementList:
    """With their sounds, for the two days that they are kept."""
    rows = Announcement.objects.filter(user_id=caller_of(request).user.pk).order_by("-date")[:MAX_ANNOUNCEMENTS]
    base = links.base_of(request)
    made = by_tasks(row.task_id for row in rows if row.status == Condition.READY)
    return AnnouncementList(announcements=[_line(row, made.get(row.task_id) or Made(), base) for row in rows])


def _shown(row: WeatherSubscription) -> Subscription:
    at = edit.announced_at(row)
    return Subscription(
        announcement_time=row.announcement_time.strftime("%H:%M"),
        time_zone=row.time_zone,
        place=row.place,
        latitude=row.latitude,
        longitude=row.longitude,
        voice=row.voice,
        days=row.days,
        deliver_to=[Place(**each) for each in row.deliver_to],
        enabled=row.is_on,
        next_announcement_at=at.astimezone(ZoneInfo(row.time_zone)) if at else None,
        next_date=row.next_date,
        next_made_at=row.next_due_at,
    )


def _line(row: Announcement, made: Made, base: str) -> AnnouncementLine:
    sound = made.sound
    return AnnouncementLine(
        date=row.date,
        announcement_at=row.announcement_at,
        place=row.place,
        status=Condition(row.status),
        error=row.error,
        text=made.text,
        source=made.source,
        task_id=row.task_id,
        audio=None
        if sound is None
        else Audio(
            content_type=sound.content_type,
            bytes=sound.bytes,
            duration_seconds=made.seconds,
            url=links.artifact_url(sound, base),
        ),
    )
