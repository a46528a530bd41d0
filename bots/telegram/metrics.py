"""The Telegram bot as a source of metrics: messages that have not been answered yet. Read from the rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from bots.telegram.models.message import OPEN, Message
from jobs.runtime import clock
from jobs.runtime.metrics import count_rows

if TYPE_CHECKING:
    from prometheus_client import Metric


def collect() -> "Iterable[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    rows = GaugeMetricFamily(
        "koebako_telegram_messages", "Messages to the Telegram bot without an answer; up to 10,000.", labels=["status"]
    )
    begun: list[datetime] = []
    for status in OPEN:
        open_ones = Message.objects.filter(status=status)
        rows.add_metric([status.value], count_rows(open_ones))
        begun += open_ones.order_by("id").values_list("created_at", flat=True)[:1]
    yield rows
    yield GaugeMetricFamily(
        "koebako_telegram_oldest_seconds",
        "Age of the oldest message to the Telegram bot without an answer; 0 without one.",
        value=max(0.0, (clock.now() - min(begun)).total_seconds()) if begun else 0.0,
    )
