"""The rows of this room: who wants the weather announced, and each announcement of a local day."""

from jobs.announcements.models.announcement import Announcement, Condition
from jobs.announcements.models.subscription import WeatherSubscription

__all__ = ["Announcement", "Condition", "WeatherSubscription"]
