"""People who want the weather, and a forecaster that needs no network."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.announcements import edit
from jobs.announcements.models import WeatherSubscription
from jobs.engines.errors import EngineUnavailable
from jobs.engines.weather.port import DayForecast, Place
from jobs.functions import weather
from jobs.runtime import clock
from jobs.runtime.providers import Provider, Providers
from tests.runtime.conftest import worker

__all__ = ["worker"]

# A Sunday, 21:30 in Tokyo: the announcement of Monday 07:30 is made nine hours later.
EVENING = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


class Forecaster:
    """A WeatherEngine: says the same of every day, or nothing at all. asked: each place and day."""

    version = "forecaster/1"

    def __init__(self) -> None:
        self.asked: list[tuple[str, date]] = []
        self.is_away = False

    def forecast(self, place: Place, day: date, *, time_zone: str) -> DayForecast:
        self.asked.append((place.name, day))
        if self.is_away:
            raise EngineUnavailable("forecaster")
        return DayForecast(
            date=day, code=1, low_celsius=3.0, high_celsius=14.0, rain_percent=20, wind_mps=3.0, issued_at=None,
            source="テスト", credit="Test (CC0)", source_english="the test",
        )  # fmt: skip


@pytest.fixture(autouse=True)
def files_elsewhere(tmp_path: Path, settings: Any) -> None:
    """Give each test a storage of its own: they lie by their owners' numbers, which begin anew."""
    default = settings.STORAGES["default"]
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": {"location": str(tmp_path)}}}


@pytest.fixture
def forecaster(monkeypatch: pytest.MonkeyPatch, valkey: Any) -> Forecaster:
    engine = Forecaster()
    monkeypatch.setattr(weather, "providers", lambda: Providers("weather", [Provider("test", engine, is_local=True)]))
    return engine


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the clock of the house."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_clock(EVENING)
    return set_clock


@pytest.fixture
def subscribe(owner: User, at: Any) -> Callable[..., WeatherSubscription]:
    def subscribe(user: User | None = None, **wishes: Any) -> WeatherSubscription:
        return edit.save(user or owner, edit.Wish(**{"announcement_time": "07:30", "place": "横浜市", **wishes}))

    return subscribe
