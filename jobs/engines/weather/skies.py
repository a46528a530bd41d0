"""What a forecast says of the sky and what people should mind, before any words of a language.

Called by phrasing_japanese.py and phrasing_english.py.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from jobs.engines.weather.port import DayForecast

# What is advised from here on. The agency's own words: 真夏日 from 30, 猛暑日 from 35 degrees, 冬日 below 0 at night,
# 真冬日 below 0 all day; やや強い風 from 10 m/s, 強い風 from 15, 非常に強い風 from 20.
UMBRELLA_PERCENT = 50
HOT_CELSIUS = 30
VERY_HOT_CELSIUS = 35
FREEZING_CELSIUS = 0
BREEZE_MPS = 10
WIND_MPS = 15
STORM_MPS = 20

Hint = Literal["umbrella", "thunder", "snow", "breeze", "wind", "storm", "very_hot", "hot", "frozen", "frost"]

_FILE = Path(__file__).parent / "skies.tsv"
# From drizzle on.
_WET = 51
_SNOW = (*range(71, 78), 85, 86)
_THUNDER = (95, 96, 99)


class Sky(NamedTuple):
    """short: without the degrees that a part of a day does not bear; two skies with the same one count as one."""

    japanese: str
    short: str
    english: str


class Course(NamedTuple):
    """
    How the sky changes: of the whole day alone, or of its three parts too.

    parts: morning, afternoon and evening; None when one of them is not told, or all are what the day is.
    brief: rain or snow of which no part has enough.
    """

    whole: Sky | None
    parts: tuple[Sky, Sky, Sky] | None
    brief: Sky | None


def course(forecast: DayForecast) -> Course:
    """Return the day's course, with parts of one kind as the first of them."""
    whole = sky_of(forecast.code)
    told = [sky for code in forecast.part_codes if (sky := sky_of(code)) is not None]
    if len(told) < len(forecast.part_codes):
        return Course(whole, None, None)
    first = {sky.short: sky for sky in reversed(told)}
    morning, afternoon, evening = (first[sky.short] for sky in told)
    codes = [code for code in forecast.part_codes if code is not None]
    is_brief = forecast.code is not None and forecast.code >= _WET and max(codes) < _WET
    if len(first) == 1 and whole is not None and whole.short == morning.short:
        return Course(whole, None, None)
    return Course(whole, (morning, afternoon, evening), whole if is_brief else None)


def hints(forecast: DayForecast) -> list[Hint]:
    """Return what to advise, in the order in which it is said."""
    found: list[Hint] = []
    if forecast.rain_percent is not None and forecast.rain_percent >= UMBRELLA_PERCENT:
        found.append("umbrella")
    if forecast.code in _THUNDER:
        found.append("thunder")
    if is_snow(forecast):
        found.append("snow")
    wind = whole_number(forecast.wind_mps or 0.0)
    if wind >= BREEZE_MPS:
        found.append("storm" if wind >= STORM_MPS else "wind" if wind >= WIND_MPS else "breeze")
    high, low = forecast.high_celsius, forecast.low_celsius
    if high is not None and whole_number(high) >= HOT_CELSIUS:
        found.append("very_hot" if whole_number(high) >= VERY_HOT_CELSIUS else "hot")
    elif high is not None and whole_number(high) < FREEZING_CELSIUS:
        found.append("frozen")
    elif low is not None and whole_number(low) < FREEZING_CELSIUS:
        found.append("frost")
    return found


def is_snow(forecast: DayForecast) -> bool:
    return forecast.code in _SNOW


def whole_number(value: float) -> int:
    """Return the nearest whole number, halves away from zero, as a thermometer is read; never minus zero."""
    return int(abs(value) + 0.5) * (1 if value > 0 else -1)


def issued_for(forecast: DayForecast, made_for: datetime) -> datetime | None:
    """Return when the forecast was issued, on the listener's clock."""
    if forecast.issued_at is None or forecast.issued_at.tzinfo is None or made_for.tzinfo is None:
        return forecast.issued_at
    return forecast.issued_at.astimezone(made_for.tzinfo)


def sky_of(code: int | None) -> Sky | None:
    """Return the words of a WMO code; None for a code that has none."""
    return None if code is None else _skies().get(code)


@cache
def _skies() -> dict[int, Sky]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {int(code): Sky(*words) for code, *words in rows}
