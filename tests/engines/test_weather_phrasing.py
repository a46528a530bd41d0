"""What is announced, in both languages, and how our Japanese voice reads it."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.speech.reading import normalise
from jobs.engines.weather.phrasing import announcement
from jobs.engines.weather.places import find
from jobs.engines.weather.port import DayForecast, Place

TOKYO = ZoneInfo("Asia/Tokyo")
SATURDAY = date(2026, 11, 21)
AT_SEVEN = datetime(2026, 11, 21, 7, tzinfo=TOKYO)
YOKOHAMA = Place("横浜市", 35.444, 139.638, english_name="Yokohama")

EMPTY = DayForecast(SATURDAY, None, None, None, None, None, None, "オープンメテオ", source_english="Open-Meteo")
FULL = replace(
    EMPTY,
    code=2,
    low_celsius=-2.4,
    high_celsius=15.2,
    rain_percent=30,
    wind_mps=3.0,
    issued_at=datetime(2026, 11, 21, 5, tzinfo=TOKYO),
    source="気象庁",
    source_english="the Japan Meteorological Agency",
    text="晴れ、夜はくもり",
)


def japanese(forecast: DayForecast, *, place: Place = YOKOHAMA, made_for: datetime = AT_SEVEN, is_spoken=True) -> str:
    return announcement(forecast, place, "ja", made_for=made_for, is_spoken=is_spoken)


def english(forecast: DayForecast, *, place: Place = YOKOHAMA, made_for: datetime = AT_SEVEN) -> str:
    return announcement(forecast, place, "en", made_for=made_for)


def test_the_whole_announcement_in_japanese():
    assert japanese(FULL) == (
        "11月21日土曜日、横浜市の天気をお伝えします。今日は晴れ、夜はくもりでしょう。"
        "最高気温は15度、最低気温はマイナス2度の予想です。降水確率は30パーセントです。"
        "氷点下まで冷え込みます。路面の凍結にご注意ください。気象庁、21日午前5時発表の予報をもとにお伝えしました。"
    )


def test_the_whole_announcement_in_english():
    assert english(FULL) == (
        "Here is the weather for Yokohama on Saturday, November 21. Today, expect partly cloudy skies. "
        "The high will be 15 degrees Celsius, and the low minus 2 degrees. The chance of rain is 30 percent. "
        "It will drop below freezing. Watch out for ice on the roads. "
        "Forecast by the Japan Meteorological Agency, issued on November 21 at 5 a.m."
    )


def test_what_is_not_told_is_not_said():
    assert japanese(EMPTY) == (
        "11月21日土曜日、横浜市の天気をお伝えします。オープンメテオの予報をもとにお伝えしました。"
    )
    assert english(EMPTY) == "Here is the weather for Yokohama on Saturday, November 21. Forecast by Open-Meteo."
    assert "最高気温は15度の予想です" in japanese(replace(FULL, low_celsius=None))
    assert "The low will be minus 2 degrees Celsius." in english(replace(FULL, high_celsius=None))


@pytest.mark.parametrize(
    ("days_before", "said_ja", "said_en"),
    [
        (0, "今日は", "Today, expect"),
        (1, "明日は", "Tomorrow, expect"),
        (2, "あさっては", ". Expect"),
        (3, "この日は", ". Expect"),
        (-1, "この日は", ". Expect"),
    ],
)
def test_the_day_is_named_from_where_the_listener_stands(days_before, said_ja, said_en):
    made_for = AT_SEVEN - timedelta(days=days_before)

    assert said_ja in japanese(FULL, made_for=made_for)
    assert said_en in english(FULL, made_for=made_for)


def test_today_and_the_time_of_issue_are_those_of_the_listeners_zone():
    in_new_york = datetime(2026, 11, 20, 23, tzinfo=ZoneInfo("America/New_York"))  # Saturday noon in Japan

    assert "明日は" in japanese(FULL, made_for=in_new_york)
    assert "20日午後3時発表" in japanese(FULL, made_for=in_new_york)
    assert "November 20 at 3 p.m." in english(FULL, made_for=in_new_york)


CLEAR, CLOUDY, RAIN, DRIZZLE, STORM = 0, 3, 63, 51, 95


@pytest.mark.parametrize(
    ("code", "parts", "said_ja", "said_en"),
    [
        (RAIN, (None,) * 3, "今日は雨でしょう", "expect rain."),
        (RAIN, (RAIN, None, RAIN), "今日は雨でしょう", "expect rain."),
        (2, (0, 1, 2), "今日は晴れ時々くもりでしょう", "expect partly cloudy skies."),
        (0, (0, 1, 0), "今日は快晴でしょう", "expect clear skies."),
        (RAIN, (CLOUDY, RAIN, RAIN), "今日はくもりのち雨でしょう", "cloudy skies in the morning, and rain from the"),
        (
            RAIN,
            (CLEAR, CLEAR, RAIN),
            "今日は晴れ、夜は雨でしょう",
            "clear skies during the day, and rain in the evening",
        ),
        (RAIN, (CLOUDY, RAIN, CLOUDY), "今日はくもり、午後は雨でしょう", "rain in the afternoon, and cloudy skies"),
        (STORM, (CLEAR, CLOUDY, STORM), "今日は晴れ、午後はくもり、夜は雷雨でしょう", "thunderstorms in the evening"),
        (DRIZZLE, (CLOUDY,) * 3, "今日はくもり、一時霧雨でしょう", "cloudy skies, with light drizzle at times"),
        (4, (4, 4, 4), "お伝えします。オープンメテオ", "21. Forecast"),
    ],
)
def test_the_sky_in_its_course(code, parts, said_ja, said_en):
    forecast = replace(EMPTY, code=code, part_codes=parts)

    assert said_ja in japanese(forecast)
    assert said_en in english(forecast)


@pytest.mark.parametrize(
    ("changed", "said_ja", "said_en"),
    [
        ({"rain_percent": 50}, "傘をお持ちください", "umbrella"),
        ({"code": 95}, "雷にご注意ください", "lightning"),
        ({"code": 73}, "足元にご注意ください", "snow"),
        ({"wind_mps": 9.5}, "最大で毎秒10メートルの、やや強い風", "Winds of up to 10 meters per second"),
        ({"wind_mps": 15.0}, "毎秒15メートルの、強い風", "Strong winds"),
        ({"wind_mps": 21.0}, "非常に強い風", "Very strong winds"),
        ({"high_celsius": 29.5}, "真夏日", "Drink plenty of water"),
        ({"high_celsius": 35.0}, "猛暑日", "heatstroke"),
        ({"high_celsius": -1.0}, "一日を通して氷点下", "below freezing all day"),
        ({"low_celsius": -0.5}, "路面の凍結", "ice on the roads"),
    ],
)
def test_what_people_should_mind_is_said_from_its_threshold_on(changed, said_ja, said_en):
    assert said_ja in japanese(replace(EMPTY, **changed))
    assert said_en in english(replace(EMPTY, **changed))


@pytest.mark.parametrize(
    "changed", [{"rain_percent": 49}, {"wind_mps": 9.4}, {"high_celsius": 29.4}, {"low_celsius": -0.4}, {"code": 63}]
)
def test_nothing_is_advised_below_it(changed):
    advice = re.compile("ください|見込み|なりそう|氷点下")

    assert not advice.search(japanese(replace(EMPTY, **changed)))


@pytest.mark.parametrize(
    ("celsius", "said"),
    [(0.4, "零度"), (-0.4, "零度"), (-0.5, "マイナス1度"), (0.5, "1度"), (10, "10度"), (-10.2, "マイナス10度")],
)
def test_degrees_are_whole_and_never_minus_zero(celsius, said):
    assert f"最高気温は{said}の" in japanese(replace(EMPTY, high_celsius=celsius))


def test_one_degree_is_singular():
    assert "be 1 degree Celsius, and the low minus 1 degree." in english(
        replace(EMPTY, high_celsius=1.2, low_celsius=-1.2)
    )


def test_what_is_read_by_eye_is_written_as_usual():
    biei = find("美瑛町")
    told = replace(EMPTY, low_celsius=0.0, text="晴れのちくもり", issued_at=AT_SEVEN.replace(hour=12, minute=30))

    assert "美瑛チョウの天気" in japanese(told, place=biei)
    assert "美瑛町の天気をお伝えします。今日は晴れのちくもりでしょう。最低気温は0度" in japanese(
        told, place=biei, is_spoken=False
    )
    assert "午後0時30分発表" in japanese(told, place=biei, is_spoken=False)


OR_NONE = st.none() | st.floats(-90, 60)
FORECASTS = st.builds(
    DayForecast,
    date=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    code=st.none() | st.integers(0, 99),
    low_celsius=OR_NONE,
    high_celsius=OR_NONE,
    rain_percent=st.none() | st.integers(0, 100),
    wind_mps=st.none() | st.floats(0, 120),
    issued_at=st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(TOKYO)),
    source=st.just("気象庁"),
    part_codes=st.tuples(*[st.none() | st.integers(0, 99)] * 3),
)


@settings(max_examples=100, deadline=None)
@given(FORECASTS)
def test_any_forecast_is_words_alone(forecast):
    for text in (japanese(forecast), english(forecast)):
        assert not re.search(r"None|nan|[-−]\d|[℃%]|m/s|　|。。|、。|\.\.|  ", text)
        assert text.endswith(("。", "."))
        assert len(text) < 500


# What the front end of the Japanese voice makes of the announcement; every row was wrong in some wording.
@pytest.mark.parametrize(
    ("changed", "place", "heard"),
    [
        ({"date": date(2026, 12, 1)}, "横浜", "ジューニガツツイタチカヨービ、ヨコハマシ"),
        ({"date": date(2026, 1, 20)}, "倶知安町", "イチガツハツカカヨービ、クッチャンチョー"),
        ({"date": date(2026, 4, 8)}, "十島村", "シガツヨーカスイヨービ、トシマムラ"),
        ({"date": date(2026, 8, 14)}, "我孫子市", "ハチガツジューヨッカキンヨービ、アビコシ"),
        ({"date": date(2026, 9, 9)}, "匝瑳市", "クガツココノカスイヨービ、ソーサシ"),
        ({"date": date(2026, 2, 24)}, "枚方市", "ニガツニジューヨッカカヨービ、ヒラカタシ"),
        ({"date": date(2026, 5, 10)}, "小平町", "ゴガツトーカニチヨービ、オビラチョー"),
        ({"low_celsius": -2.0}, "横浜", "サイテーキオンワマイナスニドノヨソー"),
        ({"low_celsius": 0.0}, "横浜", "サイテーキオンワレードノヨソー"),
        ({"rain_percent": 30}, "横浜", "コースイカクリツワサンジュッパーセント"),
        ({"rain_percent": 100}, "横浜", "コースイカクリツワヒャクパーセント"),
        ({"wind_mps": 12.0}, "横浜", "マイビョージューニメートルノ、ヤヤツヨイカゼガフクミコミ"),
        ({"text": "晴れのちくもり"}, "横浜", "キョーワハレノチクモリデショー"),
        ({"text": "くもり、山沿いでは一時雨"}, "横浜", "クモリ、ヤマゾイデワイチジアメデショー"),
        ({"issued_at": AT_SEVEN.replace(hour=17)}, "横浜", "ニジューイチニチゴゴゴジハッピョー"),
        ({"issued_at": AT_SEVEN.replace(hour=0)}, "横浜", "ゴゼンレージハッピョー"),
    ],
)
def test_our_voice_reads_it_right(openjtalk, changed, place, heard):
    text = japanese(replace(EMPTY, **changed), place=find(place))

    assert heard in "".join(word["pron"] for word in openjtalk._loaded().words(normalise(text))).replace("’", "")
