"""One question to a weather service over HTTP, bounded in time and size, its errors in our words.

No redirect is followed. Called by the engines of this room.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isfinite
from zoneinfo import ZoneInfo

import httpx

from jobs.engines.errors import EngineRefused, EngineUnavailable, InputRejected
from jobs.engines.trusted import authorities

# People wait for a page, and an announcement has an hour: a service that takes longer is down.
TIMEOUT_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
# A day's forecast has 3 kB, a week's of Hokkaido 30 kB.
MAX_ANSWER_BYTES = 1_000_000
# Nothing packed: a thousandth of what is read could unpack to all that may be.
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
# What another attempt may change: too early, too many, in the way of another.
_LATER = (408, 409, 425, 429)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


def ask(engine: str, url: str, *, timeout_seconds: float, **parameters: str) -> Answer:
    """
    Return the answer to a GET, of status 200 or 400.

    timeout_seconds: for the whole. Raises EngineUnavailable for what may work later, EngineRefused for what will not.
    """
    until = time.monotonic() + timeout_seconds
    timeout = httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds))
    try:
        with (
            httpx.Client(timeout=timeout, verify=authorities(), headers=_HEADERS) as client,
            client.stream("GET", url, params=parameters or None) as answer,
        ):
            if answer.status_code not in (200, 400):
                raise _refusal(engine, answer.status_code, answer.headers)
            return Answer(answer.status_code, _read(engine, answer, until))
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise EngineUnavailable(engine) from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise EngineRefused(engine, "its address cannot be used") from error


def check_place(latitude: float, longitude: float) -> None:
    """Raise InputRejected (latitude or longitude: out_of_range) for what is no place on Earth."""
    for field, degrees, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not isfinite(degrees) or abs(degrees) > most:
            raise InputRejected(field, "out_of_range", f"must lie between -{most} and {most} degrees")


def zone_of(time_zone: str) -> ZoneInfo:
    """Return the zone of an IANA name. Raises InputRejected (time_zone: unknown_time_zone)."""
    try:
        return ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:  # a folder of zones, as "Asia", is an OSError
        raise InputRejected("time_zone", "unknown_time_zone", "is no time zone of the IANA database") from error


def utc_offset(day: date, zone: ZoneInfo) -> timedelta:
    """Return how far the zone's noon of that day is ahead of UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() or timedelta(0)


def _read(engine: str, answer: httpx.Response, until: float) -> bytes:
    data = bytearray()
    for piece in answer.iter_raw():
        data += piece
        if time.monotonic() > until or len(data) > MAX_ANSWER_BYTES:
            raise EngineUnavailable(engine)
    return bytes(data)


def _refusal(engine: str, status: int, headers: Mapping[str, str]) -> EngineRefused | EngineUnavailable:
    if status in _LATER or status >= 500:
        written = headers.get("Retry-After", "")
        # RFC 9110 also allows a date, which depends on both clocks; the breaker's own wait serves then.
        wait_seconds = float(written) if written.isascii() and written.isdigit() and len(written) < 8 else None
        return EngineUnavailable(engine, wait_seconds=wait_seconds)
    return EngineRefused(engine, f"status {status}")
