"""The Japan Meteorological Agency's forecasts, as its own website reads them: for places in Japan.

The page's data is not an official interface and may change. What is known of it, and met here:
- It is a list of two: the next two or three days, and the week. Every number is a string; "" stands for none.
- The lists grow shorter as the day passes: the issue of 17 o'clock tells no highest temperature of its day.
- The lowest temperature of the day of issue is filled up with the highest: only later days' are taken.
- Temperatures are of stations, whose codes are none of the forecast's areas: see _station().
- The wind is told in words, so `wind_mps` is None.

Called through the port.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.engines.weather.answers import TIMEOUT_SECONDS, ask, check_place, utc_offset, zone_of
from jobs.engines.weather.jma_report import Area, Report, Series, at, read_reports
from jobs.engines.weather.jma_words import code_table, spoken
from jobs.engines.weather.places import distance_to, find_station
from jobs.engines.weather.port import DayForecast, Place
from jobs.engines.weather.values import plausible

NAME = "jma"
DEFAULT_BASE_URL = "https://www.jma.go.jp"
CREDIT = (
    "出典：気象庁ホームページ（天気予報）を加工して作成 / Edited from the website of the Japan Meteorological Agency"
)
# Counts our own changes to how it is read.
REVISION = 1


class JMA:
    """A WeatherEngine for places with a `jma_office`. base_url: without its path; empty for the agency's own."""

    def __init__(self, base_url: str = "", *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")
        self._timeout_seconds = timeout_seconds

    @property
    def version(self) -> str:
        return f"{NAME}/{REVISION}"

    def forecast(self, place: Place, day: date, *, time_zone: str) -> DayForecast:
        check_place(place.latitude, place.longitude)
        zone = zone_of(time_zone)
        if not (place.jma_office.isascii() and place.jma_office.isdigit()):
            raise EngineRefused(NAME, "it serves places in Japan alone")
        if utc_offset(day, zone) != timedelta(hours=9):
            raise EngineRefused(NAME, "its days are those of Japan's time")
        url = f"{self._base_url}/bosai/forecast/data/forecast/{place.jma_office}.json"
        answer = ask(NAME, url, timeout_seconds=self._timeout_seconds)
        if answer.status != 200:
            raise EngineRefused(NAME, f"status {answer.status}")
        try:
            reports = read_reports(answer.body)
        except ValueError as error:
            raise EngineUnavailable(NAME) from error
        return _read(reports, place, day)


def _read(reports: list[Report], place: Place, day: date) -> DayForecast:
    """Return the day from the report of the next days; what that does not tell, from the week's."""
    near = reports[0]
    week = reports[1] if len(reports) > 1 else Report()
    report, sky, text = _sky(near, week, place, day)
    rain = _highest_rain(near, place, day)
    if rain is None:
        rain = _highest_rain(week, place, day)
    low, high = _temperatures(near, week, place, day)
    if report is None and low is None and high is None and rain is None:
        raise EngineRefused(NAME, "its answer does not hold that day")
    return DayForecast(
        date=day,
        code=sky,
        low_celsius=low,
        high_celsius=high,
        rain_percent=rain,
        wind_mps=None,
        issued_at=(report or near).report_datetime,
        source="気象庁",
        text=text,
        credit=CREDIT,
        source_english="the Japan Meteorological Agency",
    )


def _sky(near: Report, week: Report, place: Place, day: date) -> tuple[Report | None, int | None, str | None]:
    """Return which report tells the sky, its WMO code, and the agency's words."""
    for report in (near, week):
        for area, position, _moment in _of_areas(report, place, day):
            words, wmo = code_table().get(at(area.weather_codes, position) or "", (None, None))
            own = at(area.weathers, position)
            text = (spoken(own) if own else None) or words
            if wmo is not None or text:
                return report, wmo, text
    return None, None, None


def _highest_rain(report: Report, place: Place, day: date) -> int | None:
    told = (at(area.pops, position) for area, position, _moment in _of_areas(report, place, day))
    return max((percent for percent in told if percent is not None), default=None)


def _temperatures(near: Report, week: Report, place: Place, day: date) -> tuple[float | None, float | None]:
    low, high = _near_temperatures(near, place, day)
    for station, position, _moment in _of_stations(week, place, day):
        low = at(station.temps_min, position) if low is None else low
        high = at(station.temps_max, position) if high is None else high
    return plausible(low, high)


def _near_temperatures(report: Report, place: Place, day: date) -> tuple[float | None, float | None]:
    """Midnight stands for the lowest temperature of the day that begins, nine o'clock for the highest."""
    low = high = None
    for station, position, moment in _of_stations(report, place, day):
        value = at(station.temps, position)
        if moment.hour != 0:
            high = value
        elif report.report_datetime is not None and moment > report.report_datetime:
            low = value
    return low, high


def _of_areas(report: Report, place: Place, day: date) -> Iterator[tuple[Area, int, datetime]]:
    for series in report.time_series:
        area = _area(report, series, place)
        if area is not None:
            yield from ((area, position, moment) for position, moment in series.of_day(day))


def _of_stations(report: Report, place: Place, day: date) -> Iterator[tuple[Area, int, datetime]]:
    for series in report.time_series:
        station = _station(report, series, place)
        if station is not None:
            yield from ((station, position, moment) for position, moment in series.of_day(day))


def _area(report: Report, series: Series, place: Place) -> Area | None:
    """Return the forecast area that the place lies in; of a coarser list, the one of the nearest station."""
    if not any(each.weather_codes or each.weathers or each.pops for each in series.areas):
        return None
    for code in (place.jma_area, place.jma_office):
        for each in series.areas:
            if code and each.area.code == code:
                return each
    if len(series.areas) == 1:
        return series.areas[0]
    stations = next((each.areas for each in report.time_series if _has_stations(each)), [])
    nearest = _nearest(stations, place)
    return series.areas[nearest] if nearest is not None and len(stations) == len(series.areas) else None


def _station(report: Report, series: Series, place: Place) -> Area | None:
    """
    Return the station that stands for the place.

    Where there is one for each area they stand in the areas' order; else the nearest by its name counts.
    """
    if not _has_stations(series):
        return None
    codes = [each.area.code for each in report.time_series[0].areas]
    if len(codes) == len(series.areas) and place.jma_area in codes:
        return series.areas[codes.index(place.jma_area)]
    if len(series.areas) == 1:
        return series.areas[0]
    nearest = _nearest(series.areas, place)
    return series.areas[nearest] if nearest is not None else None


def _has_stations(series: Series) -> bool:
    return any(each.temps or each.temps_min or each.temps_max for each in series.areas)


def _nearest(stations: list[Area], place: Place) -> int | None:
    """Return the position of the nearest station of those whose name is a town of the same office."""
    found = []
    for position, station in enumerate(stations):
        town = find_station(station.area.name, place.jma_office)
        if town is not None:
            found.append((distance_to(place, town), position))
    return min(found)[1] if found else None
