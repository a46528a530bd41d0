"""Where an announcement is about: a name that the list of places knows, or coordinates with a name of one's own; and
whose clocks it follows.

Called by edit.py, the weather function and its pages.
"""

import math
from functools import cache, lru_cache
from zoneinfo import available_timezones

from jobs.engines.errors import InputRejected
from jobs.engines.weather import places
from jobs.engines.weather.port import Place


def locate(name: str, latitude: float | None, longitude: float | None) -> Place:
    """
    Return the place. Coordinates count before the name, which is then what the place is called.

    latitude, longitude: degrees, both or neither.
    Raises InputRejected for place, latitude or longitude.
    """
    if latitude is None and longitude is None:
        if not name.strip():
            raise InputRejected("place", "missing", "name a place, or send latitude and longitude")
        return _found(name.strip())
    if latitude is None or longitude is None:
        missing = "latitude" if latitude is None else "longitude"
        raise InputRejected(missing, "missing", "latitude and longitude go together")
    for field, value, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not math.isfinite(value) or abs(value) > most:
            raise InputRejected(field, "out_of_range", f"between -{most} and {most} degrees")
    return Place(name.strip(), latitude, longitude)


@lru_cache(maxsize=2048)
def _found(name: str) -> Place:
    # Ten thousand subscribers live in some hundred places.
    return places.find(name)


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones; the library reads through a folder of files each time."""
    return frozenset(available_timezones())
