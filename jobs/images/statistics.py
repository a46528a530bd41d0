"""What each provider made on each day, counted from the rows that are kept: pictures, failures, seconds, cost.

Called by the admin's page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from jobs.images.models import MenuImage, PictureStatus

# As long as pictures are kept.
DAYS = 30
# Of these a provider did not answer; one that was only left alone after failures met none.
FAILURES = ("unavailable", "refused")


@dataclass
class Row:
    """
    A provider on a day. provider: empty for dishes that nobody drew.

    failures: calls that came to nothing, and dishes without a picture. mean_seconds: of a picture; None without one.
    """

    provider: str
    pictures: int = 0
    failures: int = 0
    placeholders: int = 0
    mean_seconds: float | None = None
    cost_usd: Decimal | None = None

    @property
    def placeholder_percent(self) -> float:
        return 100 * self.placeholders / max(1, self.pictures)


@dataclass(frozen=True)
class Day:
    date: date
    rows: list[Row]

    @property
    def total(self) -> Row:
        pictures = sum(row.pictures for row in self.rows)
        spent = sum((row.mean_seconds or 0.0) * row.pictures for row in self.rows)
        costs = [row.cost_usd for row in self.rows if row.cost_usd is not None]
        return Row(
            provider="",
            pictures=pictures,
            failures=sum(row.failures for row in self.rows),
            placeholders=sum(row.placeholders for row in self.rows),
            mean_seconds=spent / pictures if pictures else None,
            cost_usd=sum(costs, Decimal()) if costs else None,
        )


def days(*, now: datetime) -> list[Day]:
    """Return the days on which a dish ended, the newest first, in the house's time zone."""
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    ended = MenuImage.objects.filter(ended_at__gte=today - timedelta(days=DAYS - 1))
    found: dict[date, dict[str, Row]] = {}
    for counted in _made(ended):
        row = _row(found, counted["day"], counted["provider"])
        row.pictures, row.placeholders = counted["pictures"], counted["placeholders"]
        row.failures, row.mean_seconds, row.cost_usd = counted["failed"], counted["mean"], counted["cost"]
    for day, skipped in ended.exclude(skipped=[]).annotate(day=TruncDate("ended_at")).values_list("day", "skipped"):
        for each in skipped:
            _row(found, day, each["provider"]).failures += each["why"] in FAILURES
    return [Day(day, [found[day][name] for name in sorted(found[day])]) for day in sorted(found, reverse=True)]


def _made(ended: Any) -> Iterator[dict[str, Any]]:
    done = Q(status=PictureStatus.DONE)
    counted: Iterator[dict[str, Any]] = (
        ended.annotate(day=TruncDate("ended_at"))
        .order_by()
        .values("day", "provider")
        .annotate(
            pictures=Count("pk", filter=done),
            failed=Count("pk", filter=Q(status=PictureStatus.FAILED)),
            placeholders=Count("pk", filter=Q(is_placeholder=True)),
            mean=Avg("seconds", filter=done),
            cost=Sum("cost_usd"),
        )
    )
    return counted


def _row(found: dict[date, dict[str, Row]], day: date, provider: str) -> Row:
    return found.setdefault(day, {}).setdefault(provider, Row(provider))
