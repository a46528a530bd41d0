"""Tell the weather of one day at one place, and read it aloud; for whoever asks, and for subscribers an hour ahead.

`weather` is for everybody. `weather_announcement` is what the schedule invokes for a subscriber: the same, and its
sound is put where subscribers find it (announcements/shelf.py). Without a forecast nothing is said: the attempt fails,
and is tried again until the moment of the announcement.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import AwareDatetime, BaseModel, Field

from jobs.announcements import shelf
from jobs.announcements.due import FUNCTION as ANNOUNCEMENT
from jobs.announcements.where import locate, zones
from jobs.engines.errors import EngineRefused, EngineUnavailable, InputRejected
from jobs.engines.weather import phrasing
from jobs.engines.weather.jma import JMA
from jobs.engines.weather.open_meteo import OpenMeteo
from jobs.engines.weather.port import DayForecast, Place, WeatherEngine
from jobs.functions import speech
from jobs.functions.speech import DEFAULT_VOICE, SpeechInput, SpeechOutput
from jobs.runtime import clock
from jobs.runtime.context import Context, Wire
from jobs.runtime.providers import Answer, Cached, Provider, Providers, Served
from jobs.runtime.registry import DAY_SECONDS, Retention, function
from jobs.runtime.retry import Retry

# Providers renew their forecasts every hour or three; ten thousand subscribers live in some hundred places.
CACHE_SECONDS = 1800
# The same for everybody within a kilometre, which is finer than any model's grid.
CACHED_DEGREES_DIGITS = 2
# Until the announcement: once a minute for the hour that there is, and for what is made up for after it.
ATTEMPTS_APART_SECONDS = 60.0
MOST_RETRIES = 95

STEPS = {
    "forecast": _("Asking for the forecast"),
    "analysis": _("Analysing the text"),
    "synthesis": _("Making the sound"),
    "saving": _("Saving"),
}


class WeatherInput(BaseModel, frozen=True):
    place: str = Field(
        default="", max_length=80, description="a town or prefecture of Japan; elsewhere what it is called"
    )
    latitude: float | None = Field(default=None, ge=-90, le=90, description="with longitude, in the place of a name")
    longitude: float | None = Field(default=None, ge=-180, le=180)
    time_zone: str = Field(default="Asia/Tokyo", max_length=64, description="whose calendar the date is of (IANA)")
    date: dt.date | None = Field(default=None, description="the day that is told; empty for today there")
    language: Literal["ja", "en"] | None = Field(default=None, description="empty for the voice's own")
    voice: str = Field(default=DEFAULT_VOICE, max_length=64, description="as for speech")


class AnnouncementInput(WeatherInput, frozen=True):
    announcement_at: AwareDatetime = Field(description="when it is spoken")
    give_up_at: AwareDatetime = Field(description="without a forecast by then there is none")


class Forecast(BaseModel, frozen=True):
    """What the provider told; null: it did not."""

    code: int | None = Field(description="WMO 4677, 0 to 99")
    low_celsius: float | None
    high_celsius: float | None
    rain_percent: int | None
    wind_mps: float | None
    issued_at: dt.datetime | None
    text: str | None = Field(description="the provider's own words for the sky")


class WeatherOutput(BaseModel, frozen=True):
    text: str = Field(description="what is said")
    place: str
    latitude: float
    longitude: float
    date: dt.date
    forecast: Forecast
    source: str = Field(description="who is to be named with it, and their licence")
    served: Served
    degraded: bool = Field(description="a provider other than the first answered")
    duration_seconds: float
    voice: str
    credit: str = Field(description="to be shown with the sound: the licences of its voices ask for it")
    model_version: str
    peaks: list[int]


def check(inputs: WeatherInput) -> None:
    """Refuse at once what no provider could tell. Raises InputRejected."""
    locate(inputs.place, inputs.latitude, inputs.longitude)
    if inputs.time_zone not in zones():
        raise InputRejected("time_zone", "unknown_zone", f"there is no time zone {inputs.time_zone!r}")
    if inputs.voice != DEFAULT_VOICE and inputs.voice not in {voice.name for voice in speech.voices()}:
        raise InputRejected("voice", "unknown_voice", f"no voice is named {inputs.voice!r}")


@function(
    "weather",
    queue="interactive",
    timeout_seconds=60,
    title=_("Weather"),
    retry=Retry(2, first_seconds=5),
    retention=Retention(row_seconds=2 * DAY_SECONDS, chat_content_seconds=speech.CHAT_CONTENT_SECONDS),
    steps=STEPS,
    check=check,
)
def weather(inputs: WeatherInput, context: Context) -> WeatherOutput:
    """Tell the weather of a day at a place, and read it aloud."""
    heard_at = clock.now()
    zone = ZoneInfo(inputs.time_zone)
    return _tell(inputs, context, day=inputs.date or heard_at.astimezone(zone).date(), heard_at=heard_at)


@function(
    ANNOUNCEMENT,
    queue="bulk",
    timeout_seconds=60,
    title=_("Weather announcement"),
    retry=Retry(MOST_RETRIES, first_seconds=ATTEMPTS_APART_SECONDS, factor=1),
    retention=Retention(row_seconds=2 * DAY_SECONDS),
    # Its file is the one that subscribers find; whoever wants to hear the weather now asks for `weather`.
    staff_only=True,
    steps=STEPS,
    check=check,
)
def weather_announcement(inputs: AnnouncementInput, context: Context) -> WeatherOutput:
    """Make a subscriber's announcement of the weather, ahead of its time."""
    zone = ZoneInfo(inputs.time_zone)
    day = inputs.date or inputs.announcement_at.astimezone(zone).date()
    try:
        output = _tell(inputs, context, day=day, heard_at=inputs.announcement_at)
    except EngineUnavailable as error:
        wait_seconds = error.wait_seconds if error.wait_seconds is not None else ATTEMPTS_APART_SECONDS
        if clock.now() + dt.timedelta(seconds=wait_seconds) > inputs.give_up_at:
            raise EngineRefused("weather", "no forecast before the time of the announcement") from error
        raise
    facts = {"announcement_at": inputs.announcement_at.isoformat(), **output.model_dump(mode="json", exclude={"peaks"})}
    shelf.put(context.owner_id, day, context.files[-1].data, facts)
    return output


def _tell(inputs: WeatherInput, context: Context, *, day: dt.date, heard_at: dt.datetime) -> WeatherOutput:
    context.progress(0, "forecast")
    place = locate(inputs.place, inputs.latitude, inputs.longitude)
    answer = forecast_of(place, day, time_zone=inputs.time_zone)
    told = answer.value
    language = inputs.language or _language_of(inputs.voice)
    text = phrasing.announcement(told, place, language, made_for=heard_at.astimezone(ZoneInfo(inputs.time_zone)))
    context.stop_if_cancelled()
    said = _read(text, inputs.voice, context)
    facts = {name: getattr(told, name) for name in Forecast.model_fields}
    return WeatherOutput(
        text=text,
        place=place.label,
        latitude=place.latitude,
        longitude=place.longitude,
        date=told.date,
        forecast=Forecast(**facts),
        source=told.credit or told.source,
        served=answer.served,
        degraded=answer.served.is_degraded,
        **said.model_dump(include={"duration_seconds", "voice", "credit", "model_version", "peaks"}),
    )


def forecast_of(place: Place, day: dt.date, *, time_zone: str) -> Answer[DayForecast]:
    """Return what the first provider tells that can. Raises EngineUnavailable, EngineRefused, InputRejected."""
    where = [round(place.latitude, CACHED_DEGREES_DIGITS), round(place.longitude, CACHED_DEGREES_DIGITS)]
    inputs = [*where, place.jma_office, place.jma_area, day.isoformat(), time_zone]
    return providers().call(
        lambda engine: engine.forecast(place, day, time_zone=time_zone),
        cached=Cached(inputs, dump=DayForecast.dump, load=DayForecast.load),
    )


def providers() -> Providers[WeatherEngine]:
    """Return who may be asked, in the order of preference: one for the whole world, and Japan's own agency."""
    engines: list[tuple[str, WeatherEngine]] = [
        ("open_meteo", OpenMeteo(base_url=settings.WEATHER_API_BASE)),
        ("jma", JMA(base_url=settings.WEATHER_JMA_BASE)),
    ]
    return Providers(
        "weather",
        [Provider(name, engine, version=engine.version, cache_seconds=CACHE_SECONDS) for name, engine in engines],
    )


def _language_of(voice: str) -> Literal["ja", "en"]:
    """Return what a voice speaks at home; a service's speak both."""
    known = {each.name: each.language for each in speech.voices()}
    return "en" if known.get(voice, "ja").startswith("en") else "ja"


def _read(text: str, voice: str, context: Context) -> SpeechOutput:
    with _in_one_piece(context):
        said = speech.speech(SpeechInput(text=text, voice=voice), context)
    assert isinstance(said, SpeechOutput)  # noqa: S101 - the decorator hides the type
    return said


@contextmanager
def _in_one_piece(context: Context) -> Iterator[None]:
    """Hand out no parts: another attempt may have another forecast, and readers would join the two."""
    wire = context.wire
    context.wire = _Whole(wire)
    try:
        yield
    finally:
        context.wire, context.parts_sent = wire, 0


class _Whole:
    """A wire that keeps parts to itself."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def progress(self, context: Context) -> None:
        self._wire.progress(context)

    def part(self, context: Context, index: int, data: bytes) -> None:
        return

    def said(self, context: Context) -> None:
        self._wire.said(context)

    def is_cancelled(self, context: Context) -> bool:
        return self._wire.is_cancelled(context)
