"""What the services that draw have cost today, by their list prices, and whether they may go on.

A day is one of UTC, in which services bill. Two know of it, and the higher figure counts: Redis, where each picture is
noted when it arrives, also one that is thrown away or drawn again because the storage failed; and the rows of the
pictures that were kept, which outlive a Redis that was emptied. A fault that asks again and again is what a limit
is for, so what is not kept counts.

Over DAILY_COST_LIMIT the services are left alone until the day is over, and the renderer of this house draws. Pictures
that are under way are paid for all the same: the limit may be passed by MAX_IMAGE_WORKERS pictures, and by what others
spend in LOOK_SECONDS. With Redis and the database away nobody is stopped.

Called by drawing.py, functions/image.py and metrics.py.
"""

import logging
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Sum

from jobs.engines.image.port import Picture
from jobs.images.models import MenuImage
from jobs.runtime import clock
from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.queue import reaching

logger = logging.getLogger(__name__)

# Whole numbers in Redis, so that thousands of small sums add up to what they are.
MICRO = Decimal(1_000_000)
# The day before stays for a look.
KEPT_SECONDS = 3 * 86_400
# How old what a process knows of the others' spending may be.
LOOK_SECONDS = 5.0
MAX_PROVIDERS = 100


def note(provider: str, picture: Picture) -> None:
    """Count what a picture cost, whatever becomes of it. Without Redis only the rows know."""
    if not picture.cost_usd:
        return
    try:
        _note(provider, round(Decimal(str(picture.cost_usd)) * MICRO), clock.now())
    except QueueUnreachable:
        logger.info("a cost was not noted", extra={"provider": provider})
    _known.forget()


@reaching
def _note(provider: str, micro_usd: int, now: datetime) -> None:
    place = _place(now)
    pipeline = client().pipeline(transaction=False)
    pipeline.hincrby(place, provider, micro_usd)
    pipeline.expire(place, KEPT_SECONDS)
    # What others put in its place is moved aside by the sweep.
    pipeline.execute(raise_on_error=False)


def may_ask() -> bool:
    """Return whether the services may be asked for one more picture."""
    if not settings.DAILY_COST_LIMIT:
        return True
    return _known.total_usd() < settings.DAILY_COST_LIMIT


def of_day(now: datetime) -> dict[str, Decimal]:
    """
    Return what each provider has cost on the day of `now`, in US dollars.

    Raises what the database raises, or QueueUnreachable, when neither of the two can be asked.
    """
    try:
        noted = _noted(now)
    except QueueUnreachable:
        return _kept(now)
    try:
        kept = _kept(now)
    except (DatabaseError, InterfaceError):
        return noted
    return {name: max(noted.get(name, Decimal()), kept.get(name, Decimal())) for name in sorted({*noted, *kept})}


@reaching
def _noted(now: datetime) -> dict[str, Decimal]:
    pipeline = client().pipeline(transaction=False)
    pipeline.hgetall(_place(now))
    [found] = pipeline.execute(raise_on_error=False)
    pairs = sorted(found.items())[:MAX_PROVIDERS] if isinstance(found, dict) else []
    return {
        name.decode(): int(value) / MICRO
        for name, value in pairs
        if name.isascii() and name.replace(b"_", b"").isalnum() and value.isdigit() and len(value) <= 16
    }


def _kept(now: datetime) -> dict[str, Decimal]:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    made = MenuImage.objects.filter(ended_at__gte=midnight, cost_usd__gt=0)
    return dict(made.order_by().values_list("provider").annotate(Sum("cost_usd")))


def _place(now: datetime) -> str:
    return key("cost", now.astimezone(UTC).date().isoformat())


class _Known:
    """What this process last knew, for as long as it may believe it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._until = 0.0
        self._total = 0.0

    def total_usd(self) -> float:
        # Threads that draw at once wait for one look, and not each for its own.
        with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._total = float(sum(of_day(clock.now()).values(), Decimal()))
                except (QueueUnreachable, DatabaseError, InterfaceError):
                    self._total = 0.0
                self._until = time.monotonic() + LOOK_SECONDS
                if self._total >= settings.DAILY_COST_LIMIT:
                    extra = {"cost_usd": round(self._total, 2), "limit_usd": settings.DAILY_COST_LIMIT}
                    logger.warning("paid services are left alone until the day is over", extra=extra)
            return self._total


# Of this process; a forked one only looks once more.
_known = _Known()
