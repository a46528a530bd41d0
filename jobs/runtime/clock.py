"""The one clock of the house: the database's, so that machines need not agree.

SQLite has no server, hence no other clock than this machine's. PostgreSQL is asked a few times
a lease; in between its time goes on by this machine's monotonic clock, which nobody sets.
"""

import os
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

# Before the others judge by a clock that was set, which they do after a lease (judgement.py). Quartz
# drifts by some 50 ppm: less than 1.5 ms in this time.
ASK_AGAIN_SECONDS = min(30.0, settings.LEASE_SECONDS / 3)

_asked: dict[int, tuple[datetime, float]] = {}


def now() -> datetime:
    """Return the database's time, aware, in UTC. While the database is away its clock is taken to go on."""
    known = _asked.get(os.getpid())
    if connection.vendor != "postgresql" or known is None:
        return ask()
    elapsed = time.monotonic() - known[1]
    moment = known[0] + timedelta(seconds=elapsed)
    if elapsed <= ASK_AGAIN_SECONDS:
        return moment
    try:
        return ask()
    except (OperationalError, InterfaceError):
        # Who has computed a result must be able to say when; storing it is what waits for the database.
        if connection.in_atomic_block:
            raise
        connection.close()
        _asked[os.getpid()] = (moment, time.monotonic())
        return moment


def ask() -> datetime:
    """Return it as the database has it at this moment: somebody may have set its clock since `now` asked."""
    before = time.monotonic()
    moment = read()
    # The answer was true about half-way through the round trip.
    _asked[os.getpid()] = (moment, (before + time.monotonic()) / 2)
    return moment


def read() -> datetime:
    """Return what the clock of the house says, as it is."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment.astimezone(UTC)
