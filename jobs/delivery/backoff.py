"""When a delivery is tried again: 5 s, 30 s, 2 min, 10 min, 1 h, 3 h, 6 h, 12 h, a day in all."""

import random
from datetime import datetime, timedelta

DELAYS_SECONDS = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
GIVE_UP_AFTER = timedelta(days=1)
# So that what failed together does not come back together.
JITTER = 0.2
# A receiver that asks for more is dead to us before that.
LONGEST_WAIT_SECONDS = 86_400
# Whoever asks again and again, each time for a moment, is asked at least a minute apart in the end.
LONGEST_LEAST_WAIT_SECONDS = 60
# How long a receiver that does not answer is left alone: after one round of failures, two, and so on.
PAUSES_SECONDS = (5, 30, 120, 600)


def next_try(failures: int, *, now: datetime, give_up_at: datetime) -> datetime | None:
    """
    Return when to try again after so many failures in a row (at least 1); None when it is over.

    The last try is made when the day is over, not before.
    """
    if failures > len(DELAYS_SECONDS) or now >= give_up_at:
        return None
    delay = DELAYS_SECONDS[failures - 1] * random.uniform(1.0, 1.0 + JITTER)  # noqa: S311 - no secret
    return min(now + timedelta(seconds=delay), give_up_at)


def asked_for(wait_seconds: float, *, now: datetime, attempts: int = 0) -> datetime:
    """
    Return the moment that a receiver asked to wait for, a day at most; spread a little, never before it.

    attempts: made so far; at least as many seconds are waited.
    """
    least = min(attempts, LONGEST_LEAST_WAIT_SECONDS)
    wait = min(max(wait_seconds, float(least)), LONGEST_WAIT_SECONDS)
    return now + timedelta(seconds=wait + random.uniform(0.0, min(1.0, wait * JITTER)))  # noqa: S311


def pause(rounds: int) -> timedelta:
    """Return how long a receiver is left alone after so many rounds without an answer, at least 1."""
    return timedelta(seconds=PAUSES_SECONDS[min(rounds, len(PAUSES_SECONDS)) - 1])
