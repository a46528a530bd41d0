"""Open-Meteo: forecasts for anywhere on Earth, without a key; free of charge for what is not commercial.

It makes a forecast anew every hour or so and does not say when, so `issued_at` is None. Called through the port.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from jobs.engines.errors import EngineError, EngineRefused, EngineUnavailable, InputRejected
from jobs.engines.weather.answers import TIMEOUT_SECONDS, Answer, ask, check_place, zone_of
from jobs.engines.weather.port import DayForecast, Place
from jobs.engines.weather.values import Celsiuses, Percents, Text, Texts, Winds, WmoCodes, plausible

NAME = "open-meteo"
DEFAULT_BASE_URL = "https://api.open-meteo.com"
CREDIT = "Weather data by Open-Meteo.com (CC BY 4.0)"
T = TypeVar("T")

# Counts our own changes to what is asked and how it is read.
REVISION = 1

_DAILY = "weather_code,temperature_2m_max,temperature_2m_min,precipitation_probability_max,wind_speed_10m_max"
_HOURLY = "weather_code,precipitation_probability"
# From drizzle on. Two wet hours of six are a wet morning, whatever the other four are.
_WET = 51
_WET_HOURS = 2


class _Units(BaseModel):
    temperature_2m_max: Text = None
    wind_speed_10m_max: Text = None


class _Daily(BaseModel):
    time: Texts = []
    weather_code: WmoCodes = []
    temperature_2m_max: Celsiuses = []
    temperature_2m_min: Celsiuses = []
    precipitation_probability_max: Percents = []
    wind_speed_10m_max: Winds = []


class _Hourly(BaseModel):
    time: Texts = []
    weather_code: WmoCodes = []
    precipitation_probability: Percents = []


class _Told(BaseModel):
    daily: _Daily
    daily_units: _Units = _Units()
    hourly: _Hourly = _Hourly()


class _Complaint(BaseModel):
    reason: str = ""


class OpenMeteo:
    """A WeatherEngine. base_url: of Open-Meteo or a service of one's own that speaks its API; empty for the public."""

    def __init__(self, base_url: str = "", *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = (base_url or DEFAULT_BASE_URL).rstrip("/") + "/v1/forecast"
        self._timeout_seconds = timeout_seconds

    @property
    def version(self) -> str:
        return f"{NAME}/{REVISION}"

    def forecast(self, place: Place, day: date, *, time_zone: str) -> DayForecast:
        check_place(place.latitude, place.longitude)
        zone_of(time_zone)
        answer = ask(
            NAME,
            self._url,
            timeout_seconds=self._timeout_seconds,
            latitude=f"{place.latitude:.4f}",
            longitude=f"{place.longitude:.4f}",
            daily=_DAILY,
            hourly=_HOURLY,
            wind_speed_unit="ms",
            timezone=time_zone,
            start_date=day.isoformat(),
            end_date=day.isoformat(),
        )
        if answer.status == 400:
            raise _complaint(answer)
        try:
            return _read(_Told.model_validate_json(answer.body), day)
        except ValidationError as error:
            raise EngineUnavailable(NAME) from error


def _read(told: _Told, day: date) -> DayForecast:
    daily, units = told.daily, told.daily_units
    if day.isoformat() not in daily.time:
        raise EngineRefused(NAME, "its answer does not hold that day")
    at = daily.time.index(day.isoformat())
    low, high = plausible(_at(daily.temperature_2m_min, at), _at(daily.temperature_2m_max, at))
    in_celsius = units.temperature_2m_max == "°C"
    rain = _at(daily.precipitation_probability_max, at)
    if rain is None:
        rain = max(_hours(told, day, 0, 24, "precipitation_probability"), default=None)
    found = DayForecast(
        date=day,
        code=_at(daily.weather_code, at),
        low_celsius=low if in_celsius else None,
        high_celsius=high if in_celsius else None,
        rain_percent=rain,
        wind_mps=_at(daily.wind_speed_10m_max, at) if units.wind_speed_10m_max == "m/s" else None,
        issued_at=None,
        source="オープンメテオ",
        credit=CREDIT,
        source_english="Open-Meteo",
        part_codes=(_part(told, day, 6), _part(told, day, 12), _part(told, day, 18)),
    )
    if found.code is None and found.high_celsius is None and found.low_celsius is None and found.rain_percent is None:
        raise EngineUnavailable(NAME)
    return found


def _at(column: Sequence[T | None], position: int) -> T | None:
    return column[position] if position < len(column) else None


def _hours(told: _Told, day: date, first: int, end: int, column: str) -> Iterator[int]:
    """Yield what a column of the hours tells from `first` to `end` o'clock of the day."""
    values = getattr(told.hourly, column)
    wanted = {f"{day.isoformat()}T{hour:02d}:00" for hour in range(first, end)}
    for moment, value in zip(told.hourly.time, values, strict=False):
        if moment in wanted and value is not None:
            yield value


def _part(told: _Told, day: date, first: int) -> int | None:
    """Return the code that prevails in six hours: the worst wet one, else the commonest, of two the worse."""
    codes = list(_hours(told, day, first, first + 6, "weather_code"))
    wet = [code for code in codes if code >= _WET]
    if len(wet) >= _WET_HOURS:
        return max(wet)
    dry = Counter(code for code in codes if code < _WET)
    return max(dry, key=lambda code: (dry[code], code), default=None)


def _complaint(answer: Answer) -> EngineError:
    """Return the error of a 400: whose fault it is stands in its words alone."""
    try:
        reason = _Complaint.model_validate_json(answer.body).reason.casefold()
    except ValidationError:
        return EngineRefused(NAME, "status 400")
    for word, field in (("latitude", "latitude"), ("longitude", "longitude"), ("timezone", "time_zone")):
        if word in reason:
            return InputRejected(field, "not_served", "the weather service does not take it")
    return EngineRefused(NAME, "it does not serve that day")
