"""Whether a lease that has run out says that its holder is dead.

Not while this keeper could not renew what it keeps itself, nor for one lease after it: whatever held it up (the
database was away, its clock was set, this machine slept) may have held up every keeper. That the clock was set is told
by the monotonic one, which nobody sets.

Called by keeper.py.
"""

import time
from datetime import datetime, timedelta

from django.conf import settings

from jobs.runtime import clock


class Judgement:
    """What one keeper knows of its own renewals."""

    def __init__(self) -> None:
        self._renewed_at: datetime | None = None  # by the database's clock
        self._renewed = 0.0  # by the monotonic one
        self.sound_from = 0.0  # by the monotonic one

    def note_renewal(self) -> bool:
        """Note a renewal; return whether leases may have run out since the one before."""
        before, now = self._renewed_at, clock.now()
        late = before is None or self._was_set(now) or now - before > timedelta(seconds=settings.LEASE_SECONDS)
        self._renewed_at, self._renewed = now, time.monotonic()
        if late:
            self.sound_from = self._renewed + settings.LEASE_SECONDS
        return late

    def is_sound(self) -> bool:
        """Return whether leases may be judged now."""
        if self._was_set(clock.now()):
            return False
        now = time.monotonic()
        return now >= self.sound_from and now - self._renewed < settings.LEASE_SECONDS * 2 / 3

    def _was_set(self, now: datetime) -> bool:
        """Return whether the clock was set since the last renewal, as far as one is known."""
        if self._renewed_at is None:
            return True
        passed_seconds = (now - self._renewed_at).total_seconds()
        return abs(passed_seconds - (time.monotonic() - self._renewed)) > settings.LEASE_SECONDS / 3
