"""Each minute: have the weather announcements made whose time is an hour away."""

from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.announcements import due
from jobs.runtime.context import Context
from jobs.runtime.registry import Retention, function


class WeatherDueInput(BaseModel, frozen=True):
    pass


class WeatherDueOutput(BaseModel, frozen=True):
    due: int = Field(description="subscriptions whose time had come")
    queued: int = Field(description="announcements that are being made now")
    missed: int = Field(description="too late to be made: the house was down")
    taken: int = Field(description="another run, or the subscriber, was first")


@function(
    "weather_due",
    # Not in bulk: there an afternoon of pictures could stand before the morning's weather.
    queue="interactive",
    timeout_seconds=120,
    title=_("Weather: who is due"),
    staff_only=True,
    every_seconds=60,
    # One a minute: an hour of them is enough to look at.
    retention=Retention(row_seconds=3600),
)
def weather_due(inputs: WeatherDueInput, context: Context) -> WeatherDueOutput:
    """Have the weather announcements made that are due in an hour."""
    found = due.announce_due()
    if not found.due:
        context.log.info("nobody's announcement is due")
    return WeatherDueOutput(due=found.due, queued=found.queued, missed=found.missed, taken=found.taken)
