"""A stand-in for Open-Meteo and the Japan Meteorological Agency's forecast data: answers as they do, or as it is told.

with serving() as service:
    OpenMeteo(service.url).forecast(...)      # 12.3 to 21.0 degrees, 40 %, cloudy, rain in the evening
    service.open_meteo.status = 503
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from tests.stand_in import listening

JAPAN = timezone(timedelta(hours=9))
# Open-Meteo's own reach.
DAYS_AHEAD = 16
_PIECE = bytes(65536)


@dataclass
class Manner:
    """
    How one of the two answers next.

    body: what it says; None for what the real one would. endless_bytes: of zeros after it. is_hanging: no answer ever.
    """

    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    endless_bytes: int = 0
    is_hanging: bool = False


@dataclass
class Asked:
    path: str
    parameters: dict[str, str]


@dataclass
class Service:
    """url: base address of both. today: from which day the real answers count; None for any day. asked: so far."""

    url: str = ""
    today: date | None = None
    open_meteo: Manner = field(default_factory=Manner)
    jma: Manner = field(default_factory=Manner)
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def says(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
            service.asked.append(Asked(parts.path, parameters))
            manner = service.open_meteo if parts.path == "/v1/forecast" else service.jma
            if manner.is_hanging:
                service.over.wait(60)
                return
            status, body = manner.status, manner.body
            if body is None and status == 200:
                status, body = _answer(service, parts.path, parameters)
            _send(self, status, manner, body or b"")

        def log_message(self, *_told: Any) -> None:
            return

    with listening(Handler, let_go=service.over.set) as service.url:
        yield service


def _send(handler: BaseHTTPRequestHandler, status: int, manner: Manner, body: bytes) -> None:
    handler.send_response(status)
    for name, value in ({"Content-Type": "application/json"} | manner.headers).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body) + manner.endless_bytes))
    try:
        handler.end_headers()
        handler.wfile.write(body)
        for _ in range(manner.endless_bytes // len(_PIECE)):
            handler.wfile.write(_PIECE)
    except OSError:
        # The client had enough.
        handler.close_connection = True


def _answer(service: Service, path: str, parameters: dict[str, str]) -> tuple[int, bytes]:
    if path == "/v1/forecast":
        return _open_meteo(service, parameters)
    office = re.fullmatch(r"/bosai/forecast/data/forecast/(\d{6})\.json", path)
    if office is None:
        return 404, b"<html>404</html>"
    return 200, says(jma_report(office[1], issued_at=_issue(service)))


def _issue(service: Service) -> datetime:
    today = service.today or datetime.now(JAPAN).date()
    return datetime(today.year, today.month, today.day, 5, tzinfo=JAPAN)


# --- Open-Meteo -------------------------------------------------------------------------


def _open_meteo(service: Service, parameters: dict[str, str]) -> tuple[int, bytes]:
    complaint = _complaint(service, parameters)
    if complaint:
        return 400, says({"error": True, "reason": complaint})
    return 200, says(open_meteo_day(parameters["start_date"], unit=parameters.get("wind_speed_unit", "kmh")))


def _complaint(service: Service, parameters: dict[str, str]) -> str:
    for name, most in (("latitude", 90), ("longitude", 180)):
        if not -most <= float(parameters[name]) <= most:
            return f"{name.title()} must be in range of -{most} to {most}°. Given: {parameters[name]}."
    try:
        ZoneInfo(parameters.get("timezone", "UTC"))
    except (KeyError, ValueError, OSError):
        return "Invalid timezone"
    day = date.fromisoformat(parameters["start_date"])
    if service.today and not service.today <= day < service.today + timedelta(days=DAYS_AHEAD):
        last = service.today + timedelta(days=DAYS_AHEAD - 1)
        return f"Parameter 'start_date' is out of allowed range from {service.today} to {last}"
    return ""


def open_meteo_day(day: str, *, unit: str = "ms") -> dict[str, Any]:
    """Return what Open-Meteo tells of one day: cloudy, rain in the evening."""
    hours = [f"{day}T{hour:02d}:00" for hour in range(24)]
    return {
        "latitude": 35.45,
        "longitude": 139.625,
        "generationtime_ms": 0.1,
        "utc_offset_seconds": 32400,
        "timezone": "Asia/Tokyo",
        "elevation": 5.0,
        "daily_units": {
            "time": "iso8601",
            "weather_code": "wmo code",
            "temperature_2m_max": "°C",
            "temperature_2m_min": "°C",
            "precipitation_probability_max": "%",
            "wind_speed_10m_max": {"ms": "m/s", "kmh": "km/h"}[unit],
        },
        "daily": {
            "time": [day],
            "weather_code": [63],
            "temperature_2m_max": [21.0],
            "temperature_2m_min": [12.3],
            "precipitation_probability_max": [40],
            "wind_speed_10m_max": [4.2 if unit == "ms" else 15.1],
        },
        "hourly_units": {"time": "iso8601", "weather_code": "wmo code", "precipitation_probability": "%"},
        "hourly": {
            "time": hours,
            "weather_code": [3] * 18 + [61, 63, 63, 61, 3, 3],
            "precipitation_probability": [10] * 18 + [40] * 6,
        },
    }


# --- The agency -------------------------------------------------------------------------

# Of Kanagawa: its two areas, their stations, and the week's single area.
AREAS = (("140010", "東部", "46106", "横浜"), ("140020", "西部", "46166", "小田原"))


def jma_report(office: str, *, issued_at: datetime) -> list[dict[str, Any]]:
    """Return the agency's two reports in the shape that the hour of issue has: 5, 11 or 17 o'clock, Japan's time."""
    midnight = issued_at.replace(hour=0)
    days = [issued_at, midnight + timedelta(days=1), midnight + timedelta(days=2)]
    first = -(-(issued_at.hour + 1) // 6) * 6
    rain = [midnight + timedelta(hours=hour) for hour in range(first, 48, 6)]
    tomorrow = midnight + timedelta(days=1)
    cold = [tomorrow, tomorrow + timedelta(hours=9)]
    if issued_at.hour < 17:
        cold = [midnight + timedelta(hours=9), midnight, *cold]
    return [
        {
            "publishingOffice": "横浜地方気象台",
            "reportDatetime": issued_at.isoformat(),
            "timeSeries": [
                {"timeDefines": _written(days), "areas": [_sky(code, name) for code, name, *_rest in AREAS]},
                {
                    "timeDefines": _written(rain),
                    "areas": [_area(code, name, pops=_rain(len(rain))) for code, name, *_rest in AREAS],
                },
                {
                    "timeDefines": _written(cold),
                    "areas": [
                        _area(code, name, temps=_cold(len(cold), warmer))
                        for warmer, (*_rest, code, name) in enumerate(AREAS)
                    ],
                },
            ],
        },
        _week(office, issued_at),
    ]


def _week(office: str, issued_at: datetime) -> dict[str, Any]:
    midnight = issued_at.replace(hour=0)
    days = _written([midnight + timedelta(days=number) for number in range(1, 8)])
    sky = _area(office, "神奈川県", weatherCodes=["201", "101", "202", "300", "413", "200", "100"])
    sky |= {"pops": ["", "20", "60", "80", "70", "40", "10"], "reliabilities": ["", "", "A", "B", "C", "A", "A"]}
    station = _area(
        "46106", "横浜", tempsMin=["", "9", "8", "7", "3", "4", "5"], tempsMax=["", "17", "15", "9", "6", "12", "14"]
    )
    station |= {name: [""] * 7 for name in ("tempsMinUpper", "tempsMinLower", "tempsMaxUpper", "tempsMaxLower")}
    series = [{"timeDefines": days, "areas": [sky]}, {"timeDefines": days, "areas": [station]}]
    return {"publishingOffice": "横浜地方気象台", "reportDatetime": issued_at.isoformat(), "timeSeries": series}


def _sky(code: str, name: str) -> dict[str, Any]:
    weathers = ["晴れ　夜　くもり", "くもり　時々　晴れ　所により　夕方　から　雨　で　雷を伴う", "雨　後　くもり"]
    winds = ["北の風　後　南の風　やや強く", "北の風", "南西の風"]
    return _area(code, name, weatherCodes=["110", "240", "313"], weathers=weathers, winds=winds)


def _rain(columns: int) -> list[str]:
    return ["0", "10", "30", "20", "50", "60", "70"][-columns:]


def _cold(columns: int, warmer: int) -> list[str]:
    # The morning's lowest of the day of issue is its highest again: the real one does this too.
    return [str(int(value) + warmer) for value in ["15", "15", "-2", "16"][-columns:]]


def _area(code: str, name: str, **columns: list[str]) -> dict[str, Any]:
    return {"area": {"name": name, "code": code}, **columns}


def _written(moments: list[datetime]) -> list[str]:
    return [moment.isoformat() for moment in moments]
