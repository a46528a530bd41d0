"""What paid services have cost today, in US dollars by their list prices, as a source of metrics; and the limit."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings

from jobs.images import costs
from jobs.runtime import clock

if TYPE_CHECKING:
    from prometheus_client import Metric


def collect() -> "Iterable[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    today = GaugeMetricFamily(
        "koebako_cost_usd_today",
        "What a provider has cost today (UTC), in US dollars by its list prices.",
        labels=["provider"],
    )
    for provider, cost_usd in costs.of_day(clock.now()).items():
        today.add_metric([provider], float(cost_usd))
    yield today
    yield GaugeMetricFamily(
        "koebako_cost_limit_usd",
        "DAILY_COST_LIMIT: what a day may cost, 0 for no limit.",
        value=settings.DAILY_COST_LIMIT,
    )
