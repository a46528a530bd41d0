"""The one clock of the house: the database's, so that machines need not agree.

SQLite has no server, hence no other clock than this machine's. PostgreSQL is asked twice a
minute; in between its time goes on by this machine's monotonic clock, which nobody sets.
"""

import os
import time
from datetime import UTC, datetime, timedelta

from django.db import connection

# Quartz drifts by some 50 ppm: 1.5 ms in this time.
ASK_AGAIN_SECONDS = 30.0

_asked: dict[int, tuple[datetime, float]] = {}


def now() -> datetime:
    """Return the database's time, aware, in UTC."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    known = _asked.get(os.getpid())
    elapsed = time.monotonic() - known[1] if known else 0.0
    if known is None or elapsed > ASK_AGAIN_SECONDS:
        before = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            moment: datetime = cursor.fetchone()[0].astimezone(UTC)
        # The answer was true about half-way through the round trip.
        _asked[os.getpid()] = (moment, (before + time.monotonic()) / 2)
        return moment
    return known[0] + timedelta(seconds=elapsed)
