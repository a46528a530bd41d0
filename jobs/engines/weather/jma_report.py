"""The shape of the Japan Meteorological Agency's forecast data: strings in columns, of which some may be missing.

Called by jma.py.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.alias_generators import to_camel

from jobs.engines.weather.values import Celsiuses, Percents, Texts

T = TypeVar("T")
JAPAN = timezone(timedelta(hours=9))
# Beyond them a moment cannot be moved to another zone everywhere, and no forecast is for them.
_YEARS = (2000, 2200)


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    # A number would be read as seconds since 1970.
    if not isinstance(value, str):
        return None
    try:
        moment = read(value)
    except ValidationError:
        return None
    is_usable = moment is not None and moment.tzinfo is not None and _YEARS[0] <= moment.year <= _YEARS[1]
    return moment.astimezone(JAPAN) if is_usable else None


Moment = Annotated[datetime | None, WrapValidator(_or_none)]


class _Table(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class AreaName(_Table):
    name: str = ""
    code: str = ""


class Area(_Table):
    area: AreaName = AreaName()
    weather_codes: Texts = []
    weathers: Texts = []
    pops: Percents = []
    temps: Celsiuses = []
    temps_min: Celsiuses = []
    temps_max: Celsiuses = []


class Series(_Table):
    """time_defines: the moment of each column's values."""

    time_defines: list[Moment] = []
    areas: list[Area] = []

    def of_day(self, day: date) -> Iterator[tuple[int, datetime]]:
        """Yield where in the columns the values of a day of Japan's calendar stand, with their moments."""
        for position, moment in enumerate(self.time_defines):
            if moment is not None and moment.date() == day:
                yield position, moment


class Report(_Table):
    report_datetime: Moment = None
    time_series: list[Series] = []


_REPORTS = TypeAdapter(list[Report])


def read_reports(data: bytes) -> list[Report]:
    """Return the reports, one at least, each with a series or more. Raises ValueError for anything else."""
    reports = _REPORTS.validate_json(data)
    if not reports or not all(report.time_series for report in reports):
        raise ValueError("no forecast")
    return reports


def at(column: Sequence[T | None], position: int) -> T | None:
    """Return the value at a position, None past the end: columns are shorter than their heads at times."""
    return column[position] if position < len(column) else None
