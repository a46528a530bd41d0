"""A forecast as it is announced: natural Japanese or English, with nothing said that the forecast does not hold.

    11月21日土曜日、横浜市の天気をお伝えします。今日は晴れ、夜はくもりでしょう。最高気温は15度、最低気温はマイナス2度の予想です。

Signs (-, ℃, %, m/s) are words, so that any voice reads them right. The same input gives the same text.
Called by the weather function.
"""

from datetime import datetime
from typing import Literal

from jobs.engines.weather import phrasing_english, phrasing_japanese
from jobs.engines.weather.port import DayForecast, Place

Language = Literal["ja", "en"]


def announcement(
    forecast: DayForecast, place: Place, language: Language, *, made_for: datetime, is_spoken: bool = True
) -> str:
    """
    Return the announcement.

    made_for: when it is heard, in the listener's zone; it decides what is today, and the zone of the time of issue.
    is_spoken: False to have it read by eye. Else words that our Japanese voice misreads are spelt as it reads them.
    """
    if language == "ja":
        return phrasing_japanese.write(forecast, place, made_for, is_spoken=is_spoken)
    return phrasing_english.write(forecast, place, made_for)
