"""Open-Meteo and the agency's data, over real HTTP with the real client, against a stand-in that can misbehave."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.engines.errors import EngineError, EngineRefused, EngineUnavailable, InputRejected
from jobs.engines.weather import places
from jobs.engines.weather.jma import JMA
from jobs.engines.weather.jma_words import code_table, spoken
from jobs.engines.weather.open_meteo import OpenMeteo
from jobs.engines.weather.port import DayForecast, Place, WeatherEngine
from jobs.engines.weather.skies import sky_of
from tests.weather_service import JAPAN, Manner, Service, jma_report, open_meteo_day, says, serving

TODAY = date(2026, 11, 21)
TOMORROW = TODAY + timedelta(days=1)
TOKYO = "Asia/Tokyo"
YOKOHAMA = Place("横浜市", 35.444, 139.638, "140000", "140010")
ODAWARA = Place("小田原市", 35.2646, 139.1521, "140000", "140020")
PARIS = Place("Paris", 48.85, 2.35)
MORNING = datetime(2026, 11, 21, 5, tzinfo=JAPAN)
EVENING = datetime(2026, 11, 21, 17, tzinfo=JAPAN)


@pytest.fixture(scope="module")
def running():
    with serving() as service:
        yield service


@pytest.fixture
def service(running: Service) -> Service:
    running.today = TODAY
    running.open_meteo, running.jma = Manner(), Manner()
    running.asked.clear()
    return running


@pytest.fixture(params=[OpenMeteo, JMA], ids=lambda engine: engine.__name__)
def engine(request, service) -> WeatherEngine:
    """Either engine, with the stand-in for its provider; patient enough for a slow machine."""
    return request.param(service.url, timeout_seconds=5)


def manner_of(service: Service, engine: WeatherEngine) -> Manner:
    return service.open_meteo if isinstance(engine, OpenMeteo) else service.jma


def open_meteo(service: Service, *, place: Place = YOKOHAMA, day: date = TODAY, **changed) -> DayForecast:
    """Ask for a day of which some columns are told otherwise."""
    told = open_meteo_day(day.isoformat())
    for name, value in changed.items():
        block = "daily_units" if name.startswith("unit_") else "daily"
        told[block][name.removeprefix("unit_")] = value
    service.open_meteo.body = says(told) if changed else None
    return OpenMeteo(service.url).forecast(place, day, time_zone=TOKYO)


def jma(service: Service, report=None, *, place: Place = YOKOHAMA, day: date = TODAY) -> DayForecast:
    service.jma.body = says(report) if report is not None else None
    return JMA(service.url).forecast(place, day, time_zone=TOKYO)


# --- What the port promises of both --------------------------------------------------------


def test_tells_a_day(engine):
    told = engine.forecast(YOKOHAMA, TOMORROW, time_zone=TOKYO)

    assert told.date == TOMORROW
    assert sky_of(told.code)
    assert told.low_celsius < told.high_celsius
    assert told.rain_percent in range(101)
    assert all((told.source, told.source_english, told.credit))
    assert DayForecast.load(told.dump()) == told


@pytest.mark.parametrize(
    ("status", "headers", "error", "wait_seconds"),
    [
        (429, {"Retry-After": "30"}, EngineUnavailable, 30.0),
        (429, {"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT"}, EngineUnavailable, None),
        (503, {}, EngineUnavailable, None),
        (500, {}, EngineUnavailable, None),
        (408, {}, EngineUnavailable, None),
        (404, {}, EngineRefused, None),
        (403, {}, EngineRefused, None),
        (302, {"Location": "http://127.0.0.1:9/"}, EngineRefused, None),
    ],
)
def test_a_status_says_whether_to_come_back(service, engine, status, headers, error, wait_seconds):
    manner = manner_of(service, engine)
    manner.status, manner.headers, manner.body = status, headers, b"later"

    with pytest.raises(error) as raised:
        engine.forecast(YOKOHAMA, TODAY, time_zone=TOKYO)

    assert getattr(raised.value, "wait_seconds", None) == wait_seconds
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{", b"[]", b"[{}]", b"{}", b"null", b'"x"', b"[" * 5000, b'{"daily": 3}', b"\xff\xfe\x00"],
)
def test_garbage_is_no_answer(service, engine, body):
    manner_of(service, engine).body = body

    with pytest.raises(EngineUnavailable):
        engine.forecast(YOKOHAMA, TODAY, time_zone=TOKYO)


def test_a_gigabyte_is_not_read(service, engine):
    manner_of(service, engine).endless_bytes = 1_000_000_000
    manner_of(service, engine).body = b"["

    with pytest.raises(EngineUnavailable):
        engine.forecast(YOKOHAMA, TODAY, time_zone=TOKYO)


def test_a_packed_answer_is_not_unpacked(service, engine):
    manner_of(service, engine).headers = {"Content-Encoding": "gzip"}
    manner_of(service, engine).body = gzip.compress(bytes(20_000_000), compresslevel=1)

    with pytest.raises(EngineUnavailable):
        engine.forecast(YOKOHAMA, TODAY, time_zone=TOKYO)


def test_silence_ends_at_the_timeout(service, engine):
    manner_of(service, engine).is_hanging = True
    hasty = type(engine)(service.url, timeout_seconds=0.2)

    with pytest.raises(EngineUnavailable):
        hasty.forecast(YOKOHAMA, TODAY, time_zone=TOKYO)


@pytest.mark.parametrize(
    ("url", "error"),
    [("http://127.0.0.1:1", EngineUnavailable), ("http://[::bad", EngineRefused), ("ftp://x", EngineUnavailable)],
)
def test_an_address_where_nobody_is(engine, url, error):
    with pytest.raises(error):
        type(engine)(url).forecast(YOKOHAMA, TODAY, time_zone=TOKYO)


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (replace(YOKOHAMA, latitude=91), "latitude"),
        (replace(YOKOHAMA, latitude=float("nan")), "latitude"),
        (replace(YOKOHAMA, longitude=-181), "longitude"),
        (replace(YOKOHAMA, longitude=float("inf")), "longitude"),
    ],
)
def test_a_place_that_is_not_on_earth_is_not_asked_for(service, engine, place, field):
    with pytest.raises(InputRejected) as raised:
        engine.forecast(place, TODAY, time_zone=TOKYO)

    assert (raised.value.field, raised.value.code) == (field, "out_of_range")
    assert not service.asked


@pytest.mark.parametrize("time_zone", ["", "Asia", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Asia/Tokyo\0"])
def test_an_unknown_zone(engine, time_zone):
    with pytest.raises(InputRejected) as raised:
        engine.forecast(YOKOHAMA, TODAY, time_zone=time_zone)

    assert raised.value.field == "time_zone"


def test_a_day_beyond_its_reach_is_refused(engine):
    with pytest.raises(EngineRefused):
        engine.forecast(YOKOHAMA, TODAY + timedelta(days=400), time_zone=TOKYO)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.just(TODAY.isoformat()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nonsense_in_the_right_shape_never_raises_what_has_no_name(service, data):
    day = open_meteo_day(TODAY.isoformat())
    report = jma_report("140000", issued_at=MORNING)
    for block in ("daily", "hourly", "daily_units"):
        for name in data.draw(st.sets(st.sampled_from(sorted(day[block])), max_size=3)):
            day[block][name] = data.draw(JSON)
    for told in report:
        for series in told["timeSeries"]:
            for area in series["areas"]:
                for name in data.draw(st.sets(st.sampled_from(sorted(area)), max_size=2)):
                    area[name] = data.draw(JSON)
            if data.draw(st.booleans()):
                series["timeDefines"] = data.draw(JSON)
    service.open_meteo.body, service.jma.body = says(day), says(report)

    for engine in (OpenMeteo(service.url), JMA(service.url)):
        try:
            told = engine.forecast(YOKOHAMA, TODAY, time_zone=TOKYO)
        except EngineError:
            continue
        assert told.rain_percent is None or 0 <= told.rain_percent <= 100
        assert told.code is None or 0 <= told.code <= 99
        assert told.low_celsius is None or told.high_celsius is None or told.low_celsius <= told.high_celsius
        assert DayForecast.load(told.dump()) == told


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=40) | JSON.map(lambda told: json.dumps(told).encode()))
def test_what_is_no_kept_forecast_is_a_value_error(data):
    with pytest.raises(ValueError):
        DayForecast.load(data)


# --- Open-Meteo ----------------------------------------------------------------------------


def test_open_meteo_is_asked_for_one_day_of_the_places_calendar(service):
    told = open_meteo(service, place=PARIS)

    asked = service.asked[0].parameters
    assert asked["start_date"] == asked["end_date"] == "2026-11-21"
    assert (asked["timezone"], asked["wind_speed_unit"]) == (TOKYO, "ms")
    assert (asked["latitude"], asked["longitude"]) == ("48.8500", "2.3500")
    assert (told.code, told.low_celsius, told.high_celsius, told.rain_percent, told.wind_mps) == (63, 12.3, 21, 40, 4.2)
    assert told.part_codes == (3, 3, 63)
    assert told.issued_at is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"weather_code": [None]}, "code"),
        ({"weather_code": []}, "code"),
        ({"weather_code": "rain"}, "code"),
        ({"weather_code": [100]}, "code"),
        ({"weather_code": [True]}, "code"),
        ({"temperature_2m_max": [999]}, "high_celsius"),
        ({"temperature_2m_max": ["warm"]}, "high_celsius"),
        ({"temperature_2m_max": [float("nan")]}, "high_celsius"),
        ({"temperature_2m_min": [-300]}, "low_celsius"),
        ({"temperature_2m_min": [30], "temperature_2m_max": [20]}, "low_celsius"),
        ({"unit_temperature_2m_max": "°F"}, "high_celsius"),
        ({"wind_speed_10m_max": [-1]}, "wind_mps"),
        ({"unit_wind_speed_10m_max": "km/h"}, "wind_mps"),
    ],
)
def test_what_open_meteo_cannot_mean_is_not_told(service, changed, field):
    told = open_meteo(service, **changed)

    assert getattr(told, field) is None
    assert told.rain_percent == 40


def test_the_hours_tell_the_rain_when_the_day_does_not(service):
    assert open_meteo(service, precipitation_probability_max=[None]).rain_percent == 40
    assert open_meteo(service, precipitation_probability_max=[101]).rain_percent == 40


def test_an_answer_without_any_value_is_none(service):
    nothing = {"weather_code": [None], "temperature_2m_max": [], "temperature_2m_min": []}
    told = open_meteo_day(TODAY.isoformat())
    told["daily"] |= nothing | {"precipitation_probability_max": []}
    told["hourly"] = {}
    service.open_meteo.body = says(told)

    with pytest.raises(EngineUnavailable):
        OpenMeteo(service.url).forecast(YOKOHAMA, TODAY, time_zone=TOKYO)


@pytest.mark.parametrize(
    ("reason", "error", "field"),
    [
        ("Latitude must be in range of -90 to 90°. Given: 91.0.", InputRejected, "latitude"),
        ("Longitude must be in range of -180 to 180°.", InputRejected, "longitude"),
        ("Invalid timezone", InputRejected, "time_zone"),
        ("Parameter 'start_date' is out of allowed range from 2026-08-20 to 2026-12-07", EngineRefused, None),
        (3, EngineRefused, None),
    ],
)
def test_a_400_names_whose_fault_it_is(service, reason, error, field):
    service.open_meteo.status = 400
    service.open_meteo.body = says({"error": True, "reason": reason})

    with pytest.raises(error) as raised:
        OpenMeteo(service.url).forecast(YOKOHAMA, TODAY, time_zone=TOKYO)

    assert getattr(raised.value, "field", None) == field


def test_where_somebody_lives_is_not_logged(service, caplog):
    with caplog.at_level("INFO", logger=""):
        open_meteo(service, place=PARIS)

    assert "48.85" not in caplog.text


# --- The Japan Meteorological Agency ---------------------------------------------------------


def test_the_morning_issue_tells_today_but_no_lowest_temperature(service):
    told = jma(service, jma_report("140000", issued_at=MORNING))

    assert (told.high_celsius, told.low_celsius) == (15, None)
    assert (told.code, told.text, told.rain_percent) == (2, "晴れ、夜はくもり", 30)
    assert told.wind_mps is None
    assert told.issued_at == datetime(2026, 11, 20, 20, tzinfo=UTC)
    assert service.asked[0].path == "/bosai/forecast/data/forecast/140000.json"


def test_the_evening_issue_tells_no_highest_temperature_of_its_day(service):
    told = jma(service, jma_report("140000", issued_at=EVENING))

    assert (told.high_celsius, told.low_celsius, told.rain_percent) == (None, None, 30)


@pytest.mark.parametrize("issued_at", [MORNING, EVENING])
@pytest.mark.parametrize(("place", "low", "high"), [(YOKOHAMA, -2, 16), (ODAWARA, -1, 17)])
def test_tomorrow_has_the_temperatures_of_the_areas_own_station(service, issued_at, place, low, high):
    told = jma(service, jma_report("140000", issued_at=issued_at), place=place, day=TOMORROW)

    assert (told.low_celsius, told.high_celsius, told.rain_percent) == (low, high, 70)
    assert told.text == "くもり時々晴れ、所により夕方から雨で、雷を伴う"
    assert told.code == 95


def test_the_days_after_come_from_the_week(service):
    told = jma(service, jma_report("140000", issued_at=MORNING), day=TODAY + timedelta(days=5))

    assert (told.code, told.text) == (71, "雪のちくもり")
    assert (told.low_celsius, told.high_celsius, told.rain_percent) == (3, 6, 70)


def test_empty_strings_are_no_values(service):
    report = jma_report("140000", issued_at=MORNING)
    for area in report[0]["timeSeries"][1]["areas"]:
        area["pops"] = [""] * 7
    report[0]["timeSeries"][2]["areas"][0]["temps"] = ["", "", "", ""]
    report[0]["timeSeries"][0]["areas"][0]["weathers"] = ["", "", ""]

    told = jma(service, report)

    assert (told.rain_percent, told.high_celsius) == (None, None)
    assert told.text == "晴れのち時々くもり"


def test_columns_that_are_shorter_than_their_head(service):
    report = jma_report("140000", issued_at=MORNING)
    for area in report[0]["timeSeries"][0]["areas"]:
        area["weathers"], area["weatherCodes"] = area["weathers"][:1], area["weatherCodes"][:1]

    assert jma(service, report).text == "晴れ、夜はくもり"
    assert jma(service, report, day=TOMORROW).text == "くもり時々晴れ"  # the week's words


def test_of_more_stations_than_areas_the_nearest_counts(service):
    report = jma_report("280000", issued_at=MORNING)
    sky, rain, cold = report[0]["timeSeries"]
    for series in (sky, rain):
        for area, code in zip(series["areas"], ("280010", "280020"), strict=True):
            area["area"]["code"] = code
    stations = [("神戸", "10"), ("姫路", "11"), ("豊岡", "5")]
    cold["areas"] = [{"area": {"name": name, "code": "6"}, "temps": ["9", "9", "1", high]} for name, high in stations]

    highs = [
        jma(service, report, place=places.find(name), day=TOMORROW).high_celsius
        for name in ("明石市", "相生市", "朝来市")
    ]

    assert highs == [10, 11, 5]


def test_an_area_that_the_week_does_not_tell_apart_has_that_of_the_nearest_station(service):
    report = jma_report("130000", issued_at=MORNING)
    days = report[1]["timeSeries"][0]["timeDefines"]
    report[1]["timeSeries"] = [
        {
            "timeDefines": days,
            "areas": [
                {"area": {"name": name, "code": code}, "weatherCodes": [sky] * 7}
                for name, code, sky in (("東京地方", "130010", "100"), ("伊豆諸島", "130100", "300"))
            ],
        },
        {
            "timeDefines": days,
            "areas": [
                {"area": {"name": name, "code": code}, "tempsMin": ["5"] * 7, "tempsMax": [high] * 7}
                for name, code, high in (("新宿", "44132", "12"), ("八丈", "44263", "19"))
            ],
        },
    ]

    told = jma(service, report, place=places.find("八丈町"), day=TODAY + timedelta(days=4))

    assert (told.text, told.high_celsius) == ("雨", 19)


def test_the_agency_serves_japan_by_japans_clock(service):
    engine = JMA(service.url)

    for place, time_zone in ((PARIS, TOKYO), (YOKOHAMA, "Europe/Paris"), (replace(PARIS, jma_office="../1"), TOKYO)):
        with pytest.raises(EngineRefused):
            engine.forecast(place, TODAY, time_zone=time_zone)

    assert not service.asked
    assert engine.forecast(YOKOHAMA, TODAY, time_zone="Asia/Seoul").date == TODAY


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("晴れ　夜　くもり", "晴れ、夜はくもり"),
        ("晴れ　後　くもり", "晴れのちくもり"),
        ("くもり　昼過ぎ　から　晴れ", "くもり、昼過ぎから晴れ"),
        ("くもり　所により　昼過ぎ　から　夕方　雨", "くもり、所により昼過ぎから夕方は雨"),
        ("くもり　朝　まで　時々　雨　所により　雷を伴う", "くもり、朝まで時々雨、所により雷を伴う"),
        ("雨か雪　山沿い　では　雪", "雨か雪、山沿いでは雪"),
        ("雨　夕方　から　雷を伴い　激しく　降る", "雨、夕方から雷を伴い、激しく降る"),
        ("晴れ", "晴れ"),
        ("　", ""),
        ("<script>", ""),
    ],
)
def test_the_agencys_words_with_pauses_where_they_belong(words, said):
    assert spoken(words) == said


def test_every_code_of_the_agency_has_a_sky():
    assert len(code_table()) > 100
    assert all(words and sky_of(wmo) for words, wmo in code_table().values())
