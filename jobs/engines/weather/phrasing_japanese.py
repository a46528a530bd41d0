"""The announcement in Japanese. Called by phrasing.py."""

import re
from datetime import date, datetime

from jobs.engines.weather.port import DayForecast, Place
from jobs.engines.weather.skies import Hint, course, hints, issued_for, whole_number

_WEEKDAYS = "月火水木金土日"
_RELATIVE = {0: "今日", 1: "明日", 2: "あさって"}
_ADVICE: dict[Hint, str] = {
    "umbrella": "傘をお持ちください",
    "thunder": "雷にご注意ください",
    "snow": "雪のため、足元にご注意ください",
    "breeze": "最大で毎秒{wind}メートルの、やや強い風が吹く見込みです",
    "wind": "最大で毎秒{wind}メートルの、強い風が吹く見込みです。強風にご注意ください",
    "storm": "最大で毎秒{wind}メートルの、非常に強い風が吹く見込みです。暴風に十分ご注意ください",
    "very_hot": "猛暑日となりそうです。熱中症に十分ご注意ください",
    "hot": "真夏日となりそうです。水分をこまめにおとりください",
    "frozen": "一日を通して氷点下の寒さです。暖かくしてお出かけください",
    "frost": "氷点下まで冷え込みます。路面の凍結にご注意ください",
}
# What pyopenjtalk-plus misreads here (ハレレノチ, ゼロド, ゼロジ), and how it is spelt for it.
_RESPELT = (
    (re.compile("晴れのち"), "晴れノチ"),
    (re.compile("(?<=は)0度"), "零度"),
    (re.compile("(?<=午[前後])0時"), "零時"),
)


def write(forecast: DayForecast, place: Place, made_for: datetime, *, is_spoken: bool) -> str:
    """Return the announcement; see phrasing.announcement()."""
    day = forecast.date
    name = (is_spoken and place.reading) or place.name or "ご指定の場所"
    sentences = [f"{day.month}月{day.day}日{_WEEKDAYS[day.weekday()]}曜日、{name}の天気をお伝えします"]
    if sky := forecast.text or _sky(forecast):
        sentences.append(f"{_day(day, made_for)}は{sky}でしょう")
    degrees = [
        f"{what}気温は{_degrees(value)}"
        for what, value in (("最高", forecast.high_celsius), ("最低", forecast.low_celsius))
        if value is not None
    ]
    if degrees:
        sentences.append(f"{'、'.join(degrees)}の予想です")
    if forecast.rain_percent is not None:
        sentences.append(f"降水確率は{forecast.rain_percent}パーセントです")
    wind = whole_number(forecast.wind_mps or 0.0)
    sentences += [_ADVICE[hint].format(wind=wind) for hint in hints(forecast)]
    text = "。".join([*sentences, _source(forecast, made_for)]) + "。"
    return _respelt(text) if is_spoken else text


def _day(day: date, made_for: datetime) -> str:
    return _RELATIVE.get((day - made_for.date()).days, "この日")


def _degrees(value: float) -> str:
    whole = whole_number(value)
    return f"マイナス{-whole}度" if whole < 0 else f"{whole}度"


def _sky(forecast: DayForecast) -> str:
    day = course(forecast)
    if day.parts is None:
        return day.whole.japanese if day.whole else ""
    morning, afternoon, evening = (sky.short for sky in day.parts)
    if morning == afternoon == evening:
        text = morning
    elif morning == afternoon:
        text = f"{morning}、夜は{evening}"
    elif afternoon == evening:
        text = f"{morning}のち{afternoon}"
    elif morning == evening:
        text = f"{morning}、午後は{afternoon}"
    else:
        text = f"{morning}、午後は{afternoon}、夜は{evening}"
    return f"{text}、一時{day.brief.short}" if day.brief else text


def _source(forecast: DayForecast, made_for: datetime) -> str:
    issued_at = issued_for(forecast, made_for)
    if issued_at is None:
        return f"{forecast.source}の予報をもとにお伝えしました"
    half, hour = ("午前", issued_at.hour) if issued_at.hour < 12 else ("午後", issued_at.hour - 12)
    minute = f"{issued_at.minute}分" if issued_at.minute else ""
    return f"{forecast.source}、{issued_at.day}日{half}{hour}時{minute}発表の予報をもとにお伝えしました"


def _respelt(text: str) -> str:
    for pattern, spelling in _RESPELT:
        text = pattern.sub(spelling, text)
    return text
