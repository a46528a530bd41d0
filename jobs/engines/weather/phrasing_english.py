"""The announcement in English. Called by phrasing.py."""

from datetime import date, datetime

from jobs.engines.weather.port import DayForecast, Place
from jobs.engines.weather.skies import Hint, course, hints, is_snow, issued_for, whole_number

# The library's own names change with the process's locale.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_RELATIVE = {0: "Today, expect", 1: "Tomorrow, expect"}
_ADVICE: dict[Hint, str] = {
    "umbrella": "Take an umbrella",
    "thunder": "Watch out for lightning",
    "snow": "Mind your step in the snow",
    "breeze": "Winds of up to {wind} meters per second are expected",
    "wind": "Strong winds of up to {wind} meters per second are expected. Take care",
    "storm": "Very strong winds of up to {wind} meters per second are expected. Take great care",
    "very_hot": "It will be extremely hot. Beware of heatstroke",
    "hot": "It will be hot. Drink plenty of water",
    "frozen": "It will stay below freezing all day. Dress warmly",
    "frost": "It will drop below freezing. Watch out for ice on the roads",
}


def write(forecast: DayForecast, place: Place, made_for: datetime) -> str:
    """Return the announcement; see phrasing.announcement()."""
    day = forecast.date
    name = place.english_name or place.name or "your place"
    sentences = [f"Here is the weather for {name} on {_WEEKDAYS[day.weekday()]}, {_date(day)}"]
    if sky := _sky(forecast):
        sentences.append(f"{_RELATIVE.get((day - made_for.date()).days, 'Expect')} {sky}")
    sentences += _temperatures(forecast)
    if forecast.rain_percent is not None:
        what = "snow" if is_snow(forecast) else "rain"
        sentences.append(f"The chance of {what} is {forecast.rain_percent} percent")
    wind = whole_number(forecast.wind_mps or 0.0)
    sentences += [_ADVICE[hint].format(wind=wind) for hint in hints(forecast)]
    return ". ".join([*sentences, _source(forecast, made_for)]) + "."


def _date(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.day}"


def _temperatures(forecast: DayForecast) -> list[str]:
    told = [
        f"the {what} {_degrees(value)}"
        for what, value in (("high", forecast.high_celsius), ("low", forecast.low_celsius))
        if value is not None
    ]
    if not told:
        return []
    first = told[0].replace("the high ", "The high will be ").replace("the low ", "The low will be ")
    return [", and ".join([f"{first} Celsius", *told[1:]])]


def _degrees(value: float) -> str:
    whole = whole_number(value)
    return f"{'minus ' if whole < 0 else ''}{abs(whole)} {'degree' if abs(whole) == 1 else 'degrees'}"


def _sky(forecast: DayForecast) -> str:
    day = course(forecast)
    if day.parts is None:
        return day.whole.english if day.whole else ""
    morning, afternoon, evening = (sky.english for sky in day.parts)
    if morning == afternoon == evening:
        text = morning
    elif morning == afternoon:
        text = f"{morning} during the day, and {evening} in the evening"
    elif afternoon == evening:
        text = f"{morning} in the morning, and {afternoon} from the afternoon on"
    else:
        text = f"{morning} in the morning, {afternoon} in the afternoon, and {evening} in the evening"
    return f"{text}, with {day.brief.english} at times" if day.brief else text


def _source(forecast: DayForecast, made_for: datetime) -> str:
    issued_at = issued_for(forecast, made_for)
    by = f"Forecast by {forecast.source_english or forecast.source}"
    if issued_at is None:
        return by
    minute = f":{issued_at.minute:02d}" if issued_at.minute else ""
    half = "a.m" if issued_at.hour < 12 else "p.m"
    return f"{by}, issued on {_date(issued_at)} at {issued_at.hour % 12 or 12}{minute} {half}"
