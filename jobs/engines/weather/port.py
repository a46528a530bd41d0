"""What any weather engine offers its callers, in our words.

Called by the weather function; places.py makes places of names, phrasing.py makes sentences of forecasts.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True)
class Place:
    """
    latitude, longitude: degrees, north and east positive.
    jma_office, jma_area: the codes of the Japan Meteorological Agency ("140000", "140010"); "" outside Japan.
    reading: how the name is written to be read right, where our Japanese voice misreads it; "" where it does not.
    prefecture: as Japanese write it ("神奈川県"); "" outside Japan, and of a prefecture itself.
    """

    name: str
    latitude: float
    longitude: float
    jma_office: str = ""
    jma_area: str = ""
    english_name: str = ""
    reading: str = ""
    prefecture: str = ""

    @property
    def label(self) -> str:
        """The name as nobody can mistake it, which `places.find` takes again: "府中市（東京都）"."""
        return f"{self.name}（{self.prefecture}）" if self.prefecture else self.name


@dataclass(frozen=True)
class DayForecast:
    """
    One day at one place. What the provider did not tell is None: nothing is guessed.

    date: of the place's own calendar.
    code: WMO 4677 as Open-Meteo uses it, 0 to 99; None when it was not told.
    rain_percent: the highest probability of rain or snow of the day, 0 to 100.
    wind_mps: the day's strongest mean wind at 10 m, in metres a second.
    issued_at: when the forecast was made, with its zone.
    credit: who is to be named on a page, with the licence. source: the same to be heard, a few words in Japanese.
    source_english: those in English.
    text: the provider's own words for the sky, in Japanese as they may be spoken ("晴れ、夜はくもり").
    part_codes: the code that prevails from 6 to 12, from 12 to 18, and from 18 to 24 o'clock.
    """

    date: date
    code: int | None
    low_celsius: float | None
    high_celsius: float | None
    rain_percent: int | None
    wind_mps: float | None
    issued_at: datetime | None
    source: str
    text: str | None = None
    credit: str = ""
    source_english: str = ""
    part_codes: tuple[int | None, int | None, int | None] = (None, None, None)

    def dump(self) -> bytes:
        """Return it as JSON, which `load` reads again."""
        issued_at = self.issued_at.isoformat() if self.issued_at else None
        told = asdict(self) | {"date": self.date.isoformat(), "issued_at": issued_at}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def load(cls, data: bytes) -> "DayForecast":
        """Return what `dump` wrote. Raises ValueError for bytes that it did not."""
        try:
            told = json.loads(data)
            issued_at = told["issued_at"] and datetime.fromisoformat(told["issued_at"])
            day, parts = date.fromisoformat(told["date"]), tuple(told["part_codes"])
            return cls(**told | {"date": day, "issued_at": issued_at, "part_codes": parts})
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("not a forecast") from error


class WeatherEngine(Protocol):
    """Tells one day's weather. Plain Python: no models of Django, no settings, no queue."""

    @property
    def version(self) -> str:
        """Names the provider and our own revision: part of a cached result's key."""
        ...

    def forecast(self, place: Place, day: date, *, time_zone: str) -> DayForecast:
        """
        Return the forecast of one day of the calendar of `time_zone` (an IANA name).

        Raises InputRejected (fields "latitude", "longitude", "time_zone", "date"), EngineRefused for a place or day
        that this provider does not serve, EngineUnavailable.
        """
        ...
